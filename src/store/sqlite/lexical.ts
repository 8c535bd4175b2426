/** BM25 over the chunks' words, by SQLite's FTS5. */
import { type Kysely, sql } from 'kysely'
import type { DocumentFilter } from '../../domain.js'
import type { LexicalHit } from '../store.js'
import { documentCondition } from './document-filter.js'
import { oneOf } from './one-of.js'
import type { Schema } from './schema.js'

/** A word in the title or in the headings says more of what a passage is about than one in its body. */
const TITLE_WEIGHT = 2
const HEADINGS_WEIGHT = 2
const BODY_WEIGHT = 1
/** Every word is one more list to merge; a question has far fewer, and pasted pages are cut here. */
const MAX_QUERY_WORDS = 64

/**
 * English words that nearly every chunk has. They rank nothing, and merging their long lists takes four fifths of a
 * search's time (docs/decisions/0004-sqlite-in-worker-threads.md).
 */
const COMMON_WORDS = new Set(
  `a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its me
  my no not of on or our she should so such than that the their them then there these they this those to was we were what
  when where which who whom whose why will with would you your`.split(/\s+/),
)

/**
 * FTS5 syntax for "any of these words", or null when there are none. Words are runs of letters, digits and marks, each in
 * quotes: an operator or a quote in the query cannot reach the parser.
 */
export function toMatchExpression(query: string): string | null {
  const quoted = tellingWords(query).map((word) => `"${word}"`)
  return quoted.length === 0 ? null : quoted.join(' OR ')
}

function tellingWords(query: string): string[] {
  const words = [
    ...new Set(
      query
        .normalize('NFC')
        .toLowerCase()
        .match(/[\p{L}\p{N}\p{M}]+/gu),
    ),
  ]
  const telling = words.filter((word) => !COMMON_WORDS.has(word))
  return (telling.length > 0 ? telling : words).slice(0, MAX_QUERY_WORDS)
}

/** The words of the query that a chunk has, in another form perhaps, in the order of the query. */
export async function matchedTerms(database: Kysely<Schema>, query: string, seq: number): Promise<string[]> {
  const found = await Promise.all(
    tellingWords(query).map(async (word) => {
      const { rows } = await sql`
        select 1 from chunk_words where chunk_words match ${`"${word}"`} and rowid = ${seq}`.execute(database)
      return rows.length > 0 ? [word] : []
    }),
  )
  return found.flat()
}

/** Best first; ties in the order of storing, so that the same question always gets the same list. */
export async function searchLexical(
  database: Kysely<Schema>,
  query: string,
  options: { collectionIds: readonly string[]; filter: DocumentFilter; limit: number },
): Promise<LexicalHit[]> {
  const match = toMatchExpression(query)
  if (match === null) return []
  const { collectionIds, filter, limit } = options
  const conditions = [sql`chunk_words match ${match}`]
  if (collectionIds.length > 0) conditions.push(sql`chunks.collection_id in ${oneOf(collectionIds)}`)
  const ofDocuments = documentCondition(filter)
  if (ofDocuments) conditions.push(sql`chunks.document_id in (select id from documents where ${ofDocuments})`)
  const { rows } = await sql<LexicalHit>`
    select chunk_words.rowid as seq,
      -bm25(chunk_words, ${sql.lit(TITLE_WEIGHT)}, ${sql.lit(HEADINGS_WEIGHT)}, ${sql.lit(BODY_WEIGHT)}) as score
    from chunk_words join chunks on chunks.seq = chunk_words.rowid
    where ${sql.join(conditions, sql` and `)}
    order by score desc, seq limit ${limit}`.execute(database)
  return rows
}
