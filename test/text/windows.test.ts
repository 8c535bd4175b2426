import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Encoding, Tokenizer } from '../../src/text/tokenizer.js'
import { DEFAULT_WINDOW_SETTINGS, makeWindows } from '../../src/text/windows.js'

const special = { pair: { before: [1], between: [2], after: [2], contextType: 1 } }

/** Token i has id 100 + i and covers the characters 3i to 3i + 2. */
function encodingOf(length: number): Encoding {
  const numbers = Int32Array.from({ length }, (_, index) => index)
  return { ids: numbers.map((i) => 100 + i), starts: numbers.map((i) => 3 * i), ends: numbers.map((i) => 3 * i + 2) }
}

const specialTokens = (minLength: number) => fc.array(fc.integer({ min: 1, max: 9 }), { minLength, maxLength: 3 })
const templates = fc.record({
  before: specialTokens(1),
  between: specialTokens(1),
  after: specialTokens(0),
  contextType: fc.constantFrom(0, 1),
})

const cases = fc.record({
  pair: templates,
  question: fc.nat(90),
  context: fc.nat(600),
  maxQuestionTokens: fc.integer({ min: 1, max: 64 }),
  room: fc.integer({ min: 2, max: 100 }),
  overlap: fc.nat(99),
})

describe('makeWindows', () => {
  it('puts every context token in some window, with its own offsets, in windows of the allowed length', () => {
    fc.assert(
      fc.property(cases, ({ pair, question, context, maxQuestionTokens, room, overlap }) => {
        const stride = overlap % room
        const { before, between, after, contextType } = pair
        const asked = Math.min(question, maxQuestionTokens)
        const maxSequenceLength = before.length + asked + between.length + room + after.length
        const settings = { maxSequenceLength, stride, maxQuestionTokens }
        const encoding = encodingOf(context)
        const windows = makeWindows(encodingOf(question), encoding, { pair }, settings)
        const seen = new Set<number>()
        for (const { inputIds, tokenTypeIds, contextOffset, starts, ends } of windows) {
          expect(inputIds.length).toBeLessThanOrEqual(maxSequenceLength)
          const contextEnd = contextOffset + starts.length
          expect(contextOffset).toBe(before.length + asked + between.length)
          expect([...inputIds.subarray(0, before.length)]).toEqual(before)
          expect([...inputIds.subarray(contextOffset - between.length, contextOffset)]).toEqual(between)
          expect([...inputIds.subarray(contextEnd)]).toEqual(after)
          expect([...tokenTypeIds].map((type, at) => type === (at < contextOffset ? 0 : contextType))).not.toContain(
            false,
          )
          const tokens = [...inputIds.subarray(contextOffset, contextEnd)].map((id) => id - 100)
          expect([...starts].join()).toBe(tokens.map((token) => encoding.starts[token]).join())
          expect([...ends].join()).toBe(tokens.map((token) => encoding.ends[token]).join())
          for (const token of tokens) seen.add(token)
        }
        expect(seen.size).toBe(context)
      }),
      { numRuns: 60 },
    )
  })

  it('makes the windows of the reference tokenizer', async () => {
    const folder = 'test/fixtures/tiny-model'
    const tokenizer = await Tokenizer.open(folder)
    interface Row {
      question: string
      context: string
      input_ids: number[]
      token_type_ids: number[]
      offsets: [number, number][]
    }
    const rows: Row[] = JSON.parse(await readFile(`${folder}/reference.json`, 'utf8'))
    const pairs = new Map(rows.map((row) => [row.question + row.context, row]))
    const windows = []
    for (const { question, context } of pairs.values()) {
      const [asked, read] = [await tokenizer.encode(question), await tokenizer.encode(context)]
      windows.push(...makeWindows(asked, read, tokenizer, DEFAULT_WINDOW_SETTINGS))
    }
    expect(windows.map((window) => [...window.inputIds])).toEqual(rows.map((row) => row.input_ids))
    expect(windows.map((window) => [...window.tokenTypeIds])).toEqual(rows.map((row) => row.token_type_ids))
    expect(windows.map((window) => [...window.starts].map((start, index) => [start, window.ends[index]]))).toEqual(
      windows.map((window, index) => (rows[index] as Row).offsets.slice(window.contextOffset, -1)),
    )
  })

  it('gives an empty context one window', () => {
    const windows = makeWindows(encodingOf(3), encodingOf(0), special, DEFAULT_WINDOW_SETTINGS)
    expect(windows.map((window) => [...window.inputIds])).toEqual([[1, 100, 101, 102, 2, 2]])
  })

  it('refuses an overlap as large as the room for the context', () => {
    const settings = { maxSequenceLength: 20, stride: 12, maxQuestionTokens: 10 }
    expect(() => makeWindows(encodingOf(5), encodingOf(100), special, settings)).toThrow(/never get past/)
  })
})
