/**
 * Canonical text to chunks: the spans that are embedded, retrieved and read.
 *
 * - Borders are sentence borders, and before headings where one is near. A sentence longer than a chunk (a table, code) is
 *   cut into its lines, a longer line at spaces, else between tokens; a word longer than a chunk between characters.
 * - A chunk aims at `targetTokens` and never has more than `maxTokens` model tokens or `maxLength` characters. A stretch
 *   is divided evenly (230 tokens make 115 + 115, not 180 + 50), since a short rest is retrieved badly.
 * - A heading of the two outermost levels is never crossed, unless what stands before it has fewer than `minTokens` (a
 *   title with one line under it, the entries of a glossary), or the rest of the text after it has.
 * - No overlap: with borders at sentences an answer is rarely cut, every character would be embedded and read twice, and
 *   one place in the text would lie in two passages, so that a label for one would be missing from the other.
 * - Every character that is not whitespace is in exactly one chunk; chunks are in order, without whitespace around them.
 * - A chunk's heading path is that of the section it begins in: the headings after it stand in its own text.
 */
import type { ChunkSpan, Section } from '../domain.js'
import { sentenceSpans, type TextSpan } from '../text/sentences.js'
import type { Encoding } from '../text/tokenizer.js'
import { type Piece, piecesOf } from './pieces.js'

export interface ChunkSettings {
  readonly targetTokens: number
  readonly maxTokens: number
  readonly minTokens: number
  /** Characters: a word of a megabyte is one token to the model ("unknown"). */
  readonly maxLength: number
}

/** The embedder reads 256 tokens: two special ones, up to about 30 of title and headings, and a chunk. */
export const CHUNK_SETTINGS: ChunkSettings = { targetTokens: 180, maxTokens: 220, minTokens: 40, maxLength: 4000 }

/** Headings this deep or deeper may lie inside a chunk. */
const FREE_DEPTH = 3

/** Linear in the text. `encoding` is that of the whole text; `sections` are in order and cover it. */
export function chunkText(
  text: string,
  sections: readonly Section[],
  encoding: Encoding,
  settings: ChunkSettings = CHUNK_SETTINGS,
): ChunkSpan[] {
  const pieces = piecesOf(text, headingsWhole(text, sentenceSpans(text), sections), encoding, settings)
  const chunks: ChunkSpan[] = []
  for (const stretch of stretches(placed(pieces, sections), settings)) {
    for (const part of divide(text, stretch, settings)) chunks.push(toChunk(part))
  }
  return chunks
}

/** Sentences, but a heading is one of them, whatever punctuation it has, and none reaches across a section's border. */
function* headingsWhole(
  text: string,
  sentences: readonly TextSpan[],
  sections: readonly Section[],
): Generator<TextSpan> {
  const borders = sections.flatMap((section) => {
    if (section.headingPath.length === 0) return [section.end]
    const lineEnd = text.indexOf('\n', section.start)
    return lineEnd < 0 || lineEnd >= section.end ? [section.end] : [lineEnd, section.end]
  })
  const headings = new Set(sections.filter(({ headingPath }) => headingPath.length > 0).map(({ start }) => start))
  let border = 0
  let heading: TextSpan | null = null
  for (const sentence of sentences) {
    for (let start = sentence.start; start < sentence.end; ) {
      while (border < borders.length && (borders[border] as number) <= start) border++
      const end = Math.min(sentence.end, borders[border] ?? sentence.end)
      const regionStart: number = border === 0 ? 0 : (borders[border - 1] as number)
      if (heading && heading.start !== regionStart) {
        yield heading
        heading = null
      }
      if (headings.has(regionStart)) heading = { start: regionStart, end }
      else yield { start, end }
      start = end
    }
  }
  if (heading) yield heading
}

/** A piece with the section it lies in. */
interface PlacedPiece extends Piece {
  readonly headingPath: readonly string[]
  /** It is the section's heading. */
  readonly opensSection: boolean
}

function* placed(pieces: Iterable<Piece>, sections: readonly Section[]): Generator<PlacedPiece> {
  let section = -1
  for (const piece of pieces) {
    const before = section
    while (section + 1 < sections.length && (sections[section + 1] as Section).start <= piece.start) section++
    const headingPath = sections[section]?.headingPath ?? []
    yield { ...piece, headingPath, opensSection: section !== before && headingPath.length > 0 }
  }
}

/**
 * Runs of pieces between two borders that no chunk crosses. What is too little to stand alone joins what follows (a lone
 * heading belongs to its first section), at the end of the text what precedes.
 */
function* stretches(pieces: Iterable<PlacedPiece>, { minTokens }: ChunkSettings): Generator<PlacedPiece[]> {
  let ready: PlacedPiece[] = []
  let growing: PlacedPiece[] = []
  let tokens = 0
  for (const part of outerParts(pieces)) {
    if (tokens >= minTokens) {
      if (ready.length > 0) yield ready
      ready = growing
      growing = []
      tokens = 0
    }
    append(growing, part)
    tokens += countTokens(part)
  }
  if (tokens < minTokens) append(ready, growing)
  if (ready.length > 0) yield ready
  if (tokens >= minTokens) yield growing
}

/** A whole book may be one stretch: too long for push(...pieces). */
function append(pieces: PlacedPiece[], more: readonly PlacedPiece[]): void {
  for (const piece of more) pieces.push(piece)
}

/** The pieces under each heading of the two outermost levels, with the deeper sections below it. */
function* outerParts(pieces: Iterable<PlacedPiece>): Generator<PlacedPiece[]> {
  let part: PlacedPiece[] = []
  for (const piece of pieces) {
    if (piece.opensSection && piece.headingPath.length < FREE_DEPTH && part.length > 0) {
      yield part
      part = []
    }
    part.push(piece)
  }
  if (part.length > 0) yield part
}

/** Cuts a stretch into parts of about equal length, none above the limits. */
function* divide(text: string, pieces: readonly PlacedPiece[], settings: ChunkSettings): Generator<PlacedPiece[]> {
  let rest = countTokens(pieces)
  for (let from = 0; from < pieces.length; ) {
    const goal = rest <= settings.maxTokens ? rest : rest / Math.ceil(rest / settings.targetTokens)
    const to = partEnd(text, pieces, from, { goal, isLast: goal === rest }, settings)
    const part = pieces.slice(from, to)
    yield part
    rest -= countTokens(part)
    from = to
  }
}

/** The index after the last piece of the part that begins at `from`; `isLast`: all the rest would fit into it. */
function partEnd(
  text: string,
  pieces: readonly PlacedPiece[],
  from: number,
  { goal, isLast }: { goal: number; isLast: boolean },
  { maxTokens, maxLength }: ChunkSettings,
): number {
  const piece = (index: number) => pieces[index] as PlacedPiece
  let tokens = piece(from).tokenCount
  let to = from + 1
  for (; to < pieces.length; to++) {
    const withNext = tokens + piece(to).tokenCount
    if (withNext > maxTokens || piece(to).end - piece(from).start > maxLength) break
    // Stopping here comes closer to the goal than going on. A heading is the better border, so half the goal will do.
    if (withNext - goal > goal - tokens) break
    if (!isLast && piece(to).opensSection && tokens >= goal / 2) break
    tokens = withNext
  }
  if (to === pieces.length) return to
  // A heading, and a line that leads in to a list, go with what they introduce.
  if (to - 1 > from && text[piece(to - 1).end - 1] === ':') to--
  while (to - 1 > from && piece(to - 1).opensSection) to--
  return to
}

const countTokens = (pieces: readonly Piece[]): number => pieces.reduce((sum, { tokenCount }) => sum + tokenCount, 0)

function toChunk(pieces: readonly PlacedPiece[]): ChunkSpan {
  const first = pieces[0] as PlacedPiece
  return {
    start: first.start,
    end: (pieces.at(-1) as PlacedPiece).end,
    tokenCount: countTokens(pieces),
    headingPath: first.headingPath,
  }
}
