import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CalibrationRow, fitCalibration } from '../../src/evaluate/calibration.js'
import { type Decision, expectedCalibrationError } from '../../src/evaluate/confidence-metrics.js'
import { findBestThresholds, type ScoredQuestion } from '../../src/evaluate/squad-metric.js'
import { type Exactness, sigmoid, toConfidences } from '../../src/read/confidence.js'

/** Candidates that do not overlap, best first. */
const row = (hasAnswer: boolean, f1: number, ...margins: number[]): CalibrationRow => ({
  hasAnswer,
  f1,
  exact: f1 === 1 ? 1 : 0,
  candidates: margins.map((margin, at) => ({ passage: 0, start: 10 * at, end: 10 * at + 5, margin })),
})

const rows = fc
  .array(
    fc
      .record({
        hasAnswer: fc.boolean(),
        f1: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
        margins: fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 5 }),
      })
      .map(({ hasAnswer, f1, margins }) => row(hasAnswer, hasAnswer ? f1 : 0, ...margins.sort((a, b) => b - a))),
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
    const list = [row(true, 1, 4), row(false, 0, -3), row(true, 0.5, 1), row(false, 0, 2)]
    const scores = new Map(list.map(({ candidates }, index) => [`${index}`, -(candidates[0]?.margin ?? 0)]))
    const questions = list.map(
      ({ hasAnswer, f1 }, index): ScoredQuestion => ({ id: `${index}`, hasAnswer, f1, exact: 0, prediction: 'x' }),
    )
    const { noAnswerThreshold } = fitCalibration(list)
    expect((100 * totalF1(list, noAnswerThreshold)) / 4).toBe(findBestThresholds(questions, scores).bestF1)
    expect(noAnswerThreshold).toBe(-3)
  })

  it('finds numbers in their bounds whatever the rows', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { temperature, exactness } = fitCalibration(list)
        expect(temperature).toBeGreaterThanOrEqual(0.25)
        expect(temperature).toBeLessThanOrEqual(10)
        const { nullBias, bias, share, margin } = exactness as Exactness
        expect([nullBias, bias].every(Number.isFinite)).toBe(true)
        expect(Math.min(share, margin)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('makes the share of right decisions what the confidence says, on rows that it was not fitted to', () => {
    // A reader whose log-odds are twice too large, and whose words are right as often as half its share's log-odds say.
    const random = seeded(7)
    const made = Array.from({ length: 4000 }, () => {
      const margin = 16 * random() - 8
      const gap = 6 * random()
      const hasAnswer = random() < sigmoid(margin / 2 - 1)
      const isExact = hasAnswer && random() < sigmoid(gap / 2 + margin / 8)
      return row(hasAnswer, isExact ? 1 : 0, margin, margin - gap)
    })
    const calibration = fitCalibration(made.slice(0, 2000))
    expect(calibration.temperature).toBeGreaterThan(1.5)
    expect(calibration.temperature).toBeLessThan(2.7)
    expect(calibration.exactness?.share).toBeCloseTo(0.5, 0)
    const unseen = made.slice(2000)
    const confident = unseen.map(({ candidates }) => toConfidences(candidates, calibration))
    const answers = confident.map(
      ({ spans }, at): Decision => ({ confidence: spans[0]?.confidence ?? 0, isRight: unseen[at]?.exact === 1 }),
    )
    const abstentions = confident.map(
      ({ noAnswerProbability }, at): Decision => ({
        confidence: noAnswerProbability,
        isRight: unseen[at]?.hasAnswer === false,
      }),
    )
    expect(expectedCalibrationError(answers)).toBeLessThan(0.04)
    expect(expectedCalibrationError(abstentions)).toBeLessThan(0.04)
  })

  it('needs both kinds of questions', () => {
    expect(() => fitCalibration([row(true, 1, 1)])).toThrow(/unanswerable/)
    expect(() => fitCalibration([row(false, 0, 1)])).toThrow(/answerable/)
    expect(() => fitCalibration([])).toThrow(/needs/)
  })

  it('abstains always when answering never pays', () => {
    const list = [row(true, 0, 5), row(false, 0, 6)]
    expect(totalF1(list, fitCalibration(list).noAnswerThreshold)).toBe(1)
  })
})

/** Park & Miller 1988. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
