import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DocentError } from '../../../src/errors.js'
import { canonicalDocument, normaliseText } from '../../../src/ingest/canonical-text.js'
import { parseCsv } from '../../../src/ingest/parse/csv.js'

const textOf = (source: string | Buffer): string =>
  canonicalDocument(parseCsv(Buffer.from(source as string)).blocks).canonicalText

const rowOf = (source: string, line: string): number | null | undefined => {
  const { canonicalText, places } = canonicalDocument(parseCsv(Buffer.from(source)).blocks)
  return places.find(({ start, end }) => canonicalText.slice(start, end) === line)?.row
}

describe('a table with column names', () => {
  it('has every row on one line, each cell beside the name of its column', () => {
    const parsed = parseCsv(Buffer.from('Name,City,Born\nAnn Lee,Paris,1980\nBob,,1975\n'))
    expect(parsed.blocks).toEqual([
      {
        text: 'Name: Ann Lee | City: Paris | Born: 1980\nName: Bob | Born: 1975',
        kind: 'table',
        firstRow: 2,
        headerRows: 0,
      },
    ])
    expect(parsed).toMatchObject({ title: null, metadata: { rows: 3, columns: ['Name', 'City', 'Born'] } })
  })

  it.each([
    ['comma', ','],
    ['semicolon', ';'],
    ['tab', '\t'],
    ['pipe', '|'],
  ])('may be divided by a %s', (_, delimiter) => {
    const source = [
      ['Name', 'Price'],
      ['Pen; "blue", 5|2', '1,50'],
      ['Ink', '2,00'],
    ]
      .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter))
      .join('\r\n')
    expect(textOf(source)).toBe('Name: Pen; "blue", 5|2 | Price: 1,50\nName: Ink | Price: 2,00')
  })

  it('may have decimal commas between semicolons', () => {
    expect(textOf('Ware;Preis;Menge\nStift;1,50;3\nTinte;2,00;4\n')).toBe(
      'Ware: Stift | Preis: 1,50 | Menge: 3\nWare: Tinte | Preis: 2,00 | Menge: 4',
    )
  })

  it('may say its delimiter in a first line, as Excel has it, which is no row', () => {
    expect(rowOf('sep=;\nName;Age\nAnn;40', 'Name: Ann | Age: 40')).toBe(2)
  })

  it('may have years as names, and a first column without one', () => {
    expect(textOf(',2019,2020\nParis,10.5,11\nRome,3,4')).toBe(
      'Paris | 2019: 10.5 | 2020: 11\nRome | 2019: 3 | 2020: 4',
    )
  })

  it('may be of text only', () => {
    expect(textOf('Country,Capital\nFrance,Paris\nItaly,Rome')).toBe(
      'Country: France | Capital: Paris\nCountry: Italy | Capital: Rome',
    )
  })

  it('keeps cells beyond the named columns, and rows that are too short', () => {
    expect(textOf('A,B\n1,2,3\n4')).toBe('A: 1 | B: 2 | 3\nA: 4')
  })

  it('has a line of its names when one of them stands beside no cell', () => {
    expect(textOf('Name,City\n')).toBe('Name | City')
    expect(textOf('Name,City,Age\nAnn,,40\n')).toBe('Name | City | Age\nName: Ann | Age: 40')
  })
})

describe('a table without column names', () => {
  it.each([
    ['values in the first row', '1,Ann,2020-01-02\n2,Bob,2020-01-03', '1 | Ann | 2020-01-02\n2 | Bob | 2020-01-03'],
    ['a value that comes again', 'red,round\nblue,square\nred,flat', 'red | round\nblue | square\nred | flat'],
    ['an address', 'Ann,ann@example.org\nBob,bob@example.org', 'Ann | ann@example.org\nBob | bob@example.org'],
    ['a single column', 'Ann\nBob', 'Ann\nBob'],
    ['years all the way down', 'Ann,1980\nBob,1975', 'Ann | 1980\nBob | 1975'],
  ])('is read as it stands: %s', (_, source, text) => {
    expect(textOf(source)).toBe(text)
  })
})

describe('what stands around a table', () => {
  it('is a heading above it', () => {
    const { blocks } = parseCsv(Buffer.from('Sales 2024,,\n\nCity,Units,Price\nParis,3,1.5\n'))
    expect(blocks).toEqual([
      { text: 'Sales 2024', kind: 'table', firstRow: 1, headerRows: 0 },
      { text: 'City: Paris | Units: 3 | Price: 1.5', kind: 'table', firstRow: 4, headerRows: 0 },
    ])
    expect(parseCsv(Buffer.from('Sales 2024,,\nCity,Units,Price\nParis,3,1.5\n')).blocks[0]).toEqual({
      text: 'Sales 2024',
      headingLevel: 2,
    })
  })

  it('does not take the names away from the rows after a blank line', () => {
    expect(textOf('Name,City\nAnn,Paris\n\nBob,Rome\n')).toBe('Name: Ann | City: Paris\n\nName: Bob | City: Rome')
    expect(rowOf('Name,City\nAnn,Paris\n\nBob,Rome\n', 'Name: Bob | City: Rome')).toBe(4)
  })

  it('may be another table with names of its own', () => {
    expect(textOf('Name,Age\nAnn,40\n\nItem,Price\nPen,1.50')).toBe('Name: Ann | Age: 40\n\nItem: Pen | Price: 1.50')
  })
})

describe('cells', () => {
  it('with line breaks become one line', () => {
    expect(textOf('Name,Note\nAnn,"first\r\n  second\u2028third"')).toBe('Name: Ann | Note: first second third')
  })

  it('keep quotes that stand inside', () => {
    expect(textOf('Part,Size\nPipe 5" long,3\n"He said ""no""",4')).toBe(
      'Part: Pipe 5" long | Size: 3\nPart: He said "no" | Size: 4',
    )
  })

  it('may come with a byte order mark, or in another encoding', () => {
    expect(textOf('\ufeffName,Age\nAnn,40')).toBe('Name: Ann | Age: 40')
    const parsed = parseCsv(Buffer.from('Name,Stadt\nJörg Müller,Köln\nJürgen Schröder,München', 'latin1'))
    expect(parsed.blocks[0]?.text).toBe('Name: Jörg Müller | Stadt: Köln\nName: Jürgen Schröder | Stadt: München')
    expect(parsed.metadata.encoding).toBe('windows-1252')
  })
})

describe('a file', () => {
  it('with many rows becomes a block per two hundred', () => {
    const rows = Array.from({ length: 450 }, (_, index) => `${index},n${index}`)
    const { blocks } = parseCsv(Buffer.from(`Id,Name\n${rows.join('\n')}`))
    expect(blocks.map(({ firstRow }) => firstRow)).toEqual([2, 202, 402])
  })

  it.each(['', '\n\n', ',,\n,\n', '  \t '])('without text has no blocks: %j', (source) => {
    expect(parseCsv(Buffer.from(source)).blocks).toEqual([])
  })

  it('with a quote that is never closed is malformed, and the line is said', () => {
    const parse = () => parseCsv(Buffer.from('Name,Note\nAnn,"a\nb"\nBob,"never closed\nCid,c\n'))
    expect(parse).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE', details: { line: 4 } }) as DocentError)
    expect(parse).toThrow(/line 4 .* never closed/)
  })
})

/** What a cell is in canonical text. */
const plain = (cell: string): string => normaliseText(cell).replace(/\s+/g, ' ').trim()

it('gives every cell of any table back, each row on one line', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\t', '|', '\n', '\r', ' ', '1', '\u2028', '\u200b') }),
  )
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(table, fc.constantFrom(',', ';', '\t', '|'), (rows, delimiter) => {
      fc.pre(!rows.flat().some((text) => text.includes('\0')))
      const lines = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(delimiter))
      const { blocks } = parseCsv(Buffer.from(`sep=${delimiter}\n${lines.join('\n')}`))
      const { canonicalText, places } = canonicalDocument(blocks)
      expect(canonicalText.split('\n').filter((line) => line !== '')).toHaveLength(
        places.filter(({ start, end }) => end > start).length,
      )
      for (const [index, row] of rows.entries()) {
        const place = places.find(({ row: number }) => number === index + 1)
        const line = place ? canonicalText.slice(place.start, place.end) : canonicalText
        for (const text of row) expect(line).toContain(plain(text))
      }
    }),
  )
})
