/**
 * Workbooks. Enters: the bytes of a file of Excel (.xlsx and its kin, .xlsb, .xls) or of OpenDocument (.ods). Leaves: for every
 * visible sheet a heading and its rows, in the form that tables/table-rows.ts describes and with cells as a person sees them.
 * Read by SheetJS.
 */
import { type CellObject, read, SSF, set_cptable, type WorkBook, type WorkSheet } from '@e965/xlsx'
import * as codePages from '@e965/xlsx/dist/cpexcel.full.mjs'
import type { JsonObject } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import type { ZipMember } from './archive/zip.js'
import { compoundContent, officeParts, passwordProtected } from './office/container.js'
import { OLE_NAMES } from './office/ole.js'
import { cellText, type TableRow, tablesOf } from './tables/table-rows.js'
import { readXml } from './xml/xml-events.js'

const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.spreadsheet'
const SHEET_LEVEL = 1
const TITLE_LEVEL = 2

// For the texts of Excel 5 and 95, which are in no Unicode.
set_cptable(codePages)

interface SheetName {
  readonly name: string
  readonly isHidden: boolean
}

/** @throws ENCRYPTED_FILE, CONTENT_MISMATCH, MALFORMED_FILE, UNPACKS_TOO_LARGE */
export async function parseSpreadsheet(bytes: Buffer): Promise<ParsedDocument> {
  const openDocumentSheets = await checkContainer(bytes)
  const workbook = readWorkbook(bytes, openDocumentSheets !== null)
  const is1904 = workbook.Workbook?.WBProps?.date1904 ?? false
  const blocks: Block[] = []
  const shown: string[] = []
  const hidden: string[] = []
  const columns: string[] = []
  for (const [index, key] of workbook.SheetNames.entries()) {
    const { name, isHidden } = openDocumentSheets?.[index] ?? {
      name: key,
      isHidden: (workbook.Workbook?.Sheets?.[index]?.Hidden ?? 0) > 0,
    }
    if (isHidden) {
      hidden.push(name)
      continue
    }
    const sheet = workbook.Sheets[key]
    // SheetJS leaves out what it stumbles over.
    if (!sheet) throw new DocentError('MALFORMED_FILE', `the sheet ${JSON.stringify(name)} cannot be read`)
    // A chart, a dialog or macros.
    if ((sheet['!type'] ?? 'sheet') !== 'sheet') continue
    shown.push(name)
    const tables = tablesOf(rowsOf(sheet, is1904), name, TITLE_LEVEL)
    if (tables.blocks.length > 0) blocks.push({ text: name, headingLevel: SHEET_LEVEL, sheet: name })
    for (const block of tables.blocks) blocks.push(block)
    columns.push(...tables.columns.flat())
  }
  const { Title, Author } = workbook.Props ?? {}
  const author = cellText(String(Author ?? ''))
  const metadata: JsonObject = {
    ...(author ? { author } : {}),
    sheets: shown,
    ...(hidden.length > 0 ? { hiddenSheets: hidden } : {}),
    ...(columns.length > 0 ? { columns: [...new Set(columns)] } : {}),
  }
  return { title: cellText(String(Title ?? '')) || null, metadata, blocks }
}

/**
 * SheetJS reads anything, plain text as CSV, so it gets only what is a workbook. Gives the sheets of an OpenDocument, of
 * which SheetJS knows neither the decoded names nor which are hidden.
 */
async function checkContainer(bytes: Buffer): Promise<readonly SheetName[] | null> {
  const older = compoundContent(bytes)
  if (older === 'workbook') return null
  if (older) throw new DocentError('CONTENT_MISMATCH', `it is no workbook but ${OLE_NAMES[older]}`)
  const members = await officeParts(bytes)
  const isOpenDocument = await isOpenDocumentSpreadsheet(members)
  if (!isOpenDocument && !members.some(({ name }) => /(?:^|\/)workbook\d*\.(?:xml|bin)$/i.test(name))) {
    throw new DocentError('CONTENT_MISMATCH', 'it is no workbook: the archive holds something else')
  }
  const sheets: SheetName[] = []
  for (const member of members) {
    const content = await member.read()
    if (isOpenDocument && member.name === 'content.xml') sheets.push(...openDocumentSheets(content))
    // SheetJS would read what it can of a damaged part, and nobody would know that the rest is missing.
    else if (/^xl\/(?:worksheets\/)?[^/]+\.xml$/i.test(member.name)) readXml(content, member.name, {})
  }
  return isOpenDocument ? sheets : null
}

/** @throws ENCRYPTED_FILE */
async function isOpenDocumentSpreadsheet(members: readonly ZipMember[]): Promise<boolean> {
  const contentOf = async (path: string) => `${(await members.find(({ name }) => name === path)?.read()) ?? ''}`
  if (!(await contentOf('mimetype')).startsWith(OPEN_DOCUMENT)) return false
  if (/<(?:manifest:)?encryption-data\b/.test(await contentOf('META-INF/manifest.xml'))) throw passwordProtected()
  return true
}

/** In the order in which SheetJS has them: that of their ends. */
function openDocumentSheets(content: Buffer): SheetName[] {
  const hiddenStyles = new Set<string>()
  const sheets: SheetName[] = []
  const open: SheetName[] = []
  let style = ''
  readXml(content, 'content.xml', {
    open(element, attributes) {
      if (element === 'style') style = attributes().name ?? ''
      else if (element === 'table-properties' && attributes().display === 'false') hiddenStyles.add(style)
      else if (element === 'table') {
        const { name = '', 'style-name': styleName = '' } = attributes()
        open.push({ name, isHidden: hiddenStyles.has(styleName) })
      }
    },
    close(element) {
      if (element === 'table') sheets.push(open.pop() as SheetName)
    },
  })
  return sheets
}

/** Of an OpenDocument the texts that are shown stand in the file; the other formats have numbers and format codes. */
function readWorkbook(bytes: Buffer, hasTexts: boolean): WorkBook {
  const workbook = orMalformed(() =>
    read(bytes, {
      type: 'buffer',
      dense: true,
      cellNF: true,
      cellText: hasTexts,
      cellFormula: false,
      cellHTML: false,
    }),
  )
  if (workbook.SheetNames.length === 0) throw new DocentError('MALFORMED_FILE', 'the workbook has no sheets')
  return workbook
}

function orMalformed<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    if (/password|encrypt/i.test(message)) throw passwordProtected()
    throw new DocentError('MALFORMED_FILE', `the workbook cannot be read: ${message}`, { cause })
  }
}

/** Columns that no row uses are left out, so that a table far to the right costs nothing. */
function rowsOf(sheet: WorkSheet, is1904: boolean): TableRow[] {
  const columns = new Set<number>()
  const rows = new Map<number, string[]>()
  // Both lists have holes: a sheet may begin at its last row.
  sheet['!data']?.forEach((cells, row) => {
    const texts: string[] = []
    cells.forEach((cell, column) => {
      const text = cellText(shownText(cell, is1904))
      if (text === '') return
      texts[column] = text
      columns.add(column)
    })
    if (texts.length > 0) rows.set(row, texts)
  })
  repeatMerged(rows, sheet['!merges'] ?? [])
  const used = [...columns].sort((a, b) => a - b)
  return Array.from(rows, ([row, texts]) => ({ number: row + 1, cells: used.map((column) => texts[column] ?? '') }))
}

const MAX_REPEATED_CELLS = 1_000_000

/** A merged cell's text stands once, and again in each row below it that the merged cell reaches. */
function repeatMerged(rows: ReadonlyMap<number, string[]>, merges: NonNullable<WorkSheet['!merges']>): void {
  let left = MAX_REPEATED_CELLS
  for (const { s: first, e: last } of merges) {
    const text = rows.get(first.r)?.[first.c]
    if (text === undefined) continue
    for (let row = first.r + 1; row <= last.r && left > 0; row++, left--) {
      const texts = rows.get(row)
      if (texts) texts[first.c] = text
    }
  }
}

/** Of a formula, the value it had when the file was saved. */
function shownText({ t: type, v: value, w: text, z: format }: CellObject, is1904: boolean): string {
  switch (type) {
    // #N/A, #DIV/0! and the like say nothing.
    case 'e':
    case 'z':
      return ''
    case 'b':
      return value ? 'TRUE' : 'FALSE'
    case 'n':
      return shownNumber(value as number, typeof format === 'string' ? format : '', text, is1904)
    default:
      return String(value ?? '')
  }
}

function shownNumber(value: number, format: string, text: string | undefined, is1904: boolean): string {
  // Empty when no calendar has it (a negative number).
  if (SSF.is_date(format)) return SSF.format(isoFormat(format), value, { date1904: is1904 }) || plain(value)
  if (text !== undefined) return text
  // Where no format is chosen, a spreadsheet shows as many digits as its column has room for: 1.23457E+12 for a bar code.
  if (format === '' || format === 'General') return plain(value)
  // Of a bracket with a language but no currency SheetJS makes a dollar.
  const code = format.includes('[$-') ? format.replace(/\[\$-[^\]]*\]/g, '') : format
  try {
    return SSF.format(code, halfUp(value))
  } catch {
    return plain(value)
  }
}

/** 1.005 is a little less as a double, but a spreadsheet rounds it as it is written: to 1.01. */
const halfUp = (value: number): number => (Number.isInteger(value) ? value : value * (1 + 1e-15))

/** At most the 15 digits that a spreadsheet keeps: 0.1 + 0.2 is 0.3. */
const plain = (value: number): string => String(Number(value.toPrecision(15)))

/** The ISO way to show what a format shows of a date, a time or a duration. */
function isoFormat(format: string): string {
  const signs = format.toLowerCase().replace(/"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]/g, '')
  const seconds = signs.includes('s') ? ':ss' : ''
  if (/\[[hms]+\]/.test(signs)) return `[h]:mm${seconds}`
  // Of a time, m is the minutes.
  if (/[hs]/.test(signs)) return /[yd]/.test(signs) ? `yyyy-mm-dd hh:mm${seconds}` : `hh:mm${seconds}`
  return signs.includes('d') ? 'yyyy-mm-dd' : signs.includes('m') ? 'yyyy-mm' : 'yyyy'
}
