/** Rows of cells among the lines of a column: found by cells that stand under one another, never by rules alone. */
import type { Box } from '../../../domain.js'
import { NUMERIC } from './columns.js'
import { middleOf, type Piece, type Rule, union, widthOf } from './geometry.js'
import { divides, type Line } from './lines.js'
import { joinPieces } from './pieces.js'

export interface TableRow {
  readonly cells: readonly string[]
  readonly line: Line
}

export interface Table {
  readonly rows: readonly TableRow[]
  readonly headerRows: number
}

/** Parts of the font size: what lies between cells is wider. */
const CELL_GAP = 0.75
const MIN_ROWS = 3
/** Characters. A table has a column of shorter cells than this; text that stands in columns has none. */
const SHORT_CELL = 24

/** The lines of a column, with those that are a table's rows put together as one table. */
export function withTables(lines: readonly Line[], rules: readonly Rule[]): (Line | Table)[] {
  const result: (Line | Table)[] = []
  for (let at = 0; at < lines.length; ) {
    const end = tableEnd(lines, at, rules)
    const table = end - at >= MIN_ROWS ? tableOf(lines.slice(at, end), rules) : null
    if (table) result.push(table)
    else result.push(...lines.slice(at, Math.max(end, at + 1)))
    at = Math.max(end, at + 1)
  }
  return result
}

/**
 * Where the run of lines with more than one cell, which begins here, ends. A line of one cell may stand between two of them;
 * any number may, or may follow, where rules part them.
 */
function tableEnd(lines: readonly Line[], start: number, rules: readonly Rule[]): number {
  let end = start
  for (let at = start; at < lines.length && at <= end + 1; at++) {
    const line = lines[at] as Line
    const before = lines[at - 1]
    if (at > start && before && line.baseline - before.baseline > 3.5 * line.fontSize) break
    const isRuledOff = end > start + 1 && before !== undefined && rules.some((rule) => divides(rule, before, line))
    if (cellsOf(line).length > 1 || isRuledOff) end = at + 1
    else if (at === start) break
  }
  return end
}

function cellsOf(line: Line): Piece[] {
  const cells: Piece[][] = []
  for (const piece of line.cells) {
    const last = cells.at(-1)?.at(-1)
    if (last && piece.box[0] - last.box[2] < CELL_GAP * line.fontSize) cells.at(-1)?.push(piece)
    else cells.push([piece])
  }
  const [first] = cells
  // A bullet, or the number of a list's item, is no cell.
  if (first && cells.length > 1 && MARKER.test(joinPieces(first).text))
    cells.splice(0, 2, [...first, ...(cells[1] ?? [])])
  return cells.map((parts) => joinPieces(parts))
}

const MARKER = /^([\p{Pd}\u2022\u25cf\u25cb\u25aa\u25a0\u25e6\u2023*]|\(?(\d{1,3}|[a-z]|[ivx]{1,4})[.)])$/u

function tableOf(lines: readonly Line[], rules: readonly Rule[]): Table | null {
  const rows = lines.map((line) => ({ line, cells: cellsOf(line) }))
  const columns = columnsOf(rows.map(({ cells }) => cells))
  const whole = rows.filter(({ cells }) => cells.length > 1).length
  if (columns.length < 2 || whole < MIN_ROWS || lines.every(({ mono }) => mono)) return null
  const filled = columns.map((_, index) =>
    rows.flatMap(({ cells }) => cells.filter((cell) => columnOf(cell, columns) === index)),
  )
  if (filled.some((cells) => cells.length < 0.4 * whole)) return null
  const isNumeric = filled.map((cells) => cells.filter(({ text }) => NUMERIC.test(text)).length > 0.5 * cells.length)
  const isRuled = rulesAcross(lines, rules) >= 2
  const lengths = filled.map((cells) => cells.reduce((sum, { text }) => sum + text.length, 0) / cells.length)
  if (!isRuled && !isNumeric.includes(true) && Math.min(...lengths) > SHORT_CELL) return null
  if (!isRuled && !isNumeric.includes(true) && (Math.max(...lengths) > 40 || whole < 0.7 * rows.length)) return null
  const texts = rows.map(({ line, cells }) => ({ line, cells: rowTexts(cells, columns) }))
  return { rows: joinWrapped(texts), headerRows: headerRowsOf(texts, isNumeric) }
}

/** The horizontal extents in which the cells of the rows with most cells stand: what no such row's gap divides is one column. */
function columnsOf(rows: readonly (readonly Piece[])[]): [number, number][] {
  const most = Math.max(...rows.map((cells) => cells.length))
  const counts = rows.filter((cells) => cells.length === most).length
  const enough = counts >= 2 ? most : most - 1
  const extents = rows
    .filter((cells) => cells.length >= enough)
    .flat()
    .map(({ box }): [number, number] => [box[0], box[2]])
    .sort((a, b) => a[0] - b[0])
  const columns: [number, number][] = []
  for (const [left, right] of extents) {
    const last = columns.at(-1)
    if (last && left < last[1] + 1) last[1] = Math.max(last[1], right)
    else columns.push([left, right])
  }
  return columns
}

/** The column that a cell shares most of its width with, else the nearest. */
function columnOf({ box }: Piece, columns: readonly [number, number][]): number {
  const shared = columns.map(([left, right]) => Math.min(box[2], right) - Math.max(box[0], left))
  return shared.indexOf(Math.max(...shared))
}

function rowTexts(cells: readonly Piece[], columns: readonly [number, number][]): string[] {
  const texts = columns.map(() => [] as string[])
  for (const cell of cells) texts[columnOf(cell, columns)]?.push(cell.text)
  return texts.map((parts) => parts.join(' '))
}

/** A line without a first cell, close below another, is the rest of that row's wrapped cells. */
function joinWrapped(rows: readonly TableRow[]): TableRow[] {
  const joined: TableRow[] = []
  for (const row of rows) {
    const last = joined.at(-1)
    const gap = last ? row.line.box[1] - last.line.box[3] : Infinity
    const isRest = row.cells[0] === '' && last !== undefined && gap < 0.35 * row.line.fontSize
    if (!isRest || row.cells.some((cell, index) => cell !== '' && last.cells[index] === '')) joined.push(row)
    else {
      const cells = last.cells.map((cell, index) => `${cell} ${row.cells[index] ?? ''}`.trim())
      joined[joined.length - 1] = { cells, line: { ...last.line, box: union([last.line.box, row.line.box]) } }
    }
  }
  return joined
}

/** The first row names the columns if it is set bold alone, or if it has words over columns of numbers. */
function headerRowsOf(rows: readonly TableRow[], isNumeric: readonly boolean[]): number {
  const [first, ...others] = rows
  if (!first) return 0
  if (first.line.bold && others.some(({ line }) => !line.bold)) return 1
  const named = isNumeric.some((numeric, index) => numeric && /\p{L}/u.test(first.cells[index] ?? ''))
  const hasNumbers = isNumeric.some((numeric, index) => numeric && NUMERIC.test(first.cells[index] ?? ''))
  return named && !hasNumbers ? 1 : 0
}

/** How many rules run along these lines, over most of their width. */
function rulesAcross(lines: readonly Line[], rules: readonly Rule[]): number {
  const area: Box = union(lines.map(({ box }) => box))
  const heights = rules
    .filter((rule) => rule[3] - rule[1] < 2 && widthOf(rule) > 0.5 * widthOf(area))
    .map(middleOf)
    .filter((y) => y > area[1] - 12 && y < area[3] + 12)
  return new Set(heights.map((y) => Math.round(y / 3))).size
}
