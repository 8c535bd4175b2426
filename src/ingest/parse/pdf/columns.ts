/**
 * Reading order. The tallest stretch of the page that an empty vertical strip divides is read left side first; what is above
 * and below it is read before and after, and each of the four parts is divided again. So a heading or a figure across all
 * columns ends the columns above it (recursive XY-cut, with the strip sought before the horizontal cut).
 */
import { median, middleOf, type Piece, union, verticalOverlap, widthOf } from './geometry.js'

/** Parts of the font size. */
const MIN_STRIP = 0.75
/** A column is wider than the bullets of a list, the numbers of its lines or of a table of contents. Points. */
const MIN_COLUMN_WIDTH = 60
const MIN_COLUMN_LINES = 3
const MAX_DEPTH = 40

interface Strip {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The pieces of a page in groups, each of one column, in reading order. */
export function readingOrder(pieces: readonly Piece[], depth = 0): Piece[][] {
  if (pieces.length === 0) return []
  const strip = depth < MAX_DEPTH ? tallestStrip(pieces) : null
  if (!strip) return [[...pieces]]
  const inBand = (piece: Piece) => middleOf(piece.box) > strip.top && middleOf(piece.box) < strip.bottom
  const band = pieces.filter(inBand)
  const rest = pieces.filter((piece) => !inBand(piece))
  const parts = [
    rest.filter((piece) => middleOf(piece.box) <= strip.top),
    band.filter((piece) => piece.box[0] < strip.left),
    band.filter((piece) => piece.box[0] >= strip.left),
    rest.filter((piece) => middleOf(piece.box) >= strip.bottom),
  ]
  return parts.flatMap((part) => readingOrder(part, depth + 1))
}

function tallestStrip(pieces: readonly Piece[]): Strip | null {
  if (pieces.length < 2 * MIN_COLUMN_LINES) return null
  const width = MIN_STRIP * median(pieces.map((piece) => piece.fontSize))
  const byTop = [...pieces].sort((a, b) => a.box[1] - b.box[1])
  const strips = [...new Set(pieces.map((piece) => Math.round(piece.box[0])))].flatMap((right) =>
    stripsAt(byTop, right - 1, width),
  )
  strips.sort((a, b) => b.bottom - b.top - (a.bottom - a.top) || a.right - b.right)
  return strips.find((strip) => dividesColumns(pieces, strip)) ?? null
}

/** The stretches over which no piece stands in the strip of this width that ends at `right`. */
function stripsAt(byTop: readonly Piece[], right: number, width: number): Strip[] {
  const strips: Strip[] = []
  const left = right - width
  let top = -Infinity
  const end = (bottom: number) => {
    if (bottom > top) strips.push({ left, right, top, bottom })
  }
  for (const { box } of byTop) {
    if (box[0] >= right || box[2] <= left) continue
    end(box[1])
    top = Math.max(top, box[3])
  }
  end(Infinity)
  return strips.map((strip) => fitted(byTop, strip)).filter((strip) => strip !== null)
}

/** The strip shortened to where there is text on both sides of it; null if that is too little for columns. */
function fitted(pieces: readonly Piece[], strip: Strip): Strip | null {
  const band = pieces.filter(({ box }) => (box[1] + box[3]) / 2 > strip.top && (box[1] + box[3]) / 2 < strip.bottom)
  const left = band.filter(({ box }) => box[2] <= strip.left)
  const right = band.filter(({ box }) => box[0] >= strip.right)
  if (left.length < MIN_COLUMN_LINES || right.length < MIN_COLUMN_LINES) return null
  const [l, r] = [union(left.map(({ box }) => box)), union(right.map(({ box }) => box))]
  const shared = Math.min(l[3], r[3]) - Math.max(l[1], r[1])
  if (shared <= 0) return null
  return {
    ...strip,
    top: Math.max(strip.top, Math.min(l[1], r[1]) - 1),
    bottom: Math.min(strip.bottom, Math.max(l[3], r[3]) + 1),
  }
}

function dividesColumns(pieces: readonly Piece[], strip: Strip): boolean {
  const band = pieces.filter((piece) => middleOf(piece.box) > strip.top && middleOf(piece.box) < strip.bottom)
  const sides = [
    band.filter((piece) => piece.box[0] < strip.left),
    band.filter((piece) => piece.box[0] >= strip.left),
  ] as const
  if (sides.some((side) => !isColumn(side))) return false
  return !isTabular(sides[0], sides[1])
}

function isColumn(side: readonly Piece[]): boolean {
  if (widthOf(union(side.map(({ box }) => box))) < MIN_COLUMN_WIDTH) return false
  return lines(side).length >= MIN_COLUMN_LINES
}

/** The vertical middles of the lines of a column. */
function lines(side: readonly Piece[]): Piece[][] {
  const rows: Piece[][] = []
  for (const piece of [...side].sort((a, b) => a.baseline - b.baseline)) {
    const row = rows.at(-1)
    if (row?.[0] && verticalOverlap(row[0].box, piece.box) > 0.5) row.push(piece)
    else rows.push([piece])
  }
  return rows
}

/**
 * Whether both sides are columns of one table: lines stand at the same height on both, and are short. Lines of two columns of
 * prose may stand at the same height too, but there they are long.
 */
function isTabular(left: readonly Piece[], right: readonly Piece[]): boolean {
  const [leftRows, rightRows] = [lines(left), lines(right)]
  const aligned = leftRows.filter(([piece]) =>
    rightRows.some(([other]) => piece && other && Math.abs(piece.baseline - other.baseline) < 0.15 * piece.fontSize),
  ).length
  if (aligned < 0.7 * Math.min(leftRows.length, rightRows.length)) return false
  if ([...left, ...right].every(({ mono }) => mono)) return true // code, and the comments beside it
  const lengths = [leftRows, rightRows].map((rows) => median(rows.map(lengthOf)))
  const isNumeric = (side: readonly Piece[]) => side.filter(({ text }) => NUMERIC.test(text)).length > 0.5 * side.length
  return (
    Math.max(...lengths) <= 20 ||
    isNumeric(left) ||
    isNumeric(right) ||
    (Math.min(...lengths) <= 12 && aligned === leftRows.length)
  )
}

const lengthOf = (row: readonly Piece[]): number => row.reduce((sum, { text }) => sum + text.length + 1, -1)

export const NUMERIC = /^[\s$€£¥₹%~+\-−–—().,:/x×*\d]*\d[\s%$€£¥₹)\d.,:/x×*kKMB]*$|^[-–—]$/
