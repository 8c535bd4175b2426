import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CalibrationRow, fitCalibration, negativeLogLikelihood } from '../../src/evaluate/calibration.js'
import { findBestThresholds, type ScoredQuestion } from '../../src/evaluate/squad-metric.js'

const row = (hasAnswer: boolean, f1: number, ...margins: [margin: number, isRight: boolean][]): CalibrationRow => ({
  hasAnswer,
  f1,
  candidates: margins.map(([margin, isRight]) => ({ margin, isRight })),
})

const rows = fc
  .array(
    fc
      .record({
        hasAnswer: fc.boolean(),
        f1: fc.double({ min: 0, max: 1, noNaN: true }),
        margins: fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 5 }),
        right: fc.nat(4),
      })
      .map(({ hasAnswer, f1, margins, right }) => {
        const sorted = margins.sort((left, other) => other - left)
        const candidates = sorted.map((margin, index) => [margin, hasAnswer && index === right] as [number, boolean])
        return row(hasAnswer, hasAnswer ? f1 : 0, ...candidates)
      }),
    { minLength: 2, maxLength: 30 },
  )
  .filter((list) => list.some(({ hasAnswer }) => hasAnswer) && list.some(({ hasAnswer }) => !hasAnswer))

/** F1 sum when the best span is given wherever its null score is not above it by more than the threshold. */
const totalF1 = (list: readonly CalibrationRow[], threshold: number): number =>
  list.reduce((sum, { hasAnswer, f1, candidates }) => {
    const abstains = -(candidates[0]?.margin ?? Number.NEGATIVE_INFINITY) > threshold
    return sum + (abstains ? (hasAnswer ? 0 : 1) : hasAnswer ? f1 : 0)
  }, 0)

describe('fitCalibration', () => {
  it('finds a threshold that no other one beats', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { noAnswerThreshold } = fitCalibration(list)
        const scores = list.map(({ candidates }) => -(candidates[0] as { margin: number }).margin)
        const others = [-1e6, ...scores, 1e6]
        const best = Math.max(...others.map((threshold) => totalF1(list, threshold)))
        expect(totalF1(list, noAnswerThreshold)).toBeCloseTo(best, 6)
      }),
    )
  })

  it('agrees with the best F1 of the official scorer', () => {
    const list = [
      row(true, 1, [4, true]),
      row(false, 0, [-3, false]),
      row(true, 0.5, [1, true]),
      row(false, 0, [2, false]),
    ]
    const scores = new Map(list.map(({ candidates }, index) => [`${index}`, -(candidates[0]?.margin ?? 0)]))
    const questions = list.map(
      ({ hasAnswer, f1 }, index): ScoredQuestion => ({ id: `${index}`, hasAnswer, f1, exact: 0, prediction: 'x' }),
    )
    const { noAnswerThreshold } = fitCalibration(list)
    expect((100 * totalF1(list, noAnswerThreshold)) / 4).toBe(findBestThresholds(questions, scores).bestF1)
    expect(noAnswerThreshold).toBe(-3)
  })

  it('finds the temperature that makes what is right likeliest', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { temperature } = fitCalibration(list)
        expect(temperature).toBeGreaterThanOrEqual(0.25)
        expect(temperature).toBeLessThanOrEqual(10)
      }),
    )
    // Three of four sure answers are right: what the reader should have said is 0.75, which T = 4 / ln 3 makes of a margin of 4.
    const overconfident = [
      ...Array.from({ length: 75 }, () => row(true, 1, [4, true])),
      ...Array.from({ length: 25 }, () => row(false, 0, [4, false])),
    ]
    const { temperature } = fitCalibration(overconfident)
    expect(temperature).toBeCloseTo(4 / Math.log(3), 1)
    for (const other of [temperature * 0.8, temperature * 1.25]) {
      expect(negativeLogLikelihood(overconfident, other)).toBeGreaterThan(
        negativeLogLikelihood(overconfident, temperature),
      )
    }
  })

  it('needs both kinds of questions', () => {
    expect(() => fitCalibration([row(true, 1, [1, true])])).toThrow(/unanswerable/)
    expect(() => fitCalibration([row(false, 0, [1, false])])).toThrow(/answerable/)
    expect(() => fitCalibration([])).toThrow(/needs/)
  })

  it('abstains always when answering never pays', () => {
    const list = [row(true, 0, [5, false]), row(false, 0, [6, false])]
    expect(totalF1(list, fitCalibration(list).noAnswerThreshold)).toBe(1)
  })
})
