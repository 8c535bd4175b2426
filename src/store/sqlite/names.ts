/** What uploaders call documents, and which bytes a name stands for. */
import { type Kysely, sql } from 'kysely'
import type { DocumentName, Page, UploadSource } from '../../domain.js'
import { cursorOf, type DocumentReader } from '../store.js'
import { afterKey } from './pages.js'
import { fromJson, type Schema } from './schema.js'

export async function documentOfName(
  database: Kysely<Schema>,
  collectionId: string,
  name: string,
): Promise<string | undefined> {
  const query = database.selectFrom('document_names').select('document_id').where('collection_id', '=', collectionId)
  return (await query.where('name', '=', name).executeTakeFirst())?.document_id
}

export async function namesOf(database: Kysely<Schema>, documentId: string): Promise<string[]> {
  const query = database.selectFrom('document_names').select('name').where('document_id', '=', documentId)
  return (await query.orderBy('id').execute()).map(({ name }) => name)
}

export async function addName(database: Kysely<Schema>, documentId: string, name: string): Promise<void> {
  await sql`
    insert into document_names (collection_id, name, document_id)
    select collection_id, ${name}, id from documents where id = ${documentId}`.execute(database)
}

export async function removeName(database: Kysely<Schema>, collectionId: string, name: string): Promise<void> {
  const query = database.deleteFrom('document_names').where('collection_id', '=', collectionId)
  await query.where('name', '=', name).execute()
}

/** The payload of the newest ingest job of a document that has not ended. */
const WAITING = sql`
  select payload from jobs
  where jobs.subject = documents.id and jobs.kind = 'ingest' and jobs.status in ('QUEUED', 'RUNNING')
  order by jobs.id desc limit 1`

export async function readLastUpload(database: Kysely<Schema>, documentId: string): Promise<UploadSource | undefined> {
  const { rows } = await sql<{ waiting: string | null; current: string | null }>`
    select (${WAITING}) as waiting, (
      select json_object('originalHash', original_hash, 'mediaType', media_type, 'fileName', file_name)
      from document_versions where document_id = documents.id and version = current_version
    ) as current
    from documents where id = ${documentId}`.execute(database)
  const json = rows[0]?.waiting ?? rows[0]?.current
  if (json == null) return undefined
  const { originalHash, mediaType, fileName } = fromJson<UploadSource>(json)
  return { originalHash, mediaType, fileName }
}

/** Above every string that begins with a prefix, when it is put behind that. */
const LAST_CHARACTER = '\u{10ffff}'

export async function readNames(
  database: Kysely<Schema>,
  collectionId: string,
  { prefix, ...request }: Parameters<DocumentReader['names']>[1],
): Promise<Page<DocumentName>> {
  const { first } = request
  const after = afterKey(request)
  const { rows } = await sql<DocumentName>`
    select name, documents.id as "documentId", coalesce((${WAITING}) ->> 'originalHash', original_hash) as "originalHash"
    from document_names
    join documents on documents.id = document_names.document_id
    left join document_versions on document_versions.document_id = documents.id and version = current_version
    where document_names.collection_id = ${collectionId}
      and name >= ${prefix} and name < ${prefix + LAST_CHARACTER} and name > ${after ?? ''}
    order by name limit ${first + 1}`.execute(database)
  const items = rows.slice(0, first)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > first && last ? cursorOf({ id: last.name }) : null }
}
