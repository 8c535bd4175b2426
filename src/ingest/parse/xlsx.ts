/** Excel workbooks: every visible sheet, its rows in the form that table-rows.ts describes. */
import type { JsonObject } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { oleKind } from './ole.js'
import { cellText, type TableRow, tablesOf } from './table-rows.js'
import { hasWorkbook, type Parts, readPart, readSheet, readWorkbook, type SheetRow } from './workbook.js'
import { OFFICE_LIMITS, zipMembers } from './zip.js'

const SHEET_LEVEL = 1
const TITLE_LEVEL = 2

/** @throws ENCRYPTED_FILE, UNSUPPORTED_MEDIA_TYPE (.xls), CONTENT_MISMATCH, MALFORMED_FILE, UNPACKS_TOO_LARGE */
export async function parseXlsx(bytes: Buffer): Promise<ParsedDocument> {
  const parts = await partsOf(bytes)
  const workbook = await readWorkbook(parts)
  const blocks: Block[] = []
  const shown: string[] = []
  const columns: string[] = []
  for (const { name, isHidden, member } of workbook.sheets) {
    if (isHidden || !member) continue
    shown.push(name)
    const tables = tablesOf(tableRows(await readSheet(member, workbook)), name, TITLE_LEVEL)
    if (tables.blocks.length > 0) blocks.push({ text: name, headingLevel: SHEET_LEVEL, sheet: name })
    for (const block of tables.blocks) blocks.push(block)
    columns.push(...tables.columns.flat())
  }
  const hidden = workbook.sheets.filter(({ isHidden }) => isHidden).map(({ name }) => name)
  const { title, author } = await propertiesOf(parts)
  const metadata: JsonObject = {
    ...(author ? { author } : {}),
    sheets: shown,
    ...(hidden.length > 0 ? { hiddenSheets: hidden } : {}),
    ...(columns.length > 0 ? { columns: [...new Set(columns)] } : {}),
  }
  return { title: title || null, metadata, blocks }
}

async function partsOf(bytes: Buffer): Promise<Parts> {
  const ole = oleKind(bytes)
  if (ole === 'encrypted') throw new DocentError('ENCRYPTED_FILE', 'the workbook is protected with a password')
  if (ole === 'legacy') {
    throw new DocentError('UNSUPPORTED_MEDIA_TYPE', 'it is a workbook of Excel 97 to 2003 (.xls); save it as .xlsx')
  }
  if (bytes.toString('latin1', 0, 2) !== 'PK')
    throw new DocentError('CONTENT_MISMATCH', 'it is no .xlsx file: no ZIP archive')
  const members = await zipMembers(bytes, OFFICE_LIMITS)
  const parts = new Map(members.map((member) => [member.name.toLowerCase(), member]))
  if (!hasWorkbook(parts)) {
    throw new DocentError('CONTENT_MISMATCH', 'it is no .xlsx file: the archive has no xl/workbook.xml')
  }
  return parts
}

async function propertiesOf(parts: Parts): Promise<{ title: string; author: string }> {
  const found = { title: '', creator: '' }
  let current: keyof typeof found | null = null
  await readPart(parts, 'docprops/core.xml', {
    open(name) {
      current = name === 'title' || name === 'creator' ? name : null
    },
    close() {
      current = null
    },
    text(piece) {
      if (current) found[current] += piece
    },
  })
  return { title: cellText(found.title), author: cellText(found.creator) }
}

/** Columns that no row uses are left out, so that a table far to the right costs nothing. */
function tableRows(rows: readonly SheetRow[]): TableRow[] {
  const columns = new Set<number>()
  for (const { cells } of rows) {
    cells.forEach((_, column) => {
      columns.add(column)
    })
  }
  const used = [...columns].sort((a, b) => a - b)
  const places = new Map(used.map((column, place) => [column, place]))
  return rows.map(({ number, cells }) => {
    const texts = new Array<string>((places.get(cells.length - 1) as number) + 1).fill('')
    cells.forEach((text, column) => {
      texts[places.get(column) as number] = cellText(text)
    })
    return { number, cells: texts }
  })
}
