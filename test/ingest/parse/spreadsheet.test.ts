import { utils, type WorkBook, write } from '@e965/xlsx'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import writeXlsxFile, { type SheetData } from 'write-excel-file/node'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { parseSpreadsheet } from '../../../src/ingest/parse/spreadsheet.js'
import { cellText } from '../../../src/ingest/parse/tables/table-rows.js'
import { makeZip } from '../../support/make-zip.js'
import { compoundFile } from './office/office-files.js'

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
  const spreadsheetMl = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const contentTypes = [
    ['xl/workbook.xml', `${spreadsheetMl}.sheet.main+xml`],
    ['xl/sharedStrings.xml', `${spreadsheetMl}.sharedStrings+xml`],
    ['xl/styles.xml', `${spreadsheetMl}.styles+xml`],
    ['docProps/core.xml', 'application/vnd.openxmlformats-package.core-properties+xml'],
    ...sheets.map((_, index) => [`xl/worksheets/sheet${index + 1}.xml`, `${spreadsheetMl}.worksheet+xml`]),
  ].map(([part, type]) => `<Override PartName="/${part}" ContentType="${type}"/>`)
  return makeZip({
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${contentTypes.join('')}</Types>`,
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
  canonicalDocument((await parseSpreadsheet(bytes)).blocks).canonicalText

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
    expect(await parseSpreadsheet(bytes)).toEqual({
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
    expect((await parseSpreadsheet(bytes)).metadata).toEqual({
      sheets: ['Seen', 'Empty'],
      hiddenSheets: ['Secret', 'Deeper'],
    })
  })

  it('gives title and author where its properties have them', async () => {
    const core =
      '<cp:coreProperties><dc:title>Staff &amp; pay</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>'
    const parsed = await parseSpreadsheet(workbook({ sheets: [{ rows: '' }], extra: { 'docProps/core.xml': core } }))
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
    const { canonicalText, places, sections } = canonicalDocument((await parseSpreadsheet(bytes)).blocks)
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
    expect((await parseSpreadsheet(bytes)).blocks[1]?.firstRow).toBe(1_000_001)
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
    (await parseSpreadsheet(workbook({ ...parts, sheets: [{ rows: `<row r="1">${cells}</row>` }] }))).blocks[1]?.text

  it.each([
    ['the value of a formula', '<c r="A1" t="str"><f>A2&amp;"x"</f><v>a &amp; b</v></c>', 'a & b'],
    ['a formula that was never computed, as nothing', '<c r="A1"><f>A2</f></c><c r="B1"><v>1</v></c>', '1'],
    ['an error, as nothing', '<c r="A1" t="e"><v>#N/A</v></c><c r="B1"><v>1</v></c>', '1'],
    ['truth', '<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>', 'TRUE | FALSE'],
    ['a number without noise', '<c r="A1"><v>0.30000000000000004</v></c>', '0.3'],
    ['cells without addresses', '<c t="inlineStr"><is><t>a</t></is></c><c><v>2</v></c>', 'a | 2'],
    ['a line break', `<c r="A1" t="inlineStr"><is><t>one\n_x000D_two</t></is></c>`, 'one two'],
    ['a style that does not exist', '<c r="A1" s="99"><v>5</v></c>', '5'],
  ])('shows %s', async (_, cells, expected) => {
    expect(await rowOf(cells)).toBe(expected)
  })

  it('shows shared strings with all their runs but not how they are pronounced', async () => {
    const sharedStrings = '<si><r><t>re</t></r><r><t>d</t></r><rPh><t>READ</t></rPh></si><si><t/></si>'
    const cells = '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
    expect(await rowOf(cells, { sharedStrings })).toBe('red')
  })
})

const formatted = async (value: number, code: string, workbookProperties = ''): Promise<string> => {
  const formats = [code.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')]
  const rows = `<row r="1"><c r="A1" s="1"><v>${value}</v></c></row>`
  return (await parseSpreadsheet(workbook({ formats, workbookProperties, sheets: [{ rows }] }))).blocks[1]?.text ?? ''
}

describe('a number', () => {
  it.each([
    [1234.5, 'General', '1234.5'],
    [0.1 + 0.2, 'General', '0.3'],
    [1e15, 'General', '1000000000000000'],
    [4006381333931, 'General', '4006381333931'],
    [-3, '', '-3'],
    [1234.5, '0', '1235'],
    [1234.5, '#,##0.00', '1,234.50'],
    [1.005, '0.00', '1.01'],
    [0.285, '0%', '29%'],
    [-1.255, '0.00', '-1.26'],
    [1e15, '#,##0', '1,000,000,000,000,000'],
    [-1234.5, '#,##0.00', '-1,234.50'],
    [-1234.5, '#,##0;(#,##0)', '(1,235)'],
    [0.256, '0.0%', '25.6%'],
    [0.5, '0%', '50%'],
    [1234567, '#,##0,"k"', '1,235k'],
    [7, '000', '007'],
    [12.5, '0.##', '12.5'],
    [12, '0.##', '12.'],
    [12345, '0.00E+00', '1.23E+04'],
    [0.5, '# ?/?', '1/2'],
    [123456789, '000-00-0000', '123-45-6789'],
    [5551234, '(000) 000\\-0000', '(000) 555-1234'],
    [3, '0 "days"', '3 days'],
    [3, '"No. "General', 'No. 3'],
    [3, '[Red]0', '3'],
    [3, ';;;', ''],
    [0, '0;-0;"none"', 'none'],
    [-0.2, '0', '0'],
    [0.5, '[>=1000]#,##0;0.0', '0.5'],
    [1500, '[>=1000]#,##0;0.0', '1,500'],
    [0, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_)', '$-'],
    [5, '0 °C', '5'],
  ])('%d in %j is %j', async (value, code, expected) => {
    expect(await formatted(value, code)).toBe(expected)
  })

  it.each([
    [1234.5, '$#,##0.00', '$1,234.50'],
    [-1234.5, '"$"#,##0.00_);[Red]("$"#,##0.00)', '($1,234.50)'],
    [1234.5, '#,##0.00\\ [$€-407]', '1,234.50 €'],
    [1234.5, '[$£-809]#,##0', '£1,235'],
    [1234.5, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', '$1,234.50'],
    [9.5, '[$CHF] 0.00', 'CHF 9.50'],
    [5, '[$-409]#,##0.00', '5.00'],
  ])('of money, %d in %j, is %j', async (value, code, expected) => {
    expect(await formatted(value, code)).toBe(expected)
  })

  it('is shown whatever its format is', async () => {
    const code = fc.string({ unit: fc.constantFrom(...'0#?.,%;/Ee+-"\\_*[]$€hmsydA@ ('), maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(code, fc.double({ noNaN: true, noDefaultInfinity: true }), async (format, value) => {
        expect(typeof (await formatted(value, format))).toBe('string')
      }),
    )
  })
})

describe('a date', () => {
  it.each([
    [45_418, 'yyyy-mm-dd', '2024-05-06'],
    [45_418, 'dd/mm/yyyy', '2024-05-06'],
    [45_418, '[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy', '2024-05-06'],
    [45_418, 'mmm-yy', '2024-05'],
    [45_418, 'yyyy', '2024'],
    [45_418.395833333336, 'm/d/yy h:mm', '2024-05-06 09:30'],
    [45_418.395833333336, 'h:mm AM/PM', '09:30'],
    [0.395844907, 'hh:mm:ss', '09:30:01'],
    [1.5, '[h]:mm', '36:00'],
    [1, 'yyyy-mm-dd', '1900-01-01'],
    [61, 'yyyy-mm-dd', '1900-03-01'],
    [-1, 'yyyy-mm-dd', '-1'],
    [1e9, 'yyyy-mm-dd', '1000000000'],
  ])('%d in %j is %j', async (value, code, expected) => {
    expect(await formatted(value, code)).toBe(expected)
  })

  it('may be written the ISO way', async () => {
    const rows = '<row r="1"><c r="A1" s="1" t="d"><v>2024-05-06T09:30:00</v></c></row>'
    const bytes = workbook({ formats: ['d/m/yy hh:mm'], sheets: [{ rows }] })
    expect(await textOf(bytes)).toBe('Sheet1\n\n2024-05-06 09:30')
  })

  it('may be counted from 1904, which is no matter for a duration', async () => {
    const from1904 = '<workbookPr date1904="1"/>'
    expect(await formatted(0, 'yyyy-mm-dd', from1904)).toBe('1904-01-01')
    expect(await formatted(45_352.604_166_67, 'd.m.yy hh:mm', from1904)).toBe('2028-03-02 14:30')
    expect(await formatted(1.5, '[h]:mm', from1904)).toBe('36:00')
  })
})

/** What SheetJS writes and reads again: two sheets, the second hidden. */
function madeWorkbook(): WorkBook {
  const sheet = utils.aoa_to_sheet([
    ['Name', 'Born', 'Pay', 'Share', 'Active', 'Seen'],
    ['Ünï 日本 & <b>', 45_352, 1234.5, 0.256, true, 45_352.604_166_67],
    [null, 45_353, 7, 1, false, 45_353.25],
  ])
  const formats = { B: 'dd/mm/yyyy', C: '#,##0.00', D: '0.0%', F: 'm/d/yy h:mm' }
  for (const [column, code] of Object.entries(formats)) {
    for (const row of [2, 3]) sheet[`${column}${row}`].z = code
  }
  sheet['!merges'] = [utils.decode_range('A2:A3')]
  const secret = utils.aoa_to_sheet([['secret']])
  return {
    SheetNames: ['R&D', 'Secret'],
    Sheets: { 'R&D': sheet, Secret: secret },
    Workbook: { Sheets: [{ Hidden: 0 }, { Hidden: 2 }] },
    Props: { Title: 'Stäff', Author: 'Ann' },
  }
}

describe.each(['xlsx', 'xlsb', 'xls'] as const)('a workbook in .%s', (bookType) => {
  it('is read like any other', async () => {
    expect(await parseSpreadsheet(write(madeWorkbook(), { bookType, type: 'buffer' }))).toEqual({
      title: 'Stäff',
      metadata: {
        author: 'Ann',
        sheets: ['R&D'],
        hiddenSheets: ['Secret'],
        columns: ['Name', 'Born', 'Pay', 'Share', 'Active', 'Seen'],
      },
      blocks: [
        { text: 'R&D', headingLevel: 1, sheet: 'R&D' },
        {
          text: [
            'Name: Ünï 日本 & <b> | Born: 2024-03-01 | Pay: 1,234.50 | Share: 25.6% | Active: TRUE | Seen: 2024-03-01 14:30',
            'Name: Ünï 日本 & <b> | Born: 2024-03-02 | Pay: 7.00 | Share: 100.0% | Active: FALSE | Seen: 2024-03-02 06:00',
          ].join('\n'),
          kind: 'table',
          firstRow: 2,
          headerRows: 0,
          sheet: 'R&D',
        },
      ],
    })
  })
})

it('reads workbooks of Excel 95, whose texts are in a code page', async () => {
  const book = utils.book_new()
  utils.book_append_sheet(book, utils.aoa_to_sheet([['Gr##e', 'x']]), 'Ma#e')
  // SheetJS writes none but ASCII; the file says that it is windows-1252.
  const ascii: Buffer = write(book, { bookType: 'biff5', type: 'buffer' })
  const bytes = Buffer.from(ascii.toString('latin1').replace('Gr##e', 'Größe').replace('Ma#e', 'Maße'), 'latin1')
  expect(await textOf(bytes)).toBe('Maße\n\nGröße | x')
})

describe('an OpenDocument workbook', () => {
  const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.spreadsheet'

  /** As LibreOffice writes it. */
  function openDocument(tables: string, { mimetype = OPEN_DOCUMENT, manifest = '' } = {}): Buffer {
    const oasis = 'urn:oasis:names:tc:opendocument:xmlns'
    const namespaces = ['office', 'style', 'text', 'table', 'datastyle']
      .map((name) => `xmlns:${name === 'datastyle' ? 'number' : name}="${oasis}:${name}:1.0"`)
      .join(' ')
    const styles = `<number:date-style style:name="N1"><number:day/><number:text>.</number:text><number:month/><number:text>.</number:text><number:year/></number:date-style>
      <style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>
      <style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>
      <style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>`
    return makeZip({
      mimetype,
      'META-INF/manifest.xml': `<manifest:manifest xmlns:manifest="${oasis}:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="${mimetype}">${manifest}</manifest:file-entry></manifest:manifest>`,
      'styles.xml': `<office:document-styles ${namespaces}/>`,
      'meta.xml': `<office:document-meta ${namespaces} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Staff &amp; pay</dc:title></office:meta></office:document-meta>`,
      'content.xml': `<office:document-content ${namespaces}><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:spreadsheet>${tables}</office:spreadsheet></office:body></office:document-content>`,
    })
  }

  const cell = (shown: string, attributes = 'office:value-type="string"') =>
    `<table:table-cell ${attributes}><text:p>${shown}</text:p></table:table-cell>`
  const row = (...cells: string[]) => `<table:table-row>${cells.join('')}</table:table-row>`

  it('is read with its texts as they are shown, its dates the ISO way, and without its hidden sheets', async () => {
    const rows = [
      row(cell('Name &amp; more'), cell('Born'), cell('Pay'), cell('Active'), cell('Seen')),
      row(
        cell('Ann <text:span>Lee</text:span>', 'office:value-type="string" table:number-rows-spanned="2"'),
        cell('6.5.80', 'table:style-name="ce1" office:value-type="date" office:date-value="1980-05-06"'),
        cell('1.234,50 €', 'office:value-type="currency" office:currency="EUR" office:value="1234.5"'),
        cell('WAHR', 'office:value-type="boolean" office:boolean-value="true"'),
        cell('09:30:00', 'office:value-type="time" office:time-value="PT09H30M00S"'),
      ),
      row(
        '<table:covered-table-cell/>',
        `<table:table-cell office:value-type="date" office:date-value="2024-03-01T14:30:00"><office:annotation><text:p>a comment</text:p></office:annotation><text:p>03/01/24</text:p></table:table-cell>`,
        cell('#DIV/0!', 'office:value-type="string" office:string-value="" calcext:value-type="error"'),
        '<table:table-cell table:number-columns-repeated="16382"/>',
      ),
    ]
    const bytes = openDocument(
      `<table:table table:name="R&amp;D" table:style-name="ta1">${rows.join('')}</table:table>` +
        `<table:table table:name="Secret" table:style-name="ta2">${row(cell('secret'))}</table:table>`,
    )
    const parsed = await parseSpreadsheet(bytes)
    expect(parsed).toMatchObject({ title: 'Staff & pay', metadata: { sheets: ['R&D'], hiddenSheets: ['Secret'] } })
    expect(canonicalDocument(parsed.blocks).canonicalText).toBe(
      'R&D\n\nName & more: Ann Lee | Born: 1980-05-06 | Pay: 1.234,50 € | Active: TRUE | Seen: 09:30:00\n' +
        'Name & more: Ann Lee | Born: 2024-03-01',
    )
  })

  it('is read as SheetJS writes it', async () => {
    const book = utils.book_new()
    utils.book_append_sheet(
      book,
      utils.aoa_to_sheet([
        ['Item', 'Price'],
        ['Ink', 2.5],
      ]),
      'Bits & bobs',
    )
    expect(await textOf(write(book, { bookType: 'ods', type: 'buffer' }))).toBe('Bits & bobs\n\nItem: Ink | Price: 2.5')
  })

  it.each([
    ['with a password', openDocument('', { manifest: '<manifest:encryption-data/>' }), 'ENCRYPTED_FILE'],
    ['that is damaged', openDocument('<table:table><table:table-row></table:table>'), 'MALFORMED_FILE'],
    ['that is a text', openDocument('', { mimetype: 'application/vnd.oasis.opendocument.text' }), 'CONTENT_MISMATCH'],
  ])('%s is refused', async (_, bytes, code) => {
    await expect(parseSpreadsheet(bytes)).rejects.toMatchObject({ name: 'DocentError', code })
  })
})

describe('what is no workbook', () => {
  const sharedStringThatIsNot = workbook({ sheets: [{ rows: '<row><c t="s"><v>7</v></c></row>' }] })
  const xls: Buffer = write(madeWorkbook(), { bookType: 'xls', type: 'buffer' })
  // FilePass, the record of a password, right after the record that begins the workbook: RC4, and no key that fits.
  const start = xls.indexOf(Buffer.from('0908100000060500', 'hex'))
  const encryptedXls = Buffer.from(xls)
  Buffer.from('2f0004000000ffff', 'hex').copy(encryptedXls, start + 20)

  it.each([
    ['an encrypted workbook', compoundFile('EncryptedPackage'), 'ENCRYPTED_FILE'],
    ['an encrypted .xls file', encryptedXls, 'ENCRYPTED_FILE'],
    ['a .doc file', compoundFile('WordDocument'), 'CONTENT_MISMATCH'],
    ['a cut .xls file', xls.subarray(0, 2000), 'MALFORMED_FILE'],
    ['an .xls file without content', compoundFile('Workbook'), 'MALFORMED_FILE'],
    ['a text', Buffer.from('Name,City'), 'CONTENT_MISMATCH'],
    ['a web page', Buffer.from('<table><tr><td>1</td></tr></table>'), 'CONTENT_MISMATCH'],
    ['a program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(2000, 'Name,City\n')]), 'CONTENT_MISMATCH'],
    ['nothing', Buffer.alloc(0), 'CONTENT_MISMATCH'],
    ['another archive', makeZip({ 'word/document.xml': '<w/>' }), 'CONTENT_MISMATCH'],
    ['broken XML', workbook({ sheets: [{ rows: '<row><c></row>' }] }), 'MALFORMED_FILE'],
    ['a shared string that is not there', sharedStringThatIsNot, 'MALFORMED_FILE'],
    ['a cut file', workbook({ sheets: [{ rows: '' }] }).subarray(0, 300), 'MALFORMED_FILE'],
    ['a part longer than it says', makeZip({ 'xl/workbook.xml': '<a/>'.repeat(1000) }, 10), 'MALFORMED_FILE'],
    ['a bomb', makeZip({ 'xl/workbook.xml': '<a/>' }, 2 ** 31), 'UNPACKS_TOO_LARGE'],
  ])('%s is refused', async (_, bytes, code) => {
    await expect(parseSpreadsheet(bytes)).rejects.toMatchObject({ name: 'DocentError', code })
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
      const { blocks } = await parseSpreadsheet(await written(rows))
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
