/** Jobs that were accepted together, what a job works on, and when it may be tried again. */
export const BATCHES = `
create table batches (
  id text primary key,
  idempotency_key text unique,
  created_at integer not null
) strict;

alter table jobs add column batch_id text references batches;
alter table jobs add column subject text;
alter table jobs add column is_large integer not null default 0;
alter table jobs add column run_after integer;
update jobs set subject = payload ->> 'documentId' where kind = 'ingest';

create index jobs_to_run on jobs (kind, status, batch_id, id);
create index jobs_by_batch on jobs (batch_id, started_at);
create index jobs_by_subject on jobs (subject, status) where subject is not null;
drop index jobs_by_status;
create index jobs_by_status on jobs (status, id);
`
