/**
 * What a document's change finds of the state before: vectors by what was embedded. Chunks of before have no key, and their
 * vectors are made anew once.
 */
export const CHANGING_DOCUMENTS = `
alter table chunks add column embedding_key text;
create index chunks_by_embedding_key on chunks (collection_id, embedding_key) where embedding_key is not null;
`
