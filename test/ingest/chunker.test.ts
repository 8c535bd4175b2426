import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChunkSpan, Place } from '../../src/domain.js'
import { type Block, canonicalDocument } from '../../src/ingest/canonical-text.js'
import { type ChunkSettings, chunkText } from '../../src/ingest/chunker.js'
import { listText, tableText } from '../../src/ingest/parse/blocks.js'
import { type Encoding, Tokenizer } from '../../src/text/tokenizer.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
})

const SMALL: ChunkSettings = {
  targetTokens: 24,
  maxTokens: 30,
  minTokens: 8,
  maxLength: 120,
  maxHeaderTokens: 8,
  maxHeaderLength: 40,
}

const words = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('the', 'model', 'Dr.', 'reads', 'every', 'page.', 'Why?', 'No!', 'e.g.', '3.5'),
  },
  fc.constantFrom(
    '😀',
    '👩‍👩‍👧',
    'שלום.',
    'مرحبا؟',
    '中文。',
    '\u200d',
    'x'.repeat(300),
    '😀'.repeat(100),
    '\n',
    '\n- item:',
    '- - -',
    '(a)',
    '"',
  ),
)
const paragraph = fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' '))
const line = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' ').replaceAll('\n', ' '))
const table = fc
  .record({
    cells: fc.array(fc.array(line, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
    headerRows: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ cells, headerRows }) => ({ text: tableText(cells), kind: 'table' as const, headerRows }))
const list = fc
  .array(fc.record({ marker: fc.constantFrom('-', '3.', '(b)', 'iv.'), text: line }), { minLength: 1, maxLength: 8 })
  .map((items) => ({ text: listText(items), kind: 'list' as const }))
const heading = fc.record({
  text: fc.constantFrom('Travel', 'Q. and A. What?', 'x'.repeat(200)),
  headingLevel: fc.integer({ min: 1, max: 4 }),
})
const blocks: fc.Arbitrary<Block[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ text: paragraph }) },
    heading,
    table,
    list,
    fc.record({ text: paragraph, kind: fc.constant('code' as const) }),
  ),
  { maxLength: 15 },
)

async function chunksOf(given: readonly Block[], settings: ChunkSettings) {
  const document = canonicalDocument(given)
  const encoding = await tokenizer.encode(document.canonicalText)
  return { ...document, encoding, chunks: chunkText(document, encoding, settings) }
}

const textOf = (text: string, { start, end }: ChunkSpan) => text.slice(start, end)
const tokensIn = ({ starts, ends }: Encoding, start: number, end: number) =>
  starts.filter((from, at) => from < end && (ends[at] as number) > start).length
const fits = (encoding: Encoding, start: number, end: number) =>
  end - start <= SMALL.maxLength && tokensIn(encoding, start, end) <= SMALL.maxTokens
const sentence = (count: number) => `Word${' word'.repeat(count - 1)}. `

describe('chunkText', () => {
  it('puts every character that is not whitespace into exactly one chunk, in order, trimmed', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { canonicalText, chunks } = await chunksOf(given, SMALL)
        let end = 0
        for (const chunk of chunks) {
          expect(canonicalText.slice(end, chunk.start).trim()).toBe('')
          expect(chunk.start).toBeGreaterThanOrEqual(end)
          expect(textOf(canonicalText, chunk).trim()).toBe(textOf(canonicalText, chunk))
          expect(chunk.end).toBeGreaterThan(chunk.start)
          end = chunk.end
        }
        expect(canonicalText.slice(end).trim()).toBe('')
      }),
    )
  })

  it('keeps every chunk within its limits and never cuts a character in two', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { canonicalText, encoding, chunks } = await chunksOf(given, SMALL)
        for (const chunk of chunks) {
          expect(chunk.end - chunk.start).toBeLessThanOrEqual(SMALL.maxLength)
          expect(chunk.tokenCount).toBeLessThanOrEqual(SMALL.maxTokens)
          expect(chunk.tokenCount).toBe(tokensIn(encoding, chunk.start, chunk.end))
          expect(textOf(canonicalText, chunk)).not.toMatch(/\p{Surrogate}/u)
        }
      }),
    )
  })

  it('gives a chunk the heading path of the section it begins in', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { sections, chunks } = await chunksOf(given, SMALL)
        for (const chunk of chunks) {
          const section = sections.find(({ start, end }) => start <= chunk.start && chunk.start < end)
          expect(chunk.headingPath).toEqual(section?.headingPath)
        }
      }),
    )
  })

  it('divides a stretch evenly instead of leaving a short rest', async () => {
    const { encoding, chunks } = await chunksOf([{ text: sentence(3).repeat(20) }], {
      ...SMALL,
      targetTokens: 100,
      maxTokens: 120,
      maxLength: 1000,
    })
    const total = encoding.ids.length
    expect(total).toBeGreaterThan(120)
    for (const { tokenCount } of chunks) expect(Math.abs(tokenCount - total / chunks.length)).toBeLessThan(total / 10)
  })

  it('cuts a sentence that is longer than a chunk at spaces into even parts', async () => {
    const text = `A ${'long '.repeat(60)}sentence`
    const { canonicalText, encoding, chunks } = await chunksOf([{ text }], { ...SMALL, maxLength: 1000 })
    expect(chunks.map((chunk) => textOf(canonicalText, chunk)).join(' ')).toBe(text)
    const mean = encoding.ids.length / chunks.length
    for (const { tokenCount } of chunks) expect(Math.abs(tokenCount - mean)).toBeLessThan(mean / 2)
  })

  it('does not cross a heading of the two outermost levels', async () => {
    const { canonicalText, chunks } = await chunksOf(
      [
        { text: 'Leave', headingLevel: 2 },
        { text: sentence(10) },
        { text: 'Travel', headingLevel: 2 },
        { text: sentence(10) },
      ],
      { ...SMALL, maxTokens: 100, targetTokens: 100 },
    )
    expect(chunks.map((chunk) => textOf(canonicalText, chunk).split('\n')[0])).toEqual(['Leave', 'Travel'])
  })

  it('joins what is too short to stand alone to what follows, and a short end to what precedes', async () => {
    const { canonicalText, chunks } = await chunksOf(
      [
        { text: 'Handbook', headingLevel: 1 },
        { text: 'Leave', headingLevel: 2 },
        { text: sentence(10) },
        { text: 'Links', headingLevel: 2 },
        { text: 'None.' },
      ],
      { ...SMALL, maxTokens: 100, targetTokens: 100, minTokens: 12 },
    )
    expect(chunks.map((chunk) => textOf(canonicalText, chunk))).toEqual([canonicalText])
  })

  it('does not end a chunk with a heading or with the line that leads in to a list', async () => {
    const items = Array.from({ length: 8 }, (_, number) => `- ${sentence(5).trim()} ${number}`).join('\n')
    const { canonicalText, chunks } = await chunksOf(
      [
        { text: 'A', headingLevel: 1 },
        { text: sentence(14) },
        { text: 'Below', headingLevel: 3 },
        { text: 'You need:' },
        { text: items },
      ],
      SMALL,
    )
    for (const chunk of chunks.slice(0, -1)) {
      expect(textOf(canonicalText, chunk)).not.toMatch(/(?:^|\n)(?:Below|You need:)$/)
    }
  })

  it('cuts a table that is longer than a chunk between its rows', async () => {
    const rows = Array.from(
      { length: 12 },
      (_, row) => `cell number ${row} of the first column | another cell of it | and one more`,
    )
    const { canonicalText, chunks } = await chunksOf([{ text: rows.join('\n') }], {
      ...SMALL,
      maxTokens: 120,
      targetTokens: 100,
      maxLength: 1000,
    })
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) expect(rows).toContain(textOf(canonicalText, chunk).split('\n').at(-1))
  })

  it('has no chunks for an empty text', async () => {
    expect((await chunksOf([], SMALL)).chunks).toEqual([])
  })
})

describe('the chunks of a table', () => {
  const CUP = { ...SMALL, maxTokens: 60, targetTokens: 50, maxLength: 1000, maxHeaderTokens: 20 }
  const tableOf = (rows: number, header = 'Item | Price') => ({
    text: [header, ...Array.from({ length: rows }, (_, row) => `No. ${row} Cup. Blue. | approx. ${row}.5 euros`)].join(
      '\n',
    ),
    kind: 'table' as const,
    headerRows: 1,
  })

  it('end at the ends of rows, unless a row alone is longer than a chunk', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { places, encoding, chunks } = await chunksOf(given, SMALL)
        for (const { start, end, kind } of places) {
          if (kind !== 'table' || !fits(encoding, start, end)) continue
          expect(chunks.filter((chunk) => chunk.end > start && chunk.end < end)).toEqual([])
        }
      }),
    )
  })

  it('do not end with a header that fits into a chunk with the row under it', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { canonicalText, places, encoding, chunks } = await chunksOf(given, SMALL)
        const isRow = (place?: Place): place is Place => place?.kind === 'table'
        const isUnder = (above: Place, row?: Place): row is Place =>
          isRow(row) && canonicalText.slice(above.end, row.start) === '\n'
        for (const [at, header] of places.entries()) {
          if (!header.isHeader) continue
          let first = at
          while (places[first - 1]?.isHeader && isUnder(places[first - 1] as Place, header)) first--
          const row = places[at + 1]
          if (!isUnder(header, row) || !fits(encoding, (places[first] as Place).start, row.end)) continue
          expect(chunks.find(({ end }) => end === header.end)).toBeUndefined()
        }
      }),
    )
  })

  it('carry the header of a table that they begin in the middle of, within the limit of a chunk', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const { canonicalText, places, encoding, chunks } = await chunksOf(given, SMALL)
        for (const { start, tokenCount, tableHeader } of chunks) {
          const row = places.find((place) => place.start <= start && start < place.end)
          if (tableHeader == null) continue
          expect(row).toMatchObject({ kind: 'table', isHeader: false })
          const above = places.filter((place) => place.isHeader && place.start < start)
          const first = above.findLast((place) => canonicalText.startsWith(tableHeader, place.start)) as Place
          expect(first).toBeDefined()
          const headerTokens = tokensIn(encoding, first.start, first.start + tableHeader.length)
          expect(headerTokens).toBeLessThanOrEqual(SMALL.maxHeaderTokens)
          expect(headerTokens + tokenCount).toBeLessThanOrEqual(SMALL.maxTokens)
          expect(tableHeader.length).toBeLessThanOrEqual(SMALL.maxHeaderLength)
        }
      }),
    )
  })

  it('all but the first carry the header, which is no part of their text', async () => {
    const { canonicalText, chunks } = await chunksOf([tableOf(12)], CUP)
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.map(({ tableHeader }) => tableHeader)).toEqual([null, ...chunks.slice(1).map(() => 'Item | Price')])
    for (const chunk of chunks.slice(1)) expect(textOf(canonicalText, chunk)).toMatch(/^No\. .* euros$/s)
  })

  it('carry as many whole words of a long header as fit', async () => {
    const { chunks } = await chunksOf([tableOf(12, 'Item | Price | a\u00e9 word'.repeat(9))], CUP)
    const carried = chunks.map(({ tableHeader }) => tableHeader).filter((header) => header != null)
    expect(carried.length).toBeGreaterThan(0)
    for (const header of carried) expect(header).toMatch(/(?:Item|Price|a\u00e9|wordItem)$/)
  })

  it('take the header of their own table only', async () => {
    const [first, second] = [tableOf(6, 'Mug | Price'), { ...tableOf(6, 'Cup | Price'), headerRows: 0 }]
    const { canonicalText, chunks } = await chunksOf([first, second], CUP)
    for (const { start, tableHeader } of chunks.slice(1))
      expect(tableHeader).toBe(start < canonicalText.indexOf('Cup |') ? 'Mug | Price' : null)
  })

  it('divide a row that is longer than a chunk at its cells and their sentences', async () => {
    const cells = Array.from({ length: 6 }, (_, cell) => `${sentence(6)}${sentence(5)}Cell ${cell}.`)
    const { canonicalText, chunks } = await chunksOf([{ text: cells.join(' | '), kind: 'table' }], CUP)
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) expect(textOf(canonicalText, chunk)).toMatch(/^Word.*\.(?: \|)?$|^Cell.*\.(?: \|)?$/)
  })
})

describe('the chunks of a list', () => {
  const item = (number: number) => `${number}. ${sentence(4)}${sentence(4).trim()}`
  const ROOMY = { ...SMALL, targetTokens: 60, maxTokens: 80, maxLength: 1000 }

  it('end between items where such a border is near', async () => {
    const text = Array.from({ length: 12 }, (_, number) => item(number)).join('\n')
    const { canonicalText, chunks } = await chunksOf([{ text, kind: 'list' }], ROOMY)
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) expect(textOf(canonicalText, chunk)).toMatch(/^\d+\. /)
  })

  it('end inside an item that is longer than a chunk at a sentence', async () => {
    const text = `- ${sentence(5).repeat(30).trim()}`
    const { canonicalText, chunks } = await chunksOf([{ text, kind: 'list' }], ROOMY)
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) expect(textOf(canonicalText, chunk)).toMatch(/^(?:- )?Word.*\.$/)
  })

  it('have the line that leads in, and the heading above it, with the first item', async () => {
    for (let words = 8; words < 40; words++) {
      const { canonicalText, chunks } = await chunksOf(
        [
          { text: sentence(words) },
          { text: 'Below', headingLevel: 3 },
          { text: 'You need:' },
          { text: [1, 2, 3, 4].map(item).join('\n'), kind: 'list' },
        ],
        ROOMY,
      )
      for (const chunk of chunks) expect(textOf(canonicalText, chunk)).not.toMatch(/(?:Below|You need:)$/)
    }
  })
})

describe('the chunks of a page', () => {
  it('are those of the paragraph, not of its lines', async () => {
    const text = sentence(12).repeat(8).trim()
    const boxes = Array.from({ length: Math.ceil(text.length / 40) }, (_, at) => ({
      start: at * 40,
      end: Math.min(text.length, at * 40 + 40),
      page: at < 3 ? 1 : 2,
      box: [0, 0, 1, 1] as const,
    }))
    const [lines, plain] = [await chunksOf([{ text, boxes }], SMALL), await chunksOf([{ text }], SMALL)]
    expect(lines.places.length).toBeGreaterThan(5)
    expect(lines.chunks).toEqual(plain.chunks)
  })

  it('have a heading of two lines whole', async () => {
    const text = 'Rules for the use. Of rooms'
    const box = [0, 0, 1, 1] as const
    const boxes = [
      { start: 0, end: 18, page: 1, box },
      { start: 19, end: 27, page: 1, box },
    ]
    const { canonicalText, chunks } = await chunksOf(
      [{ text: sentence(20) }, { text, headingLevel: 3, boxes }, { text: sentence(9) }],
      SMALL,
    )
    expect(chunks.filter((chunk) => textOf(canonicalText, chunk).includes(text))).toHaveLength(1)
  })
})

describe('the chunks of code', () => {
  it('end at the ends of lines', async () => {
    const lines = Array.from(
      { length: 9 },
      (_, at) => `if (value.isReady) console.log("Is it? Yes.", ${at}) // A line. Of code`,
    )
    const { canonicalText, chunks } = await chunksOf([{ text: lines.join('\n'), kind: 'code' }], {
      ...SMALL,
      maxTokens: 130,
      targetTokens: 100,
      maxLength: 1000,
    })
    expect(chunks.length).toBeGreaterThan(1)
    for (const chunk of chunks) expect(lines).toContain(textOf(canonicalText, chunk).split('\n').at(-1))
  })
})
