/**
 * Which row of a table names its columns? The first one that is filled well enough, when it reads as names: short, of no
 * type that the cells below it have, and not among them. Rows of one cell above it are titles.
 */
import type { TableRow } from './table-rows.js'

export interface ColumnNames {
  /** In the table. */
  readonly headerIndex: number
  /** Empty where a column has none. */
  readonly names: readonly string[]
}

type CellType = 'number' | 'year' | 'date' | 'truth' | 'address' | 'text'

const MAX_TITLE_ROWS = 5
const BODY_ROWS_LOOKED_AT = 100
/** Of the table's columns, how many must have a name. */
const MIN_NAMED_SHARE = 0.6
const MAX_NAME_LENGTH = 60
const MAX_NAME_WORDS = 8

/**
 * @param previousNames of the table above in the same sheet. A row of mere text is taken for names only when the table is
 *   wider than that one, because rows after a blank row usually go on with the same columns.
 */
export function columnNames(table: readonly TableRow[], previousNames: readonly string[]): ColumnNames | null {
  const counts = table.slice(0, BODY_ROWS_LOOKED_AT).map(({ cells }) => cells.filter((cell) => cell !== '').length)
  const width = Math.max(...counts)
  const headerIndex = counts.findIndex((count) => count >= Math.max(width === 1 ? 1 : 2, MIN_NAMED_SHARE * width))
  if (headerIndex < 0 || headerIndex > MAX_TITLE_ROWS) return null
  const names = (table[headerIndex] as TableRow).cells
  const body = table.slice(headerIndex + 1, headerIndex + 1 + BODY_ROWS_LOOKED_AT)
  const evidence = evidenceOf(names, body)
  if (evidence === 'against') return null
  const isWider = names.length > previousNames.length
  if (evidence === 'none' && (width === 1 || !isWider)) return null
  return { headerIndex, names: names.map((name) => name.replace(/\s*:$/, '')) }
}

function evidenceOf(names: readonly string[], body: readonly TableRow[]): 'for' | 'none' | 'against' {
  const filled = names.filter((name) => name !== '')
  if (!filled.every(isName) || isPeriod(names[0] ?? '')) return 'against'
  let evidence: 'for' | 'none' = 'none'
  for (const [index, name] of names.entries()) {
    const column = body.map(({ cells }) => cells[index] ?? '').filter((cell) => cell !== '')
    if (name === '' || column.length === 0) continue
    const type = typeOf(name)
    const below = commonest(column.map(typeOf))
    if (type === 'text' ? column.includes(name) : type === below) return 'against'
    if (below !== 'text') evidence = 'for'
  }
  if (evidence === 'none' && new Set(filled).size < filled.length) return 'against'
  return evidence
}

/** A year or a date may head a column, a number does not. */
const isName = (name: string): boolean =>
  !['number', 'address'].includes(typeOf(name)) &&
  name.length <= MAX_NAME_LENGTH &&
  name.split(' ').length <= MAX_NAME_WORDS &&
  !/[.!;]$/.test(name.replace(/\b\w{1,4}\.$/, ''))

const isPeriod = (name: string): boolean => ['year', 'date'].includes(typeOf(name))

const YEAR = /^(?:19|20)\d\d$/
const DATE =
  /^(?:\d{4}-\d\d(?:-\d\d)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})(?:[ T]\d{1,2}:\d\d(?::\d\d)?.*)?$|^\d{1,2}:\d\d(?::\d\d)?$/
const NUMBER =
  /^[-+(]*\s?(?:[$€£¥]|[A-Z]{3}\s)?\s?[-+]?(?:\d[\d.,'’ ]*|[.,]\d+)(?:e[-+]?\d+)?\s?(?:%|[$€£¥]|[A-Z]{3}|[a-zA-Zµ°]{1,3})?\)?$/i
const TRUTH = /^(?:true|false|yes|no|y|n|x|ja|nein|oui|non|wahr|falsch|vrai|faux)$/i
const ADDRESS = /^(?:[\w.+-]+@[\w-]+\.[\w.-]+|https?:\/\/\S+)$/i

function typeOf(cell: string): CellType {
  if (YEAR.test(cell)) return 'year'
  if (DATE.test(cell)) return 'date'
  if (NUMBER.test(cell)) return 'number'
  if (TRUTH.test(cell)) return 'truth'
  return ADDRESS.test(cell) ? 'address' : 'text'
}

function commonest(types: readonly CellType[]): CellType | null {
  const counts = new Map<CellType, number>()
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
}
