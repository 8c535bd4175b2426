import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toProbabilities } from '../../src/read/confidence.js'

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
