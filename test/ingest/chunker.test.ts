import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChunkSpan } from '../../src/domain.js'
import { type Block, canonicalDocument } from '../../src/ingest/canonical-text.js'
import { type ChunkSettings, chunkText } from '../../src/ingest/chunker.js'
import { Tokenizer } from '../../src/text/tokenizer.js'

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
  fc.constantFrom('😀', '中文。', '\u200d', 'x'.repeat(300), '😀'.repeat(100), '\n', '\n- item:', '- - -', '(a)', '"'),
)
const paragraph = fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' '))
const blocks: fc.Arbitrary<Block[]> = fc.array(
  fc.oneof(
    fc.record({ text: paragraph }),
    fc.record({
      text: fc.constantFrom('Travel', 'Q. and A. What?', 'x'.repeat(200)),
      headingLevel: fc.integer({ min: 1, max: 4 }),
    }),
  ),
  { maxLength: 15 },
)

async function chunksOf(given: readonly Block[], settings: ChunkSettings) {
  const document = canonicalDocument(given)
  const encoding = await tokenizer.encode(document.canonicalText)
  return { ...document, encoding, chunks: chunkText(document, encoding, settings) }
}

const textOf = (text: string, { start, end }: ChunkSpan) => text.slice(start, end)
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
          const inside = encoding.starts.filter(
            (start, at) => start < chunk.end && (encoding.ends[at] as number) > chunk.start,
          )
          expect(chunk.tokenCount).toBe(inside.length)
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
