import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  areaUnderRiskCoverage,
  brierScore,
  type Decision,
  expectedCalibrationError,
  reportConfidence,
  riskCoverageCurve,
} from '../../src/evaluate/confidence-metrics.js'

const decision = (confidence: number, isRight: boolean): Decision => ({ confidence, isRight })
const times = (count: number, ...made: [confidence: number, isRight: boolean]): Decision[] =>
  Array.from({ length: count }, () => decision(...made))
const decisions = fc.array(
  fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), isRight: fc.boolean() }),
  { minLength: 1, maxLength: 60 },
)

describe('expectedCalibrationError', () => {
  it('is 0 where as many decisions are right as their confidence says', () => {
    expect(expectedCalibrationError([...times(3, 0.75, true), ...times(1, 0.75, false)])).toBeCloseTo(0, 12)
    expect(expectedCalibrationError([...times(4, 1, true), ...times(4, 0, false)])).toBe(0)
  })

  it('weighs the error of each bin by its size, worked out by hand', () => {
    // Six at 0.9 of which three are right (0.4 off), four at 0.1 of which one is (0.15 off): 0.6 * 0.4 + 0.4 * 0.15.
    const list = [...times(3, 0.9, true), ...times(3, 0.9, false), ...times(1, 0.1, true), ...times(3, 0.1, false)]
    expect(expectedCalibrationError(list)).toBeCloseTo(0.3, 12)
  })

  it('puts 1 into the last of 15 bins, and what lies in one bin together', () => {
    // 14/15 = 0.933: 0.94 and 1 share the last bin and even out, 0.93 is in the one before.
    expect(expectedCalibrationError([decision(0.94, true), decision(1, true)])).toBeCloseTo(0.03, 12)
    expect(expectedCalibrationError([decision(0.94, true), decision(0.98, false)])).toBeCloseTo(0.46, 12)
    expect(expectedCalibrationError([decision(0.93, true), decision(0.98, false)])).toBeCloseTo(0.525, 12)
  })

  it('never exceeds the mean absolute error', () => {
    fc.assert(
      fc.property(decisions, (list) => {
        const error = list.reduce((sum, { confidence, isRight }) => sum + Math.abs(confidence - Number(isRight)), 0)
        expect(expectedCalibrationError(list)).toBeLessThanOrEqual(error / list.length + 1e-9)
      }),
    )
  })
})

describe('brierScore', () => {
  it('is the mean squared difference', () => {
    expect(brierScore([decision(0.8, true), decision(0.8, false)])).toBeCloseTo((0.04 + 0.64) / 2, 12)
    expect(brierScore([])).toBe(0)
  })
})

describe('the risk-coverage curve', () => {
  const list = [decision(0.2, false), decision(0.9, true), decision(0.5, false), decision(0.7, true)]

  it('takes the surest decisions first', () => {
    expect(riskCoverageCurve(list)).toEqual([
      { coverage: 0.25, risk: 0, confidence: 0.9 },
      { coverage: 0.5, risk: 0, confidence: 0.7 },
      { coverage: 0.75, risk: 1 / 3, confidence: 0.5 },
      { coverage: 1, risk: 0.5, confidence: 0.2 },
    ])
    expect(areaUnderRiskCoverage(list)).toBeCloseTo((0 + 0 + 1 / 3 + 1 / 2) / 4, 12)
  })

  it('takes equally sure decisions together, in whatever order they come', () => {
    const tied = [decision(0.5, true), decision(0.5, false)]
    expect(riskCoverageCurve(tied)).toEqual([{ coverage: 1, risk: 0.5, confidence: 0.5 }])
    expect(areaUnderRiskCoverage(tied)).toBe(0.5)
    fc.assert(
      fc.property(decisions, (some) => {
        const coarse = some.map(({ confidence, isRight }) => decision(Math.round(confidence * 4) / 4, isRight))
        expect(areaUnderRiskCoverage(coarse)).toBeCloseTo(areaUnderRiskCoverage(coarse.toReversed()), 9)
      }),
    )
  })

  it('is smallest when the confidence is an oracle', () => {
    fc.assert(
      fc.property(decisions, (some) => {
        const oracle = some.map(({ isRight }) => decision(Number(isRight), isRight))
        expect(areaUnderRiskCoverage(oracle)).toBeLessThanOrEqual(areaUnderRiskCoverage(some) + 1e-9)
      }),
    )
  })

  it('is reported in some twenty points, the last of which covers everything', () => {
    const many = Array.from({ length: 1000 }, (_, index) => decision((index + 1) / 1000, index >= 500))
    const { riskCoverage } = reportConfidence(many)
    expect(riskCoverage).toHaveLength(20)
    expect(riskCoverage[0]).toEqual({ coverage: 0.05, risk: 0, confidence: 0.951 })
    expect(riskCoverage.at(-1)).toEqual({ coverage: 1, risk: 0.5, confidence: 0.001 })
    expect(reportConfidence([])).toEqual({
      expectedCalibrationError: 0,
      brierScore: 0,
      areaUnderRiskCoverage: 0,
      riskCoverage: [],
    })
  })
})
