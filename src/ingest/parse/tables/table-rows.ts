/**
 * tables/: enter rows of cells, of CSV or of a sheet, leave blocks of text. A row becomes one line in which every cell stands beside its
 * column's name, so that the line alone can be quoted and understood:
 *
 *     Name: Ann Lee | City: Paris | Born: 1980
 *
 * Rows without a blank row between them are one table. Its column names are recognised from the data (column-names.ts); a
 * table without any continues the one before, when it is not wider; otherwise its cells stand alone.
 */
import { type Block, normaliseText } from '../../canonical-text.js'
import { columnNames } from './column-names.js'

export interface TableRow {
  /** In its sheet, from 1. */
  readonly number: number
  /** Of {@link cellText}; empty where there is nothing. */
  readonly cells: readonly string[]
}

export interface Tables {
  readonly blocks: readonly Block[]
  /** The names of each table that has some, in order. */
  readonly columns: readonly (readonly string[])[]
}

const ROWS_PER_BLOCK = 200
/** Of a line above a table that is taken for its title. */
const MAX_TITLE_LENGTH = 120

/** What is not plain already; tested first, because most cells are. */
const NOT_PLAIN = /[^ -~\u00a1-\u00ac\u00ae-\u02ff]|^ | $| {2}/

/** A cell on one line, as canonical text has it. */
export function cellText(text: string): string {
  return NOT_PLAIN.test(text) ? normaliseText(text).replace(/\s+/g, ' ').trim() : text
}

/** Rows in order. A line that stands alone above a table becomes a heading of `titleLevel`. */
export function tablesOf(rows: readonly TableRow[], sheet: string | null, titleLevel: number): Tables {
  const writer = new Writer(sheet)
  const columns: string[][] = []
  let names: readonly string[] = []
  for (const table of tablesWithoutGaps(rows)) {
    const found = columnNames(table, names)
    if (found) {
      for (const row of table.slice(0, found.headerIndex)) writer.title(row, titleLevel)
      names = found.names
      columns.push(names.filter((name) => name !== ''))
      const body = table.slice(found.headerIndex + 1)
      // A name that stands beside no cell would be lost.
      const isUsed = names.every((name, index) => name === '' || body.some(({ cells }) => cells[index]))
      if (!isUsed) writer.row(table[found.headerIndex] as TableRow, [])
      for (const row of body) writer.row(row, names)
    } else {
      if (widthOf(table) > names.length) names = []
      for (const row of table) writer.row(row, names)
    }
  }
  return { blocks: writer.finish(), columns }
}

const widthOf = (rows: readonly TableRow[]): number =>
  rows.reduce((width, { cells }) => Math.max(width, cells.length), 0)

function* tablesWithoutGaps(rows: readonly TableRow[]): Generator<TableRow[]> {
  let table: TableRow[] = []
  for (const row of rows) {
    const isBlank = row.cells.every((cell) => cell === '')
    const previous = table.at(-1)
    if (previous && (isBlank || row.number !== previous.number + 1)) {
      yield table
      table = []
    }
    if (!isBlank) table.push(row)
  }
  if (table.length > 0) yield table
}

/** Collects consecutive rows into blocks: the row of a line is the block's first row and the number of lines before it. */
class Writer {
  readonly #blocks: Block[] = []
  readonly #sheet: { sheet?: string }
  #lines: string[] = []
  #firstRow = 0

  constructor(sheet: string | null) {
    this.#sheet = sheet === null ? {} : { sheet }
  }

  title({ number, cells }: TableRow, level: number): void {
    const text = cells.filter((cell) => cell !== '').join(' ')
    if (text.length > MAX_TITLE_LENGTH) this.row({ number, cells }, [])
    else {
      this.#end()
      this.#blocks.push({ text, headingLevel: level, ...this.#sheet })
    }
  }

  row({ number, cells }: TableRow, names: readonly string[]): void {
    if (this.#lines.length === ROWS_PER_BLOCK || number !== this.#firstRow + this.#lines.length) this.#end()
    if (this.#lines.length === 0) this.#firstRow = number
    this.#lines.push(lineOf(cells, names))
  }

  finish(): readonly Block[] {
    this.#end()
    return this.#blocks
  }

  #end(): void {
    if (this.#lines.length > 0) {
      const text = this.#lines.join('\n')
      this.#blocks.push({ text, kind: 'table', firstRow: this.#firstRow, headerRows: 0, ...this.#sheet })
    }
    this.#lines = []
  }
}

function lineOf(cells: readonly string[], names: readonly string[]): string {
  const parts: string[] = []
  for (const [index, cell] of cells.entries()) {
    if (cell !== '') parts.push(names[index] ? `${names[index]}: ${cell}` : cell)
  }
  return parts.join(' | ')
}
