/**
 * Canonical texts in pieces: a passage is read by its offsets without the rest of its document, however long. Pieces are
 * cut by UTF-16 units, as offsets count, and never inside a surrogate pair, which UTF-8 could not hold.
 */
import type { Kysely } from 'kysely'
import type { Schema } from './schema.js'

/** No piece is longer, so the pieces that touch a span are found by their starts alone. */
export const PIECE_UNITS = 16_384
const PIECES_PER_INSERT = 16

export function cutText(text: string): { start: number; text: string }[] {
  const pieces: { start: number; text: string }[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + PIECE_UNITS, text.length)
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--
    pieces.push({ start, text: text.slice(start, end) })
    start = end
  }
  return pieces
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

export async function writeText(
  database: Kysely<Schema>,
  documentId: string,
  version: number,
  text: string,
): Promise<void> {
  const rows = cutText(text).map((piece) => ({ document_id: documentId, version, ...piece }))
  for (let at = 0; at < rows.length; at += PIECES_PER_INSERT) {
    await database
      .insertInto('text_pieces')
      .values(rows.slice(at, at + PIECES_PER_INSERT))
      .execute()
  }
}

export async function readText(database: Kysely<Schema>, documentId: string, version: number): Promise<string> {
  const pieces = await database
    .selectFrom('text_pieces')
    .select('text')
    .where('document_id', '=', documentId)
    .where('version', '=', version)
    .orderBy('start')
    .execute()
  return pieces.map((piece) => piece.text).join('')
}

/** @returns undefined when the version has no text: there is none of that number, or its document was deleted. */
export async function readSlice(
  database: Kysely<Schema>,
  documentId: string,
  version: number,
  start: number,
  end: number,
): Promise<string | undefined> {
  const pieces = await database
    .selectFrom('text_pieces')
    .select(['start', 'text'])
    .where('document_id', '=', documentId)
    .where('version', '=', version)
    .where('start', '>', start - PIECE_UNITS)
    .where('start', '<', Math.max(end, start + 1))
    .orderBy('start')
    .execute()
  const first = pieces[0]
  if (!first) return undefined
  const text = pieces.map((piece) => piece.text).join('')
  return text.slice(Math.max(0, start - first.start), Math.max(0, end - first.start))
}

export async function removeTexts(database: Kysely<Schema>, documentId: string): Promise<void> {
  await database.deleteFrom('text_pieces').where('document_id', '=', documentId).execute()
}
