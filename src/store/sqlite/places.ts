/** Where spans of canonical texts stand in the files: one row for each, found by offset without the rest of the document. */
import type { Kysely } from 'kysely'
import type { Box, Place } from '../../domain.js'
import { fromJson, orNull, type PlaceRow, type Schema, toJson } from './schema.js'

const ROWS_PER_INSERT = 64

export async function writePlaces(
  database: Kysely<Schema>,
  documentId: string,
  version: number,
  places: readonly Place[],
): Promise<void> {
  const rows = places.map(({ isHeader, box, ...place }) => ({
    ...place,
    document_id: documentId,
    version,
    is_header: Number(isHeader),
    box: orNull(box, toJson),
  }))
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    await database
      .insertInto('places')
      .values(rows.slice(at, at + ROWS_PER_INSERT))
      .execute()
  }
}

/** Those that share a character with the span, in order. */
export async function readPlaces(
  database: Kysely<Schema>,
  documentId: string,
  version: number,
  start: number,
  end: number,
): Promise<Place[]> {
  const ofVersion = database
    .selectFrom('places')
    .where('document_id', '=', documentId)
    .where('version', '=', version)
    .where('start', '<', end)
  // They do not overlap: of those that begin before the span, only the last can reach into it.
  const first = await ofVersion
    .select('start')
    .where('start', '<=', start)
    .orderBy('start', 'desc')
    .limit(1)
    .executeTakeFirst()
  const rows = await ofVersion
    .selectAll()
    .where('start', '>=', first?.start ?? 0)
    .where('end', '>', start)
    .orderBy('start')
    .execute()
  return rows.map(fromRow)
}

export async function removePlaces(database: Kysely<Schema>, documentId: string): Promise<void> {
  await database.deleteFrom('places').where('document_id', '=', documentId).execute()
}

function fromRow({ document_id: _, version: __, is_header, box, ...place }: PlaceRow): Place {
  return { ...place, isHeader: is_header === 1, box: orNull(box, (json) => fromJson<Box>(json)) }
}
