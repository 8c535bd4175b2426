/** Text of documents in rows of other nouns: answers, the spans of corrections, labels. It goes when its document goes. */
import { type Kysely, sql } from 'kysely'
import type { Interaction } from '../../domain.js'
import type { Schema } from './schema.js'

/** Ids and offsets stay, so that nothing that names such a row breaks. */
export async function emptyQuotesOf(database: Kysely<Schema>, documentId: string): Promise<void> {
  await sql`
    update interactions
    set answers = (
      select json_group_array(json(
        case value ->> 'documentId' when ${documentId}
          then json_set(value, '$.text', '', '$.context', '') else value end
      ))
      from json_each(interactions.answers)
    )
    where id in (select interaction_id from citations where document_id = ${documentId})
  `.execute(database)
  await sql`
    update corrections set span = json_set(span, '$.text', '')
    where span is not null and span ->> 'documentId' = ${documentId}
  `.execute(database)
  await sql`
    update labels set answer = json_set(answer, '$.text', '')
    where document_id = ${documentId} and answer is not null
  `.execute(database)
}

/** Notes which documents an interaction quotes. @returns its answers as they may be stored: without text that is deleted */
export async function citeDocuments(
  database: Kysely<Schema>,
  { id, answers }: Interaction,
): Promise<{ answers: Interaction['answers']; citations: { document_id: string; interaction_id: string }[] }> {
  const documentIds = [...new Set(answers.map(({ documentId }) => documentId))]
  if (documentIds.length === 0) return { answers, citations: [] }
  const rows = await database
    .selectFrom('documents')
    .select('id')
    .where('id', 'in', documentIds)
    .where('status', '=', 'DELETED')
    .execute()
  const deleted = new Set(rows.map((row) => row.id))
  return {
    answers: answers.map((answer) => (deleted.has(answer.documentId) ? { ...answer, text: '', context: '' } : answer)),
    citations: documentIds.map((document_id) => ({ document_id, interaction_id: id })),
  }
}
