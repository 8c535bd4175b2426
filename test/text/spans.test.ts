import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byScore, decodeSpans, type ScoredSpan, type SpanLogits, type SpanSettings } from '../../src/text/spans.js'
import type { Encoding } from '../../src/text/tokenizer.js'
import { makeWindows, type Window } from '../../src/text/windows.js'

const special = { pair: { before: [1], between: [2], after: [2], contextType: 1 } }

function encodingOf(length: number): Encoding {
  const numbers = Int32Array.from({ length }, (_, index) => index)
  return { ids: numbers, starts: numbers.map((i) => 3 * i), ends: numbers.map((i) => 3 * i + 2) }
}

/** The definition, taken literally: every start with every end. */
function bruteForce(windows: readonly Window[], logits: readonly SpanLogits[], settings: SpanSettings): ScoredSpan[] {
  const best = new Map<string, ScoredSpan>()
  for (const [index, { contextOffset, starts, ends }] of windows.entries()) {
    const { startLogits, endLogits } = logits[index] as SpanLogits
    for (let from = 0; from < starts.length; from++) {
      for (let to = from; to < starts.length; to++) {
        if (to - from + 1 > settings.maxAnswerTokens) continue
        const score = (startLogits[contextOffset + from] as number) + (endLogits[contextOffset + to] as number)
        const span = { start: starts[from] as number, end: ends[to] as number, score }
        const key = `${span.start}:${span.end}`
        if (score > (best.get(key)?.score ?? Number.NEGATIVE_INFINITY)) best.set(key, span)
      }
    }
  }
  return [...best.values()].sort(byScore).slice(0, settings.nBest)
}

/** Few different values, so that ties are common. */
const logit = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float({ min: -20, max: 20, noNaN: true }))

const decodings = fc
  .record({
    context: fc.nat(60),
    stride: fc.nat(9),
    maxAnswerTokens: fc.integer({ min: 1, max: 35 }),
    nBest: fc.integer({ min: 1, max: 25 }),
  })
  .chain((settings) => {
    const shape = { maxSequenceLength: 18, stride: settings.stride, maxQuestionTokens: 10 }
    const windows = makeWindows(encodingOf(4), encodingOf(settings.context), special, shape)
    const logitsOf = (window: Window) =>
      fc
        .array(logit, { minLength: 2 * window.inputIds.length, maxLength: 2 * window.inputIds.length })
        .map((values) => ({
          startLogits: Float32Array.from(values.slice(0, window.inputIds.length)),
          endLogits: Float32Array.from(values.slice(window.inputIds.length)),
        }))
    return fc.record({
      windows: fc.constant(windows),
      logits: fc.tuple(...windows.map(logitsOf)),
      settings: fc.constant(settings),
    })
  })

describe('decodeSpans', () => {
  it('gives the same spans, scores and order as going through every start and end', () => {
    fc.assert(
      fc.property(decodings, ({ windows, logits, settings }) => {
        expect(decodeSpans(windows, logits, settings).spans).toEqual(bruteForce(windows, logits, settings))
      }),
      { numRuns: 300 },
    )
  })

  it('takes the smallest [CLS] score of the windows as the null score', () => {
    fc.assert(
      fc.property(decodings, ({ windows, logits, settings }) => {
        const scores = logits.map(({ startLogits, endLogits }) => (startLogits[0] as number) + (endLogits[0] as number))
        expect(decodeSpans(windows, logits, settings).nullScore).toBe(Math.min(...scores))
      }),
    )
  })

  it('refuses logits that are not finite or do not fit the window', () => {
    const windows = makeWindows(encodingOf(2), encodingOf(3), special, {
      maxSequenceLength: 20,
      stride: 2,
      maxQuestionTokens: 5,
    })
    const settings = { maxAnswerTokens: 5, nBest: 3 }
    const zeros = new Float32Array(8)
    const broken = Float32Array.of(0, 0, 0, Number.NaN, 0, 0, 0, 0)
    expect(() => decodeSpans(windows, [{ startLogits: broken, endLogits: zeros }], settings)).toThrow(/not finite/)
    const short = zeros.subarray(1)
    expect(() => decodeSpans(windows, [{ startLogits: zeros, endLogits: short }], settings)).toThrow(/8 and 7 logits/)
    expect(() => decodeSpans(windows, [], settings)).toThrow(/as many logits/)
  })
})
