import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootstrapInterval, shareAboveZero } from '../../src/evaluate/bootstrap.js'

describe('the bootstrap', () => {
  it('gives an interval inside the range of the values, the same one each time', () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, (sample) => {
        const [low, high] = bootstrapInterval(sample)
        expect(low).toBeLessThanOrEqual(high)
        expect(low).toBeGreaterThanOrEqual(Math.min(...sample) - 1e-9)
        expect(high).toBeLessThanOrEqual(Math.max(...sample) + 1e-9)
        expect(bootstrapInterval(sample)).toEqual([low, high])
      }),
      { numRuns: 30 },
    )
  })

  it('comes near the interval of the normal distribution for a large sample', () => {
    const sample = Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? 100 : 0))
    const [low, high] = bootstrapInterval(sample)
    expect(low).toBeCloseTo(50 - 1.96 * (50 / Math.sqrt(1000)), 0)
    expect(high).toBeCloseTo(50 + 1.96 * (50 / Math.sqrt(1000)), 0)
  })

  it('is sure of what is always so, and of nothing without values', () => {
    expect(shareAboveZero([1, 2, 3])).toBe(1)
    expect(shareAboveZero([-1, 0])).toBe(0)
    expect(shareAboveZero([])).toBe(0)
    expect(bootstrapInterval([])).toEqual([0, 0])
  })
})
