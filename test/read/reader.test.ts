import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_READER_SETTINGS, Reader } from '../../src/read/reader.js'
import type { ReaderHost } from '../../src/read/windows.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { keywordHost, REFERENCE, referenceHost } from './hosts.js'

const calibration = { temperature: 1, noAnswerThreshold: 0 }
const passages = [
  { text: 'The library opens at nine.' },
  { text: 'The director is Anna Keller 😀. She has led the house since 2011.' },
  { text: 'A book costs ten cents a day.' },
]

let tokenizer: Tokenizer
const readerOf = (host: ReaderHost, settings = DEFAULT_READER_SETTINGS) =>
  new Reader({ host, tokenizer, settings, calibration })
beforeAll(async () => {
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
})

describe('Reader', () => {
  it('quotes the passage that answers, with offsets into it and a high confidence', async () => {
    const result = await readerOf(await keywordHost(tokenizer, 'anna', 'keller')).read('Who is the director?', passages)
    expect(result.spans[0]).toMatchObject({ passage: 1, start: 16, end: 27, text: 'Anna Keller', margin: 10 })
    expect(result.spans[0]?.confidence).toBeGreaterThan(0.99)
    expect(result.abstains).toBe(false)
    expect(result.noAnswerProbability).toBeLessThan(0.01)
  })

  it('abstains when no passage has a span above its null score, and still shows what it saw', async () => {
    const result = await readerOf(await keywordHost(tokenizer, 'apple', 'apple')).read('When?', passages)
    expect(result.abstains).toBe(true)
    expect(result.noAnswerProbability).toBeGreaterThan(0.9)
    expect(result.spans.length).toBeGreaterThan(0)
  })

  it('gives no two spans that overlap, best first, whose confidences add up to 1 with the abstention', async () => {
    const host = await keywordHost(tokenizer, 'the', 'house')
    const { spans, noAnswerProbability } = await readerOf(host).read('What?', passages)
    const total = spans.reduce((sum, { confidence }) => sum + confidence, noAnswerProbability)
    expect(total).toBeCloseTo(1, 9)
    for (const [index, span] of spans.entries()) {
      expect(span.text).toBe(passages[span.passage]?.text.slice(span.start, span.end))
      for (const other of spans.slice(index + 1)) {
        expect(span.margin).toBeGreaterThanOrEqual(other.margin)
        const overlap = span.passage === other.passage && span.start < other.end && other.start < span.end
        expect(overlap).toBe(false)
      }
    }
  })

  it('finds an answer behind the first window, and the same passage alone or among others', async () => {
    const long = { text: `${'A lost card is replaced once for nothing. '.repeat(100)}The director is Anna Keller.` }
    const reader = readerOf(await keywordHost(tokenizer, 'anna', 'keller'))
    const [alone, among] = [await reader.read('Who?', [long]), await reader.read('Who?', [...passages, long])]
    expect(alone.spans[0]?.text).toBe('Anna Keller')
    const inLong = among.spans.filter(({ passage }) => passage === 3)
    expect(inLong.map(({ start, end, margin }) => [start, end, margin])).toEqual(
      alone.spans.map(({ start, end, margin }) => [start, end, margin]),
    )
  })

  it('decodes the logits that transformers gives for the tiny model, over all windows of a long passage', async () => {
    for (const { question, context } of new Map(REFERENCE.map((row) => [row.question, row])).values()) {
      const { spans } = await readerOf(referenceHost).read(question, [{ text: context }])
      expect(spans[0]?.text).toBe(context.slice(spans[0]?.start, spans[0]?.end))
      expect(spans[0]?.text.length).toBeGreaterThan(0)
    }
  })

  it('quotes verbatim whatever characters the passages hold', async () => {
    const part = fc.constantFrom(
      'anna',
      ' ',
      '😀',
      'e\u0301',
      '\n',
      'keller',
      '\u00a0',
      '中',
      '\ud800',
      '\udc00',
      '👩‍👧',
      '\ufeff',
      '.',
    )
    const texts = fc.array(part, { maxLength: 15 }).map((parts) => ({ text: parts.join('') }))
    const reader = readerOf(await keywordHost(tokenizer, 'anna', 'keller'))
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { maxLength: 3 }), async (list) => {
        const { spans, noAnswerProbability } = await reader.read('Who?', list)
        for (const { passage, start, end, text } of spans) expect(list[passage]?.text.slice(start, end)).toBe(text)
        expect(noAnswerProbability).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('abstains without passages, and from passages without words', async () => {
    const reader = readerOf(await keywordHost(tokenizer, 'anna', 'keller'))
    for (const list of [[], [{ text: '' }, { text: ' \n' }]]) {
      expect(await reader.read('Who?', list)).toEqual({
        candidates: [],
        spans: [],
        noAnswerProbability: 1,
        abstains: true,
      })
    }
  })

  it('cuts a question of any length', async () => {
    const reader = readerOf(await keywordHost(tokenizer, 'anna', 'keller'))
    const { spans } = await reader.read('Who '.repeat(1000), passages)
    expect(spans[0]?.text).toBe('Anna Keller')
  })

  it('says so when the graph is not a reader', async () => {
    const host: ReaderHost = { run: async (inputs) => inputs.map(() => ({ last_hidden_state: new Float32Array(1) })) }
    await expect(readerOf(host).read('Who?', passages)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
  })
})
