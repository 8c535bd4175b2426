/**
 * What a document's change finds of the state before: vectors by what was embedded, and with each version what it was read
 * from and what its file says of itself. Chunks of before have no key, and their vectors are made anew once. All
 * metadata of before counts as the uploader's.
 */
export const CHANGING_DOCUMENTS = `
alter table chunks add column embedding_key text;
create index chunks_by_embedding_key on chunks (collection_id, embedding_key) where embedding_key is not null;

alter table document_versions add column file_name text;
alter table document_versions add column own_title text;
alter table document_versions add column own_metadata text not null default '{}';
alter table documents add column given_title text;
alter table documents add column given_metadata text not null default '{}';
update documents set given_metadata = metadata, given_title = (
  select payload ->> 'title' from jobs
  where subject = documents.id and kind = 'ingest' and documents.status != 'DELETED' order by jobs.id desc limit 1
);
update document_versions set
  own_title = (select nullif(title, '') from documents where id = document_id),
  file_name = (
    select payload ->> 'fileName' from jobs join documents on documents.id = subject
    where subject = document_id and kind = 'ingest' and documents.status != 'DELETED'
      and payload ->> 'originalHash' = original_hash
    order by jobs.id desc limit 1
  );

create table document_names (
  id integer primary key,
  collection_id text not null references collections,
  name text not null,
  document_id text not null references documents,
  unique (collection_id, name)
) strict;
create index document_names_by_document on document_names (document_id, id);
insert into document_names (collection_id, name, document_id)
  select collection_id, external_id, id from documents where external_id is not null order by id;
drop index documents_by_external_id;
alter table documents drop column external_id;
`
