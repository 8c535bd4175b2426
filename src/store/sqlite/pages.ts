/** Pages by key: most of them newest first, in the order of UUIDv7 ids. A cursor names the last row of its page and nothing else. */
import type { SelectQueryBuilder } from 'kysely'
import type { Page } from '../../domain.js'
import { DocentError } from '../../errors.js'
import { cursorOf, idOfCursor, type PageRequest } from '../store.js'

/** The key that a page begins after. @throws INVALID_INPUT for a `first` below 1 and for a cursor that is none. */
export function afterKey({ first, after }: PageRequest): string | undefined {
  if (!Number.isSafeInteger(first) || first < 1) {
    throw new DocentError('INVALID_INPUT', `first: ${first} is not a whole number above 0`)
  }
  return after === undefined ? undefined : idOfCursor(after)
}

/** @throws INVALID_INPUT for a `first` below 1 and for a cursor that is none. */
export async function readPage<DB, TB extends keyof DB, Row extends { id: string }, T>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { first, after }: PageRequest,
  fromRow: (row: Row) => T,
): Promise<Page<T>> {
  const afterId = afterKey({ first, after })
  // Every paged table has the text key `id`; the generic builder cannot know.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  let page = query as SelectQueryBuilder<any, any, Row>
  if (afterId !== undefined) page = page.where('id', '<', afterId)
  const rows = await page
    .orderBy('id', 'desc')
    .limit(first + 1)
    .execute()
  const kept = rows.slice(0, first)
  const last = kept.at(-1)
  return { items: kept.map(fromRow), nextCursor: rows.length > first && last ? cursorOf(last) : null }
}
