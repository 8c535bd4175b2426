import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import writeXlsxFile, { type SheetData } from 'write-excel-file/node'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { cellText } from '../../../src/ingest/parse/table-rows.js'
import { parseXlsx } from '../../../src/ingest/parse/xlsx.js'
import { makeZip } from '../../support/make-zip.js'

const written = async (data: SheetData, sheet = 'Staff'): Promise<Buffer> =>
  (await writeXlsxFile(data, { sheet })).toBuffer()

const bold = (value: string) => ({ value, fontWeight: 'bold' }) as const

interface Parts {
  /** The XML within `sheetData` and after it, of each sheet. */
  sheets: readonly { name?: string; state?: string; rows: string; after?: string }[]
  sharedStrings?: string
  formats?: readonly string[]
  workbookProperties?: string
  extra?: Record<string, string>
}

/** A workbook whose XML is written by hand, for what no library writes. */
function workbook({ sheets, sharedStrings = '', formats = [], workbookProperties = '', extra = {} }: Parts): Buffer {
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
  const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const list = sheets.map(
    ({ name, state }, index) =>
      `<sheet name="${name ?? `Sheet${index + 1}`}" sheetId="${index + 1}" r:id="rId${index + 1}"${state ? ` state="${state}"` : ''}/>`,
  )
  const relations = sheets.map(
    (_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${relation}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  )
  const codes = formats.map((code, index) => `<numFmt numFmtId="${164 + index}" formatCode="${code}"/>`)
  const styles = formats.map((_, index) => `<xf numFmtId="${164 + index}"/>`)
  return makeZip({
    'xl/workbook.xml': `<workbook ${main} xmlns:r="${relation}">${workbookProperties}<sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${relations.join('')}</Relationships>`,
    'xl/sharedStrings.xml': `<sst ${main}>${sharedStrings}</sst>`,
    'xl/styles.xml': `<styleSheet ${main}><numFmts>${codes.join('')}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${styles.join('')}</cellXfs></styleSheet>`,
    ...Object.fromEntries(
      sheets.map(({ rows, after = '' }, index) => [
        `xl/worksheets/sheet${index + 1}.xml`,
        `<worksheet ${main}><sheetData>${rows}</sheetData>${after}</worksheet>`,
      ]),
    ),
    ...extra,
  })
}

const text = (cell: string, value: string) => `<c r="${cell}" t="inlineStr"><is><t>${value}</t></is></c>`

const textOf = async (bytes: Buffer): Promise<string> =>
  canonicalDocument((await parseXlsx(bytes)).blocks).canonicalText

describe('a workbook', () => {
  it('has its sheets as headings, and each row on a line with the names of its columns', async () => {
    const bytes = await written([
      [bold('Name'), bold('Born'), bold('Salary'), bold('Share'), bold('Active')],
      [
        'Ann Lee',
        { value: new Date('1980-05-06'), type: Date, format: 'dd/mm/yyyy' },
        { value: 1234.5, format: '$#,##0.00' },
        { value: 0.256, format: '0.0%' },
        true,
      ],
      ['Bob', null, 7, null, false],
    ])
    expect(await parseXlsx(bytes)).toEqual({
      title: null,
      metadata: { sheets: ['Staff'], columns: ['Name', 'Born', 'Salary', 'Share', 'Active'] },
      blocks: [
        { text: 'Staff', headingLevel: 1, sheet: 'Staff' },
        {
          text: 'Name: Ann Lee | Born: 1980-05-06 | Salary: $1,234.50 | Share: 25.6% | Active: TRUE\nName: Bob | Salary: 7 | Active: FALSE',
          kind: 'table',
          firstRow: 2,
          headerRows: 0,
          sheet: 'Staff',
        },
      ],
    })
  })

  it('leaves hidden sheets out and says so', async () => {
    const bytes = workbook({
      sheets: [
        { name: 'Seen', rows: `<row r="1">${text('A1', 'open')}</row>` },
        { name: 'Secret', state: 'hidden', rows: `<row r="1">${text('A1', 'closed')}</row>` },
        { name: 'Deeper', state: 'veryHidden', rows: `<row r="1">${text('A1', 'closed')}</row>` },
        { name: 'Empty', rows: '' },
      ],
    })
    expect(await textOf(bytes)).toBe('Seen\n\nopen')
    expect((await parseXlsx(bytes)).metadata).toEqual({ sheets: ['Seen', 'Empty'], hiddenSheets: ['Secret', 'Deeper'] })
  })

  it('gives title and author where its properties have them', async () => {
    const core =
      '<cp:coreProperties><dc:title>Staff &amp; pay</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>'
    const parsed = await parseXlsx(workbook({ sheets: [{ rows: '' }], extra: { 'docProps/core.xml': core } }))
    expect(parsed).toMatchObject({ title: 'Staff & pay', metadata: { author: 'Ann' }, blocks: [] })
  })
})

describe('a sheet', () => {
  it('may have titles and blank rows above its tables, and several tables', async () => {
    const bytes = await written(
      [
        ['Price list 2024'],
        [],
        ['Stationery', null],
        ['Item', 'Price'],
        ['Pen', 1.5],
        ['Ink', 2],
        [],
        ['City', 'Office', 'Seats'],
        ['Paris', 'Rue A', 12],
      ],
      'Prices',
    )
    const { canonicalText, places, sections } = canonicalDocument((await parseXlsx(bytes)).blocks)
    expect(canonicalText.split('\n\n')).toEqual([
      'Prices',
      'Price list 2024',
      'Stationery',
      'Item: Pen | Price: 1.5\nItem: Ink | Price: 2',
      'City: Paris | Office: Rue A | Seats: 12',
    ])
    expect(places.filter(({ row }) => row !== null).map(({ row, sheet }) => [row, sheet])).toEqual([
      [1, 'Prices'],
      [5, 'Prices'],
      [6, 'Prices'],
      [9, 'Prices'],
    ])
    expect(sections.map(({ headingPath }) => headingPath)).toEqual([['Prices'], ['Prices', 'Stationery']])
  })

  it('may begin far to the right and far down', async () => {
    const row = (r: number, a: string, b: string) => `<row r="${r}">${text(`XFC${r}`, a)}${b}</row>`
    const bytes = workbook({
      sheets: [
        {
          rows:
            row(1_000_000, 'Name', text('XFD1000000', 'Age')) +
            row(1_000_001, 'Ann', '<c r="XFD1000001"><v>40</v></c>'),
        },
      ],
    })
    expect(await textOf(bytes)).toBe('Sheet1\n\nName: Ann | Age: 40')
    expect((await parseXlsx(bytes)).blocks[1]?.firstRow).toBe(1_000_001)
  })

  it('repeats a merged cell in each row that it reaches', async () => {
    const rows = [
      `<row r="1">${text('A1', 'Region')}${text('B1', 'City')}${text('C1', 'Seats')}</row>`,
      `<row r="2">${text('A2', 'North')}${text('B2', 'Oslo')}<c r="C2"><v>1</v></c></row>`,
      `<row r="3"><c r="A3"/>${text('B3', 'Bergen')}<c r="C3"><v>2</v></c></row>`,
    ]
    const merges =
      '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A9:XFD1048576"/><mergeCell ref="junk"/></mergeCells>'
    expect(await textOf(workbook({ sheets: [{ rows: rows.join(''), after: merges }] }))).toBe(
      'Sheet1\n\nRegion: North | City: Oslo | Seats: 1\nRegion: North | City: Bergen | Seats: 2',
    )
  })
})

describe('a cell', () => {
  const rowOf = async (cells: string, parts: Partial<Parts> = {}): Promise<string | undefined> =>
    (await parseXlsx(workbook({ ...parts, sheets: [{ rows: `<row r="1">${cells}</row>` }] }))).blocks[1]?.text

  it.each([
    ['the value of a formula', '<c r="A1" t="str"><f>A2&amp;"x"</f><v>a &amp; b</v></c>', 'a & b'],
    ['a formula that was never computed, as nothing', '<c r="A1"><f>A2</f></c><c r="B1"><v>1</v></c>', '1'],
    ['an error, as nothing', '<c r="A1" t="e"><v>#N/A</v></c><c r="B1"><v>1</v></c>', '1'],
    ['truth', '<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>', 'TRUE | FALSE'],
    ['an ISO date', '<c r="A1" t="d"><v>2024-05-06T00:00:00</v></c>', '2024-05-06'],
    ['a number without noise', '<c r="A1"><v>0.30000000000000004</v></c>', '0.3'],
    ['cells without addresses', '<c t="inlineStr"><is><t>a</t></is></c><c><v>2</v></c>', 'a | 2'],
    ['a line break', `<c r="A1" t="inlineStr"><is><t>one\n_x000D_two</t></is></c>`, 'one two'],
    ['a style that does not exist', '<c r="A1" s="99"><v>5</v></c>', '5'],
  ])('shows %s', async (_, cells, expected) => {
    expect(await rowOf(cells)).toBe(expected)
  })

  it('shows shared strings with all their runs but not how they are pronounced', async () => {
    const sharedStrings = '<si><r><t>re</t></r><r><t>d</t></r><rPh><t>READ</t></rPh></si><si><t/></si>'
    const cells = '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>7</v></c>'
    expect(await rowOf(cells, { sharedStrings })).toBe('red')
  })

  it('shows dates of workbooks that count from 1904', async () => {
    const parts = { formats: ['d/m/yyyy'], workbookProperties: '<workbookPr date1904="1"/>' }
    expect(await rowOf('<c r="A1" s="1"><v>1</v></c>', parts)).toBe('1904-01-02')
  })
})

describe('what is no workbook', () => {
  const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex')

  it.each([
    [
      'an encrypted workbook',
      Buffer.concat([OLE, Buffer.alloc(600), Buffer.from('EncryptedPackage', 'utf16le')]),
      'ENCRYPTED_FILE',
    ],
    [
      'an .xls file',
      Buffer.concat([OLE, Buffer.alloc(600), Buffer.from('Workbook', 'utf16le')]),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a text', Buffer.from('Name,City'), 'CONTENT_MISMATCH'],
    ['nothing', Buffer.alloc(0), 'CONTENT_MISMATCH'],
    ['another archive', makeZip({ 'word/document.xml': '<w/>' }), 'CONTENT_MISMATCH'],
    ['broken XML', workbook({ sheets: [{ rows: '<row><c></row>' }] }), 'MALFORMED_FILE'],
    ['a cut file', workbook({ sheets: [{ rows: '' }] }).subarray(0, 300), 'MALFORMED_FILE'],
    ['a part longer than it says', makeZip({ 'xl/workbook.xml': '<a/>'.repeat(1000) }, 10), 'MALFORMED_FILE'],
    ['a bomb', makeZip({ 'xl/workbook.xml': '<a/>' }, 2 ** 31), 'UNPACKS_TOO_LARGE'],
  ])('%s is refused with %s', async (_, bytes, code) => {
    await expect(parseXlsx(bytes)).rejects.toMatchObject({ name: 'DocentError', code })
  })

  it('names .xls', async () => {
    await expect(parseXlsx(Buffer.concat([OLE, Buffer.alloc(600)]))).rejects.toThrow(/\.xls\b/)
  })

  it('does not expand entities that a document defines', async () => {
    const boom =
      '<!DOCTYPE a [<!ENTITY e "boom">]><worksheet><sheetData><row><c t="str"><v>&e;x</v></c></row></sheetData></worksheet>'
    const bytes = workbook({ sheets: [{ rows: '' }], extra: { 'xl/worksheets/sheet1.xml': boom } })
    expect(await textOf(bytes)).not.toContain('boom')
  })
})

it('gives every string of any table back, in its own row', async () => {
  // The library that writes the file loses what is also a property of objects, `__proto__` for one.
  const cell = fc.string({ unit: 'grapheme' }).filter((value) => !/[\p{C}\ufffe\uffff]/u.test(value) && !(value in {}))
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(table, async (rows) => {
      const { blocks } = await parseXlsx(await written(rows))
      const { canonicalText, places } = canonicalDocument(blocks)
      for (const [index, row] of rows.entries()) {
        const place = places.find(({ row: number }) => number === index + 1)
        const line = place ? canonicalText.slice(place.start, place.end) : canonicalText
        for (const value of row) expect(line).toContain(cellText(value))
      }
    }),
    { numRuns: 30 },
  )
})
