/**
 * The parts of an .xlsx file (ECMA-376 part 1, SpreadsheetML): which sheets there are, the strings they share, how their
 * numbers are shown, and the cells of one sheet as a person sees them.
 */

import { posix } from 'node:path'
import { builtInFormat, type NumberFormatter, numberFormatter } from './number-format.js'
import { readXml } from './xml-events.js'
import type { ZipMember } from './zip.js'

export interface Sheet {
  readonly name: string
  readonly isHidden: boolean
  /** Null for a sheet that holds a chart. */
  readonly member: ZipMember | null
}

export interface Workbook {
  readonly sheets: readonly Sheet[]
  readonly sharedStrings: readonly string[]
  /** By the number that a cell gives as its style. */
  readonly formats: readonly NumberFormatter[]
}

export interface SheetRow {
  /** In its sheet, from 1. */
  readonly number: number
  /** By column from 0, with holes: only cells that show something are there. */
  readonly cells: string[]
}

const WORKBOOK = 'xl/workbook.xml'

/** By their names in lower case: the format does not distinguish. */
export type Parts = ReadonlyMap<string, ZipMember>

export const hasWorkbook = (parts: Parts): boolean => parts.has(WORKBOOK)

export async function readWorkbook(parts: Parts): Promise<Workbook> {
  const targets = await sheetTargets(parts)
  const sheets: Sheet[] = []
  let is1904 = false
  await readPart(parts, WORKBOOK, {
    open(name, attributes) {
      if (name === 'workbookPr') is1904 ||= isTrue(attributes().date1904)
      if (name !== 'sheet') return
      const { name: label = '', state = 'visible', id = '' } = attributes()
      const member = parts.get(targets.get(id) ?? '') ?? null
      sheets.push({ name: unescaped(label), isHidden: state !== 'visible', member })
    },
  })
  return { sheets, sharedStrings: await readSharedStrings(parts), formats: await readFormats(parts, is1904) }
}

/** The worksheets' parts, by relation. */
async function sheetTargets(parts: Parts): Promise<Map<string, string>> {
  const targets = new Map<string, string>()
  await readPart(parts, 'xl/_rels/workbook.xml.rels', {
    open(name, attributes) {
      if (name !== 'Relationship') return
      const { Id = '', Type = '', Target = '' } = attributes()
      if (Type.endsWith('/worksheet')) targets.set(Id, posix.resolve('/xl', Target).slice(1).toLowerCase())
    },
  })
  return targets
}

async function readSharedStrings(parts: Parts): Promise<string[]> {
  const strings: string[] = []
  let text = ''
  let isText = false
  let isReading = false
  await readPart(parts, 'xl/sharedstrings.xml', {
    open(name) {
      if (name === 'si') text = ''
      else if (name === 't') isText = true
      // How a Japanese text is pronounced.
      else if (name === 'rPh') isReading = true
    },
    close(name) {
      if (name === 'si') strings.push(unescaped(text))
      else if (name === 't') isText = false
      else if (name === 'rPh') isReading = false
    },
    text(piece) {
      if (isText && !isReading) text += piece
    },
  })
  return strings
}

async function readFormats(parts: Parts, is1904: boolean): Promise<NumberFormatter[]> {
  const codes = new Map<number, string>()
  const formats: NumberFormatter[] = []
  const made = new Map<string, NumberFormatter>()
  let isCellFormat = false
  await readPart(parts, 'xl/styles.xml', {
    open(name, attributes) {
      if (name === 'numFmt') {
        const { numFmtId, formatCode = '' } = attributes()
        codes.set(Number(numFmtId), formatCode)
      } else if (name === 'cellXfs') isCellFormat = true
      else if (name === 'xf' && isCellFormat) {
        const id = Number(attributes().numFmtId ?? 0)
        const code = codes.get(id) ?? builtInFormat(id)
        const format = made.get(code) ?? numberFormatter(code, is1904)
        made.set(code, format)
        formats.push(format)
      }
    },
    close(name) {
      if (name === 'cellXfs') isCellFormat = false
    },
  })
  return formats
}

/** A merged cell's text stands once, and again in each row below it that the merged cell reaches. */
export async function readSheet(member: ZipMember, workbook: Workbook): Promise<SheetRow[]> {
  const rows: SheetRow[] = []
  const merged: string[] = []
  let row: SheetRow = { number: 0, cells: [] }
  let column = -1
  let type = 'n'
  let style = 0
  let value = ''
  let isValue = false
  readXml(await member.read(), member.name, {
    open(name, attributes) {
      if (name === 'c') {
        const { r, t = 'n', s } = attributes()
        column = r ? columnOf(r) : column + 1
        type = t
        style = Number(s ?? 0)
        value = ''
      } else if (name === 'v' || name === 't') isValue = true
      else if (name === 'row') {
        row = { number: Number(attributes().r ?? row.number + 1), cells: [] }
        column = -1
      } else if (name === 'mergeCell') merged.push(attributes().ref ?? '')
    },
    close(name) {
      if (name === 'v' || name === 't') isValue = false
      else if (name === 'c') {
        const text = shownText(value, type, style, workbook)
        if (text !== '') row.cells[column] = text
      } else if (name === 'row' && row.cells.length > 0) rows.push(row)
    },
    text(piece) {
      if (isValue) value += piece
    },
  })
  repeatMerged(rows, merged)
  return rows
}

/** Of a formula, the value it had when the file was saved. */
function shownText(value: string, type: string, style: number, { sharedStrings, formats }: Workbook): string {
  switch (type) {
    case 's':
      return sharedStrings[Number(value)] ?? ''
    case 'str':
    case 'inlineStr':
      return unescaped(value)
    case 'b':
      return value === '' ? '' : isTrue(value) ? 'TRUE' : 'FALSE'
    // #N/A, #DIV/0! and the like say nothing.
    case 'e':
      return ''
    case 'd':
      return value.replace(/T00:00(?::00(?:\.0+)?)?Z?$/, '').replace('T', ' ')
    default: {
      const number = Number(value)
      if (value.trim() === '' || !Number.isFinite(number)) return ''
      return formats[style]?.(number) ?? String(number)
    }
  }
}

const MAX_REPEATED_CELLS = 1_000_000

function repeatMerged(rows: readonly SheetRow[], references: readonly string[]): void {
  const byNumber = new Map(rows.map((row) => [row.number, row]))
  let left = MAX_REPEATED_CELLS
  for (const reference of references) {
    const [, column = '', first = '', last = ''] = /^([A-Z]+)(\d+):[A-Z]+(\d+)$/.exec(reference) ?? []
    const text = byNumber.get(Number(first))?.cells[columnOf(column)]
    if (text === undefined) continue
    for (let number = Number(first) + 1; number <= Number(last) && left > 0; number++, left--) {
      const cells = byNumber.get(number)?.cells
      if (cells) cells[columnOf(column)] = text
    }
  }
}

/** `B7` is 1. */
function columnOf(reference: string): number {
  let column = 0
  for (let index = 0; index < reference.length; index++) {
    const letter = reference.charCodeAt(index) - 64
    if (letter < 1 || letter > 26) break
    column = 26 * column + letter
  }
  return column - 1
}

const isTrue = (value: string | undefined): boolean => value === '1' || value === 'true'

/** Characters that XML cannot hold are written as `_x000D_`. */
const unescaped = (text: string): string =>
  text.includes('_x')
    ? text.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    : text

/** Nothing happens when the part is missing. */
export async function readPart(parts: Parts, name: string, listener: Parameters<typeof readXml>[2]): Promise<void> {
  const member = parts.get(name)
  if (member) readXml(await member.read(), member.name, listener)
}
