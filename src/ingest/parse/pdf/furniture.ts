/** Running headers, footers and page numbers: what stands at the same height on several pages, digits apart. */
import type { Piece } from './geometry.js'
import { middleOf } from './geometry.js'
import type { PageContent } from './page-content.js'

/** Rows from the page's edge among which furniture is sought. */
const EDGE_ROWS = 4
/** Part of the page's height, from either edge. */
const EDGE = 0.16
const PAGE_NUMBER = /^\W*(page |seite |p\. ?)?(\d{1,4}|[ivxlc]{1,6})( ?(\/|of|von) ?\d{1,4})?\W*$/i

/** The pages without it. */
export function withoutFurniture(pages: readonly PageContent[]): PageContent[] {
  const counts = new Map<string, number>()
  for (const page of pages) for (const key of new Set(edgeKeys(page))) counts.set(key, (counts.get(key) ?? 0) + 1)
  const enough = pages.length <= 4 ? 2 : 3
  const isRepeated = (key: string) => (counts.get(key) ?? 0) >= enough
  return pages.map((page) => stripped(page, isRepeated))
}

function edgeKeys(page: PageContent): string[] {
  const rows = rowsOf(page)
  const edges = [...rows.slice(0, EDGE_ROWS), ...rows.slice(-EDGE_ROWS)].flat()
  const asides = [...page.asides.values()].flat().map(keyOf)
  return [...edges.map(keyOf), ...asides]
}

/** What it says, digits apart, and at which height: neighbouring heights count as one. */
function keyOf(piece: Piece): string {
  return `${Math.round(piece.baseline / 4)} ${piece.text.replace(/\d+/g, '#').replace(/\s+/g, ' ').trim()}`
}

/** The pieces of a page by their height, from the top. */
function rowsOf(page: PageContent): Piece[][] {
  const rows: Piece[][] = []
  for (const piece of [...page.pieces].sort((a, b) => a.baseline - b.baseline)) {
    const first = rows.at(-1)?.[0]
    if (first && piece.baseline - first.baseline < 0.4 * Math.max(first.fontSize, piece.fontSize))
      rows.at(-1)?.push(piece)
    else rows.push([piece])
  }
  return rows
}

function stripped(page: PageContent, isRepeated: (key: string) => boolean): PageContent {
  const rows = rowsOf(page)
  const isFurniture = (row: readonly Piece[]) => {
    const middle = middleOf(row[0]?.box ?? [0, 0, 0, 0]) / page.height
    if (page.turn % 2 === 0 && middle > EDGE && middle < 1 - EDGE) return false
    return row.every((piece) => isRepeated(keyOf(piece))) || (row.length === 1 && isLonelyNumber(row, rows))
  }
  const removed = new Set<Piece>()
  for (const fromEdge of [rows, [...rows].reverse()]) {
    const until = fromEdge.findIndex((row) => !isFurniture(row))
    for (const row of fromEdge.slice(0, Math.min(EDGE_ROWS, until === -1 ? rows.length : until)))
      for (const piece of row) removed.add(piece)
  }
  const asides = [...page.asides].map(
    ([turn, pieces]) => [turn, pieces.filter((piece) => !isRepeated(keyOf(piece)))] as const,
  )
  return { ...page, pieces: page.pieces.filter((piece) => !removed.has(piece)), asides: new Map(asides) }
}

/** A page number that stands alone in the last row, away from the text: also where there is only one page to see it on. */
function isLonelyNumber(row: readonly Piece[], rows: readonly Piece[][]): boolean {
  const [piece] = row
  const before = rows.at(-2)?.[0]
  if (!piece || row !== rows.at(-1) || !before || !PAGE_NUMBER.test(piece.text)) return false
  return piece.baseline - before.baseline > 1.8 * before.fontSize
}
