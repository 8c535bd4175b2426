import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, shareLogOdds, toConfidences, toProbabilities } from '../../src/read/confidence.js'

const candidates = fc.array(
  fc.record({ passage: fc.nat(4), margin: fc.double({ min: -2000, max: 2000, noNaN: true }) }),
  { maxLength: 30 },
)
const temperatures = fc.double({ min: 0.25, max: 10, noNaN: true })

describe('toProbabilities', () => {
  it('shares out exactly 1 among the candidates and the abstention, larger margins getting more', () => {
    fc.assert(
      fc.property(candidates, temperatures, (list, temperature) => {
        const { noAnswerProbability, shares } = toProbabilities(list, temperature)
        const total = noAnswerProbability + shares.reduce((sum, share) => sum + share, 0)
        expect(total).toBeCloseTo(1, 9)
        for (const [index, { margin }] of list.entries()) {
          expect(shares[index]).toBeGreaterThanOrEqual(0)
          for (const [other, { margin: otherMargin }] of list.entries()) {
            if (margin > otherMargin) expect(shares[index]).toBeGreaterThanOrEqual(shares[other] as number)
          }
        }
      }),
    )
  })

  it('is the plain softmax over spans and null score for one passage', () => {
    const { noAnswerProbability, shares } = toProbabilities(
      [3, 1, -1].map((margin) => ({ passage: 0, margin })),
      2,
    )
    const weights = [0, 3, 1, -1].map((score) => Math.exp(score / 2))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    expect([noAnswerProbability, ...shares]).toEqual(weights.map((weight) => expect.closeTo(weight / total, 12)))
  })

  it('does not think an answer likelier for more passages that do not answer', () => {
    const best = { passage: 0, margin: 2 }
    const alone = toProbabilities([best], 1)
    const among = toProbabilities([best, ...[1, 2, 3].map((passage) => ({ passage, margin: -1 }))], 1)
    expect(among.noAnswerProbability).toBe(alone.noAnswerProbability)
  })

  it('is sure that nothing is there when there are no candidates', () => {
    expect(toProbabilities([], 1)).toEqual({ noAnswerProbability: 1, shares: [] })
  })
})

describe('shareLogOdds', () => {
  it('is log(s / (1 - s)) of the softmax, within bounds', () => {
    const [first, second] = shareLogOdds([2, 2 - Math.log(3)])
    expect([first, second]).toEqual([expect.closeTo(Math.log(3), 12), expect.closeTo(-Math.log(3), 12)])
    expect(shareLogOdds([5])).toEqual([12])
    expect(shareLogOdds([2000, -2000])).toEqual([12, -12])
  })
})

describe('toConfidences', () => {
  const spans = fc.array(
    fc.record({
      passage: fc.nat(2),
      start: fc.nat(50),
      length: fc.integer({ min: 1, max: 10 }),
      margin: fc.double({ min: -2000, max: 2000, noNaN: true }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  const weight = fc.double({ min: 0, max: 3, noNaN: true })
  const bias = fc.double({ min: -3, max: 3, noNaN: true })
  const exactness = fc.record({ nullBias: bias, bias, share: weight, margin: weight })
  const bestFirst = (list: { passage: number; start: number; length: number; margin: number }[]): Candidate[] =>
    list
      .map(({ length, ...span }) => ({ ...span, end: span.start + length }))
      .sort((left, right) => right.margin - left.margin)

  it('is never surer of a span than that there is an answer, and no less sure of a better one', () => {
    fc.assert(
      fc.property(spans, exactness, temperatures, (list, weights, temperature) => {
        const { noAnswerProbability, spans: confident } = toConfidences(bestFirst(list), {
          temperature,
          exactness: weights,
        })
        for (const [index, { confidence }] of confident.entries()) {
          expect(confidence).toBeGreaterThanOrEqual(0)
          expect(confidence).toBeLessThanOrEqual(1 - noAnswerProbability)
          expect(confidence).toBeLessThanOrEqual((confident[index - 1]?.confidence ?? 1) + 1e-12)
        }
      }),
    )
  })

  it('is surer of a span whose margin grows', () => {
    fc.assert(
      fc.property(spans, exactness, fc.double({ min: 0, max: 5, noNaN: true }), (list, weights, more) => {
        const candidates = bestFirst(list)
        const [best, ...others] = candidates as [Candidate, ...Candidate[]]
        const grown = [{ ...best, margin: best.margin + more }, ...others]
        const calibration = { temperature: 2, exactness: weights }
        const before = toConfidences(candidates, calibration).spans[0]?.confidence as number
        const after = toConfidences(grown, calibration).spans[0]?.confidence as number
        expect(after).toBeGreaterThanOrEqual(before - 1e-12)
      }),
    )
  })

  it('counts another wording of the same place against the words, and without `exactness` for the place', () => {
    const two = [
      { passage: 0, start: 0, end: 9, margin: 4 },
      { passage: 0, start: 4, end: 9, margin: 4 },
    ]
    const place = toConfidences(two, { temperature: 1 })
    expect(place.spans).toHaveLength(1)
    expect(place.spans[0]?.confidence).toBeCloseTo(1 - place.noAnswerProbability, 12)
    const exact = { nullBias: 0, bias: 0, share: 1, margin: 0 }
    const words = toConfidences(two, { temperature: 1, exactness: exact })
    expect(words.spans[0]?.confidence).toBeCloseTo((1 - words.noAnswerProbability) / 2, 12)
  })

  it('knows how common questions without an answer are', () => {
    const even = [{ passage: 0, start: 0, end: 1, margin: 0 }]
    const exact = { nullBias: Math.log(3), bias: 0, share: 1, margin: 0 }
    expect(toConfidences(even, { temperature: 2, exactness: exact }).noAnswerProbability).toBeCloseTo(0.75, 12)
  })
})
