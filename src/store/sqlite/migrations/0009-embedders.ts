/**
 * Vectors of more than one embedder side by side, and which one serves as the newest row of `embedder_switches`. Vectors of
 * before are of the only embedder there was; its index bases are made again. A chunk of before does not say which table
 * header it was embedded with.
 */
export const EMBEDDERS = `
create table embedders (
  id integer primary key autoincrement,
  name text not null unique,
  dimensions integer not null,
  weights_hash text not null,
  created_at integer not null
) strict;
create table embedder_switches (
  id integer primary key autoincrement,
  embedder_id integer not null references embedders,
  created_at integer not null
) strict;
insert into embedders (id, name, dimensions, weights_hash, created_at)
  select 1, 'all-MiniLM-L6-v2', 384, '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db', unixepoch() * 1000
  where exists (select 1 from chunks);
insert into embedder_switches (embedder_id, created_at) select id, created_at from embedders;

create table vectors (
  seq integer not null references chunks on delete cascade,
  embedder_id integer not null references embedders,
  embedding_key text,
  vector blob not null,
  primary key (seq, embedder_id)
) strict;
insert into vectors (seq, embedder_id, embedding_key, vector)
  select seq, 1, embedding_key, vector from chunk_vectors join chunks using (seq) order by seq;
drop table chunk_vectors;
alter table vectors rename to chunk_vectors;
create index chunk_vectors_by_embedding_key on chunk_vectors (embedding_key) where embedding_key is not null;

drop index chunks_by_embedding_key;
alter table chunks drop column embedding_key;
alter table chunks add column table_header text;

drop table index_bases;
create table index_bases (
  collection_id text not null references collections,
  embedder_id integer not null references embedders,
  folder text not null,
  last_seq integer not null,
  count integer not null,
  created_at integer not null,
  primary key (collection_id, embedder_id)
) strict;
`
