/**
 * Ids are UUIDv7 text, so their order is the order of creation and pages need no other key. Times are milliseconds since
 * 1970. Columns that hold JSON are never searched.
 *
 * A canonical text is stored once, in pieces, so that a passage of a long document is read without the rest of it. Chunks
 * are offsets. The lexical index keeps words and positions but no text (contentless).
 */
export const FIRST_SCHEMA = `
create table collections (
  id text primary key,
  name text not null unique,
  created_at integer not null
) strict;

create table documents (
  id text primary key,
  collection_id text not null references collections,
  external_id text,
  title text not null,
  media_type text not null,
  metadata text not null,
  current_version integer not null,
  status text not null check (status in ('PROCESSING', 'READY', 'FAILED', 'DELETED')),
  created_at integer not null,
  updated_at integer not null
) strict;
create unique index documents_by_external_id on documents (collection_id, external_id) where external_id is not null;
create index documents_by_collection on documents (collection_id, id);
create index documents_by_status on documents (status, id);

create table document_versions (
  document_id text not null references documents,
  version integer not null check (version >= 1),
  text_hash text not null,
  original_hash text not null,
  media_type text not null,
  sections text not null,
  created_at integer not null,
  primary key (document_id, version)
) strict;

create table text_pieces (
  document_id text not null,
  version integer not null,
  start integer not null,
  text text not null,
  primary key (document_id, version, start),
  foreign key (document_id, version) references document_versions
) strict;

create table chunks (
  seq integer primary key autoincrement,
  document_id text not null,
  version integer not null,
  collection_id text not null references collections,
  ordinal integer not null,
  start integer not null,
  "end" integer not null,
  token_count integer not null,
  heading_path text not null,
  foreign key (document_id, version) references document_versions
) strict;
create index chunks_by_document on chunks (document_id, ordinal);
create index chunks_by_collection on chunks (collection_id, seq);

create table chunk_vectors (
  seq integer primary key references chunks on delete cascade,
  vector blob not null
) strict;

create virtual table chunk_words using fts5 (
  title, headings, body,
  content = '', contentless_delete = 1, tokenize = "porter unicode61 remove_diacritics 2"
);

create table interactions (
  id text primary key,
  question text not null,
  resolved_question text not null,
  history text not null,
  collection_ids text not null,
  filter text not null,
  settings text not null,
  passages text not null,
  answers text not null,
  abstained integer not null,
  no_answer_probability real not null,
  reader_version text not null,
  embedder_version text not null,
  timings text not null,
  created_at integer not null
) strict;

create table corrections (
  id text primary key,
  interaction_id text not null references interactions,
  answer_id text,
  verdict text not null check (verdict in ('CORRECT', 'INCORRECT', 'NO_ANSWER', 'CORRECTED')),
  span text,
  comment text,
  idempotency_key text unique,
  status text not null check (status in ('PENDING', 'ACCEPTED', 'REJECTED')),
  review_reason text,
  created_at integer not null,
  reviewed_at integer
) strict;
create index corrections_by_status on corrections (status, id);

create table labels (
  id text primary key,
  correction_id text not null unique references corrections,
  question text not null,
  document_id text not null,
  document_version integer not null,
  context_start integer not null,
  context_end integer not null,
  answer text,
  created_at integer not null,
  foreign key (document_id, document_version) references document_versions
) strict;

create table datasets (
  id text primary key,
  train_count integer not null,
  held_out_count integer not null,
  created_at integer not null
) strict;

create table jobs (
  id text primary key,
  kind text not null,
  status text not null check (status in ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  payload text not null,
  progress text not null,
  error text,
  attempts integer not null,
  cancel_requested integer not null,
  created_at integer not null,
  started_at integer,
  heartbeat_at integer,
  finished_at integer
) strict;
create index jobs_by_status on jobs (status, kind, id);
create index jobs_by_kind on jobs (kind, id);

create table runs (
  id text primary key,
  job_id text not null unique references jobs,
  dataset_id text not null references datasets,
  parent_version text not null,
  settings text not null,
  status text not null
    check (status in ('QUEUED', 'TRAINING', 'EXPORTING', 'EVALUATING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  candidate_version text,
  evaluation text,
  created_at integer not null,
  finished_at integer
) strict;

create table training_steps (
  run_id text not null references runs,
  step integer not null,
  total_steps integer not null,
  loss real not null,
  learning_rate real not null,
  gradient_norm real not null,
  tokens_per_second real not null,
  at integer not null,
  primary key (run_id, step)
) strict;

create table index_bases (
  collection_id text primary key references collections,
  folder text not null,
  last_seq integer not null,
  count integer not null,
  created_at integer not null
) strict;

create table promotions (
  id integer primary key autoincrement,
  model_version text not null,
  kind text not null check (kind in ('INITIAL', 'GATE', 'MANUAL', 'ROLLBACK')),
  reason text not null,
  created_at integer not null
) strict;
`
