/**
 * Canonical text to chunks: the spans that are embedded, retrieved and read (docs/ingest.md).
 *
 * - Borders are borders of units (units.ts): sentences, list items where one is near, rows of tables, lines of code, and
 *   headings where one is near. A unit longer than a chunk is cut (pieces.ts).
 * - A chunk aims at `targetTokens` and never has more than `maxTokens` model tokens or `maxLength` characters. A stretch
 *   is divided evenly (230 tokens make 115 + 115, not 180 + 50), since a short rest is retrieved badly.
 * - A heading of the two outermost levels is never crossed, unless what stands before it has fewer than `minTokens` (a
 *   title with one line under it, the entries of a glossary), or the rest of the text after it has.
 * - No overlap: with borders at sentences an answer is rarely cut, every character would be embedded and read twice, and
 *   one place in the text would lie in two passages, so that a label for one would be missing from the other.
 * - Every character that is not whitespace is in exactly one chunk; chunks are in order, without whitespace around them.
 * - A chunk's heading path is that of the section it begins in: the headings after it stand in its own text. One that
 *   begins in the middle of a table carries the table's header, and the two together keep within `maxTokens`.
 */
import type { ChunkSpan } from '../domain.js'
import type { Encoding } from '../text/tokenizer.js'
import { chunkEnd } from './borders.js'
import type { CanonicalDocument } from './canonical-text.js'
import { piecesOf } from './pieces.js'
import { countTokens, type PlacedPiece, stretchesOf } from './stretches.js'
import { carriedHeader } from './table-header.js'
import { unitsOf } from './units.js'

export interface ChunkSettings {
  readonly targetTokens: number
  readonly maxTokens: number
  readonly minTokens: number
  /** Characters: a word of a megabyte is one token to the model ("unknown"). */
  readonly maxLength: number
  /** Of the header of a table, carried into its further chunks. */
  readonly maxHeaderTokens: number
  readonly maxHeaderLength: number
}

/** The embedder reads 256 tokens: two special ones, up to about 30 of title and headings, and a chunk. */
export const CHUNK_SETTINGS: ChunkSettings = {
  targetTokens: 180,
  maxTokens: 220,
  minTokens: 40,
  maxLength: 4000,
  maxHeaderTokens: 40,
  maxHeaderLength: 240,
}

/** Linear in the text. `encoding` is that of the whole text. */
export function chunkText(
  document: CanonicalDocument,
  encoding: Encoding,
  settings: ChunkSettings = CHUNK_SETTINGS,
): ChunkSpan[] {
  const { canonicalText, sections } = document
  const pieces = piecesOf(canonicalText, unitsOf(document), encoding, settings)
  const chunks: ChunkSpan[] = []
  for (const stretch of stretchesOf(pieces, sections, settings.minTokens)) {
    for (const chunk of divide(canonicalText, stretch, encoding, settings)) chunks.push(chunk)
  }
  return chunks
}

/** Cuts a stretch into parts of about equal length, none above the limits. */
function* divide(
  text: string,
  pieces: readonly PlacedPiece[],
  encoding: Encoding,
  settings: ChunkSettings,
): Generator<ChunkSpan> {
  const { maxTokens, targetTokens, maxHeaderTokens } = settings
  let rest = countTokens(pieces)
  for (let from = 0; from < pieces.length; ) {
    const first = pieces[from] as PlacedPiece
    const carried = carriedHeader(text, first, encoding, settings)
    const limit = maxTokens - (carried?.tokenCount ?? 0)
    const isLast = rest <= limit
    const goal = isLast ? rest : rest / Math.ceil(rest / Math.min(targetTokens, limit))
    const to = chunkEnd(text, pieces, from, { goal, isLast }, { ...settings, maxTokens: limit })
    const part = pieces.slice(from, to)
    const tokenCount = countTokens(part)
    // A single row may leave less room than was reserved.
    const room = Math.min(maxHeaderTokens, maxTokens - tokenCount)
    const header = carried && carriedHeader(text, first, encoding, { ...settings, maxHeaderTokens: room })
    yield {
      start: first.start,
      end: (part.at(-1) as PlacedPiece).end,
      tokenCount,
      headingPath: first.headingPath,
      tableHeader: header?.text ?? null,
    }
    rest -= tokenCount
    from = to
  }
}
