/** Which documents hold which uploaded bytes, from the upload on: equal bytes are one file, and go with the last of them. */
export const ORIGINALS = `
create table originals (
  hash text not null,
  document_id text not null references documents,
  primary key (hash, document_id)
) strict, without rowid;
create index originals_by_document on originals (document_id);

insert into originals
  select original_hash, document_id
  from document_versions join documents on documents.id = document_id
  where documents.status != 'DELETED'
  union
  select payload ->> 'originalHash', documents.id
  from jobs join documents on documents.id = payload ->> 'documentId'
  where kind = 'ingest' and payload ->> 'originalHash' is not null and documents.status != 'DELETED';
`
