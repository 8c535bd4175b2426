/** Pieces to the stretches that no chunk reaches out of: what lies between two headings of the outermost levels. */
import type { Section } from '../domain.js'
import type { Piece } from './pieces.js'

/** Headings this deep or deeper may lie inside a chunk. */
const FREE_DEPTH = 3

/** A piece with the section it lies in. */
export interface PlacedPiece extends Piece {
  readonly headingPath: readonly string[]
  /** It is the section's heading. */
  readonly opensSection: boolean
}

/**
 * What has fewer than `minTokens` does not stand alone: it joins what follows (a lone heading belongs to its first
 * section), at the end of the text what precedes.
 * @param sections in order, covering the text
 */
export function* stretchesOf(
  pieces: Iterable<Piece>,
  sections: readonly Section[],
  minTokens: number,
): Generator<PlacedPiece[]> {
  let ready: PlacedPiece[] = []
  let growing: PlacedPiece[] = []
  let tokens = 0
  for (const part of outerParts(placed(pieces, sections))) {
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

function* placed(pieces: Iterable<Piece>, sections: readonly Section[]): Generator<PlacedPiece> {
  let section = -1
  for (const piece of pieces) {
    const before = section
    while (section + 1 < sections.length && (sections[section + 1] as Section).start <= piece.start) section++
    const headingPath = sections[section]?.headingPath ?? []
    yield { ...piece, headingPath, opensSection: section !== before && headingPath.length > 0 }
  }
}

/** The pieces under each heading of the outermost levels, with the deeper sections below it. */
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

/** A whole book may be one stretch: too long for push(...pieces). */
function append(pieces: PlacedPiece[], more: readonly PlacedPiece[]): void {
  for (const piece of more) pieces.push(piece)
}

export const countTokens = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { tokenCount }) => sum + tokenCount, 0)
