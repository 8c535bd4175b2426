/** Pieces of one column to lines of text. */
import { heaviest, type Piece, type Rule, type Turn, union, verticalOverlap, widthOf } from './geometry.js'
import { joinPieces } from './pieces.js'

/** A line of text in a column, and the column's edges; on a page turned so that the text stands upright. */
export interface Line extends Piece {
  /** From 1. */
  readonly page: number
  readonly turn: Turn
  /** The pieces that a wide gap divides, from left to right. */
  readonly cells: readonly Piece[]
}

export function linesOf(pieces: readonly Piece[], page: number, turn: Turn): Line[] {
  const rows: Piece[][] = []
  // Large text first, so that marks and letters of smaller sizes find the line that they belong to.
  for (const piece of [...pieces].sort((a, b) => b.fontSize - a.fontSize || a.baseline - b.baseline)) {
    const row = rows.find((each) => belongs(each, piece))
    if (row) row.push(piece)
    else rows.push([piece])
  }
  return rows.map((row) => lineOf(row, page, turn)).sort((a, b) => a.baseline - b.baseline || a.box[0] - b.box[0])
}

function belongs(row: readonly Piece[], piece: Piece): boolean {
  const first = row[0] as Piece
  const isSameSize = piece.fontSize > 0.85 * first.fontSize
  const shift = Math.abs(piece.baseline - first.baseline)
  if (isSameSize ? shift > 0.3 * first.fontSize : verticalOverlap(first.box, piece.box) < 0.6) return false
  if (!isSameSize && Math.abs(first.baseline - piece.baseline) > 0.7 * first.fontSize) return false
  return row.every(({ box }) => Math.min(box[2], piece.box[2]) - Math.max(box[0], piece.box[0]) < piece.fontSize)
}

function lineOf(row: readonly Piece[], page: number, turn: Turn): Line {
  const cells = [...row].sort((a, b) => a.box[0] - b.box[0])
  const joined = joinPieces(cells)
  const line = joined.rightToLeft ? joinPieces([...cells].reverse()) : joined
  return { ...line, page, turn, cells }
}

/** The edges of the text, and where most lines begin. Points. */
export interface Margins {
  readonly left: number
  readonly right: number
  /** How many of the lines begin at `left`, and end at `right`: 0 to 1. */
  readonly flushLeft: number
  readonly flushRight: number
}

export function marginsOf(lines: readonly Line[]): Margins {
  const box = union(lines.map((line) => line.box))
  const common = (side: 0 | 2) => {
    const counts = new Map<number, number>()
    for (const line of lines) {
      const at = Math.round(line.box[side] / 2) * 2
      counts.set(at, (counts.get(at) ?? 0) + 1)
    }
    return heaviest(counts) ?? 0
  }
  const share = (side: 0 | 2, at: number) =>
    lines.filter((line) => Math.abs(line.box[side] - at) <= Math.max(3, 0.4 * line.fontSize)).length / lines.length
  const left = common(0)
  return { left, right: box[2], flushLeft: share(0, left), flushRight: share(2, box[2]) }
}

/** A rule between two lines, as between the rows of a table; but not what only underlines the first of them. */
export function divides(rule: Rule, before: Line, line: Line): boolean {
  const shared = Math.min(rule[2], line.box[2]) - Math.max(rule[0], line.box[0])
  const isLevel = rule[3] - rule[1] < 2 && shared > 0.5 * widthOf(line.box)
  if (!isLevel || rule[1] <= before.baseline || rule[3] >= line.baseline - 0.4 * line.fontSize) return false
  const size = before.fontSize
  return rule[1] - before.baseline > 0.3 * size || rule[2] > before.box[2] + size || rule[0] < before.box[0] - size
}
