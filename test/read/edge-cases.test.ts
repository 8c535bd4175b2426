/** Passages and questions as nobody wishes them: right offsets all the same. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { chunkText } from '../../src/ingest/chunker.js'
import { DEFAULT_READER_SETTINGS, Reader } from '../../src/read/reader.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { keywordHost } from './hosts.js'

const ANSWER = 'Anna Keller'
const calibration = {
  temperature: 1,
  noAnswerThreshold: 0,
  exactness: { nullBias: 0, bias: 0, share: 1, margin: 0.1 },
}
const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })

let tokenizer: Tokenizer
let reader: Reader
beforeAll(async () => {
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
  const host = await keywordHost(tokenizer, 'anna', 'keller')
  reader = new Reader({ host, tokenizer, settings: DEFAULT_READER_SETTINGS, calibration })
})

/** Words of scripts that run the other way, have no spaces, or are put together of several code points. */
const words = fc.constantFrom(
  ...[
    'the',
    'library',
    '中文图书馆',
    '図書館は九時に',
    '도서관',
    'הַסִּפְרִיָּה',
    'المكتبةُ',
    '(שלום)',
    'पुस्तकालय',
    'ห้องสมุด',
    'cafe\u0301',
    'Z\u0335\u0321a\u0308',
  ],
  ...[
    '😀',
    '👩‍👩‍👧‍👦',
    '👍🏽',
    '🇫🇮🇨🇭',
    '☎️',
    '\u200f',
    '\u200d',
    '\ufeff',
    '\u00a0',
    '.',
    ',',
    '(',
    '"',
    '\n\n',
    '1,5 %',
    'ﬁ',
    'İ',
  ],
)
const noise = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' '))

describe('a reader', () => {
  it('finds the answer among any scripts, emoji and marks, and quotes it alone', async () => {
    await fc.assert(
      fc.asyncProperty(noise, noise, async (before, after) => {
        const text = `${before} ${ANSWER} ${after}`
        const { spans, noAnswerProbability } = await reader.read('Who?', [{ text }])
        const [best] = spans
        expect(best?.text).toBe(ANSWER)
        expect(best?.start).toBe(before.length + 1)
        expect(best?.confidence).toBeLessThanOrEqual(1 - noAnswerProbability)
      }),
    )
  })

  it('never ends a quote inside a character, whatever it takes for an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(noise, { minLength: 1, maxLength: 3 }), async (texts) => {
        const { spans } = await reader.read(
          'Who?',
          texts.map((text) => ({ text })),
        )
        for (const { passage, start, end, text } of spans) {
          const whole = texts[passage] as string
          const borders = new Set([...characters.segment(whole)].map(({ index }) => index).concat(whole.length))
          expect(whole.slice(start, end)).toBe(text)
          expect([borders.has(start), borders.has(end)]).toEqual([true, true])
        }
      }),
    )
  })

  it('abstains from empty passages, and reads the others as if they were not there', async () => {
    const empty = fc.constantFrom('', ' ', '\n\t', '\u00a0', '\u3000')
    await fc.assert(
      fc.asyncProperty(fc.array(empty, { maxLength: 4 }), fc.nat(4), async (blanks, at) => {
        const texts = blanks.map((text): { text: string } => ({ text }))
        expect(await reader.read('Who?', texts)).toMatchObject({ spans: [], noAnswerProbability: 1, abstains: true })
        const place = Math.min(at, texts.length)
        const { spans } = await reader.read('Who?', texts.toSpliced(place, 0, { text: `It is ${ANSWER}.` }))
        expect(spans[0]).toMatchObject({ passage: place, text: ANSWER })
      }),
    )
  })

  it('cuts a question that is longer than the window, and never quotes it', async () => {
    const questions = fc
      .array(fc.constantFrom('who', ANSWER, '谁', 'מי', '😀', '?'), { minLength: 1, maxLength: 800 })
      .map((parts) => parts.join(' '))
    await fc.assert(
      fc.asyncProperty(questions, fc.boolean(), async (question, hasAnswer) => {
        const text = hasAnswer ? `The director is ${ANSWER}.` : 'The library opens at nine.'
        const { spans, abstains } = await reader.read(question, [{ text }])
        expect(abstains).toBe(!hasAnswer)
        for (const span of spans) expect(text.slice(span.start, span.end)).toBe(span.text)
        if (hasAnswer) expect(spans[0]?.text).toBe(ANSWER)
      }),
      { numRuns: 30 },
    )
  })

  it('finds the one sentence in 400 pages, read whole', async () => {
    const { text, start } = book(400, 391)
    const { spans, abstains } = await reader.read('Who is the director?', [{ text }])
    expect(abstains).toBe(false)
    expect(spans[0]).toMatchObject({ text: ANSWER, start })
  }, 120_000)

  it('finds it in the chunks of 400 pages, whose offsets lead back into the document', async () => {
    const { text, start } = book(400, 201)
    const sections = [{ start: 0, end: text.length, headingPath: [] }]
    const chunks = chunkText({ canonicalText: text, sections, places: [] }, await tokenizer.encode(text))
    const passages = chunks.map((chunk) => ({ text: text.slice(chunk.start, chunk.end) }))
    const near = chunks.findIndex((chunk) => chunk.end > start)
    const read = passages.slice(near - 4, near + 4)
    const [best] = (await reader.read('Who is the director?', read)).spans
    const from = (chunks[near - 4 + (best?.passage ?? 0)]?.start ?? 0) + (best?.start ?? 0)
    expect(from).toBe(start)
    expect(text.slice(from, from + ANSWER.length)).toBe(ANSWER)
  }, 120_000)
})

/** Pages of 2,500 characters, some of them two units wide, and the answer once. */
function book(pages: number, page: number): { text: string; start: number } {
  const line = 'A lost card 😀 is replaced once; 第二次要付钱, and the fee is ten cents. '
  const filler = `${line.repeat(Math.ceil(2500 / line.length))}\n\n`
  const before = filler.repeat(page)
  const text = `${before}The director is ${ANSWER}. ${filler.repeat(pages - page)}`
  return { text, start: before.length + 'The director is '.length }
}
