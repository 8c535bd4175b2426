/** CSV and its kin through csv-parse: the delimiter and the column names are recognised from the data. */
import { CsvError, type Options, parse } from 'csv-parse/sync'
import { DocentError } from '../../errors.js'
import type { ParsedDocument } from '../canonical-text.js'
import { decodeText } from './encoding/decode.js'
import { cellText, tablesOf } from './tables/table-rows.js'

const DELIMITERS = [',', ';', '\t', '|'] as const
type Delimiter = (typeof DELIMITERS)[number]

const SNIFFED_LENGTH = 64 * 1024
const SNIFFED_RECORDS = 100
const TITLE_LEVEL = 2

/** @throws INVALID_ENCODING, CONTENT_MISMATCH, MALFORMED_FILE with the line */
export function parseCsv(bytes: Buffer): ParsedDocument {
  const { text, encoding } = decodeText(bytes)
  const declared = /^sep=(.)\r?\n/i.exec(text)
  const source = declared ? text.slice(declared[0].length) : text
  const delimiter = declared?.[1] ?? delimiterOf(source)
  const rows = recordsOf(source, delimiter, declared ? 1 : 0).map((record, index) => ({
    number: index + 1,
    cells: record.map(cellText),
  }))
  const { blocks, columns } = tablesOf(rows, null, TITLE_LEVEL)
  return {
    title: null,
    metadata: {
      rows: rows.length,
      ...(columns[0] ? { columns: [...columns[0]] } : {}),
      ...(encoding === 'utf-8' ? {} : { encoding }),
    },
    blocks,
  }
}

/** A blank line is a record too, so that rows have the numbers that a spreadsheet shows. */
function recordsOf(source: string, delimiter: string, linesBefore: number): string[][] {
  const options: Options = { delimiter, relax_column_count: true, relax_quotes: true }
  try {
    return parse(source, options)
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const line = linesBefore + firstLineOfRecord(source, options, cause)
    throw new DocentError('MALFORMED_FILE', `the record at line ${line} cannot be read: ${reasonOf(cause)}`, {
      cause,
      details: { line },
    })
  }
}

const reasonOf = ({ code, message }: CsvError): string =>
  code === 'CSV_QUOTE_NOT_CLOSED' ? 'its quote is never closed' : message

/** csv-parse says on which line it gave up, which for an open quote is the last one of the file. */
function firstLineOfRecord(source: string, options: Options, { records }: CsvError): number {
  let linesBefore = 0
  if (typeof records === 'number' && records > 0) {
    parse(source, {
      ...options,
      to: records,
      on_record: (_, { lines }) => {
        linesBefore = lines
        return null
      },
    })
  }
  return linesBefore + 1
}

/** The one that divides most records into the same number of cells; the more cells, of equals. */
function delimiterOf(source: string): Delimiter {
  const counts = delimiterCounts(source.slice(0, SNIFFED_LENGTH))
  let best: { delimiter: Delimiter; share: number; cells: number } = { delimiter: ',', share: 0, cells: 1 }
  for (const delimiter of DELIMITERS) {
    const cells = counts[delimiter].filter((count) => count > 0)
    const usual = commonest(cells)
    const share = cells.filter((count) => count === usual).length / Math.max(1, counts[delimiter].length)
    if (share > best.share + 0.1 || (share >= best.share - 0.1 && share > 0 && usual > best.cells)) {
      best = { delimiter, share, cells: usual }
    }
  }
  return best.delimiter
}

/** How often each delimiter stands in each record, outside of quotes. Blank lines are not counted. */
function delimiterCounts(sample: string): Record<Delimiter, number[]> {
  const counts: Record<Delimiter, number[]> = { ',': [], ';': [], '\t': [], '|': [] }
  let record = { ',': 0, ';': 0, '\t': 0, '|': 0 }
  let isQuoted = false
  let isBlank = true
  for (const char of `${sample}\n`) {
    if (char === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (char === '\n' || char === '\r') {
      if (!isBlank) for (const delimiter of DELIMITERS) counts[delimiter].push(record[delimiter])
      record = { ',': 0, ';': 0, '\t': 0, '|': 0 }
      isBlank = true
      if (counts[','].length === SNIFFED_RECORDS) break
    } else {
      isBlank = false
      if (char in record) record[char as Delimiter]++
    }
  }
  return counts
}

function commonest(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0
}
