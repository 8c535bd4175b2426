import { describe, expect, it } from 'vitest'
import { decideGate, type GateComparison } from '../../src/evaluate/gate.js'

/** F1 of each question in percent; exact where it is 100. */
const questions = (f1s: readonly number[]) =>
  f1s.map((f1, index) => ({ id: `q${index}`, exact: f1 === 100 ? 1 : 0, f1: f1 / 100 }))
const compare = (serving: readonly number[], candidate: readonly number[]): GateComparison => ({
  serving: questions(serving),
  candidate: questions(candidate),
})
const repeat = (values: readonly number[], times: number) => Array.from({ length: times }, () => values).flat()

const same = compare(repeat([100, 50, 0, 80], 100), repeat([100, 50, 0, 80], 100))

describe('the gate', () => {
  it('promotes a candidate that is better on held-out labels and no worse in general, and says by how much', () => {
    const heldOut = compare(repeat([0, 50, 100], 20), repeat([100, 60, 100], 20))
    const report = decideGate(heldOut, same)
    expect(report.decision).toBe('PROMOTE')
    expect(report.heldOut).toEqual({
      serving: { n: 60, exactMatch: 100 / 3, f1: 50 },
      candidate: { n: 60, exactMatch: 200 / 3, f1: expect.closeTo(260 / 3) },
    })
    expect(report.reason).toMatch(/^Promoted\. Held-out labels \(n = 60\): F1 50\.0 -> 86\.7 \(\+36\.7, 95 % interval/)
    expect(report.reason).toContain('better in 100 % of resamples')
    expect(report.reason).not.toContain('chance')
  })

  it('keeps the serving version when nothing improved', () => {
    const report = decideGate(compare([100, 0, 40], [100, 0, 40]), same)
    expect(report).toMatchObject({ decision: 'KEEP', reason: expect.stringContaining('did not improve') })
  })

  it('keeps the serving version when F1 rose and exact match fell', () => {
    const report = decideGate(compare([100, 0, 0], [90, 60, 60]), same)
    expect(report).toMatchObject({ decision: 'KEEP', reason: expect.stringContaining('exact match on the held-out') })
  })

  it('keeps the serving version when more than a point of general F1 is lost, and lets a point pass', () => {
    const better = compare([0, 100], [100, 100])
    const general = (lost: number) => compare(repeat([90], 100), [...repeat([90], 99), 90 - lost])
    expect(decideGate(better, general(90))).toMatchObject({ decision: 'PROMOTE' })
    const forgotten = compare(repeat([90], 100), [...repeat([90], 98), 0, 0])
    expect(decideGate(better, forgotten)).toMatchObject({
      decision: 'KEEP',
      reason: expect.stringContaining('general F1 fell by 1.8 points, more than 1.0 points'),
    })
    expect(decideGate(better, compare(repeat([50], 100), repeat([49], 100)))).toMatchObject({ decision: 'PROMOTE' })
  })

  it('says so when there are few labels', () => {
    expect(decideGate(compare([0], [100]), same).reason).toContain(
      'Only 1 held-out label: this difference may be chance',
    )
    expect(decideGate(compare([0, 0], [100, 0]), same).reason).toContain('Only 2 held-out labels:')
  })

  it('keeps the serving version when there is nothing to measure on', () => {
    const better = compare([0], [100])
    expect(decideGate(compare([], []), same)).toMatchObject({
      decision: 'KEEP',
      reason: expect.stringContaining('no held-out labels'),
    })
    expect(decideGate(better, compare([], []))).toMatchObject({
      decision: 'KEEP',
      reason: expect.stringContaining('no general questions'),
    })
  })

  it('refuses to compare readers on different questions', () => {
    expect(() => decideGate({ serving: questions([1, 2]), candidate: questions([1]) }, same)).toThrow(/different/)
  })
})
