import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numeral } from '../../../src/ingest/parse/numerals.js'

const VALUES: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 }

/** A letter before a greater one is taken away. */
const romanValue = (text: string): number =>
  [...text].reduce((sum, letter, index) => {
    const value = VALUES[letter] as number
    return value < (VALUES[text[index + 1] as string] ?? 0) ? sum - value : sum + value
  }, 0)

describe('numeral', () => {
  it('counts in letters as word processors do', () => {
    expect([1, 26, 27, 52, 53].map((number) => numeral(number, 'lowerLetter'))).toEqual(['a', 'z', 'aa', 'zz', 'aaa'])
    expect(numeral(3, 'upperLetter')).toBe('C')
  })

  it('writes Roman numbers that read back as the same number', () => {
    expect([4, 9, 14, 90, 1990].map((number) => numeral(number, 'lowerRoman'))).toEqual([
      'iv',
      'ix',
      'xiv',
      'xc',
      'mcmxc',
    ])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3999 }), (number) => romanValue(numeral(number, 'upperRoman')) === number),
    )
  })

  it('shows in digits what a style cannot show', () => {
    expect(numeral(0, 'upperRoman')).toBe('0')
    expect(numeral(4000, 'lowerRoman')).toBe('4000')
    expect(numeral(-1, 'lowerLetter')).toBe('-1')
    expect(numeral(7, 'decimalZero')).toBe('07')
  })
})
