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
  it('finds the threshold that pays best among questions of the same kind, nearer than the best F1 of the rows does', () => {
    const random = seeded(5)
    // An answer pays from log-odds m - 1 and F1 sigmoid(m / 4) on: where p f = 1 - p.
    const make = (count: number): CalibrationRow[] =>
      Array.from({ length: count }, () => {
        const margin = 16 * random() - 8
        const hasAnswer = random() < sigmoid(margin - 1)
        return row(hasAnswer, hasAnswer && random() < sigmoid(margin / 4) ? 1 : 0, margin)
      })
    const pays = -1.521
    const errors = Array.from({ length: 40 }, () => {
      const list = make(300)
      const questions = list.map(
        ({ hasAnswer, f1 }, at): ScoredQuestion => ({ id: `${at}`, hasAnswer, f1, exact: f1, prediction: 'x' }),
      )
      const scores = new Map(list.map(({ candidates }, at) => [`${at}`, -(candidates[0]?.margin ?? 0)]))
      return {
        fitted: (fitCalibration(list).noAnswerThreshold - pays) ** 2,
        ofTheRows: (findBestThresholds(questions, scores).bestF1Threshold - pays) ** 2,
      }
    })
    const mean = (name: 'fitted' | 'ofTheRows') => errors.reduce((sum, error) => sum + error[name], 0) / errors.length
    expect(mean('fitted')).toBeLessThan(0.1)
    expect(mean('fitted')).toBeLessThan(mean('ofTheRows') / 2)
    expect(fitCalibration(make(20_000)).noAnswerThreshold).toBeCloseTo(pays, 0)
  })

  it('gives every question its best where one threshold can', () => {
    const apart = fc.record({
      answerable: fc.array(fc.double({ min: 1, max: 20, noNaN: true }), { minLength: 1, maxLength: 20 }),
      unanswerable: fc.array(fc.double({ min: -20, max: -1, noNaN: true }), { minLength: 1, maxLength: 20 }),
    })
    fc.assert(
      fc.property(apart, ({ answerable, unanswerable }) => {
        const list = [...answerable.map((margin) => row(true, 1, margin)), ...unanswerable.map((m) => row(false, 0, m))]
        expect(totalF1(list, fitCalibration(list).noAnswerThreshold)).toBe(list.length)
      }),
    )
  })

  it('answers all or none where the score says nothing, whichever pays', () => {
    const backwards = [row(true, 1, -5), row(true, 1, -6), row(true, 1, -7), row(false, 0, 5)]
    expect(totalF1(backwards, fitCalibration(backwards).noAnswerThreshold)).toBe(3)
    const never = [row(true, 0, 5), row(false, 0, 6)]
    expect(totalF1(never, fitCalibration(never).noAnswerThreshold)).toBe(1)
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
})

/** Park & Miller 1988. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
