import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSpan, tidySpan } from '../../src/read/span-text.js'

const parts = [
  'a',
  ' ',
  '\n',
  '😀',
  'e\u0301',
  '\u00a0',
  '👩‍👧',
  '🇫🇮',
  '👍🏽',
  'क्षि',
  'שָׁ',
  'عَ',
  '中',
  '。',
  ',',
  '.',
  '"',
  '(',
  ')',
  '- ',
]
const texts = fc.array(fc.constantFrom(...parts), { maxLength: 14 }).map((list) => list.join(''))
const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })
const bordersOf = (text: string) => new Set([...characters.segment(text)].map(({ index }) => index).concat(text.length))

describe('tidySpan', () => {
  it('gives whole characters, without whitespace around them, and is done after one go', () => {
    fc.assert(
      fc.property(texts, fc.nat(30), fc.nat(30), (text, first, second) => {
        const start = Math.min(first, second, text.length)
        const end = Math.min(Math.max(first, second), text.length)
        const tidy = tidySpan(text, { start, end })
        if (tidy === null) {
          expect(text.slice(start, end)).not.toMatch(/[a中.😀]/u)
          return
        }
        const quote = text.slice(tidy.start, tidy.end)
        expect(quote.trim()).toBe(quote)
        expect(quote).not.toBe('')
        expect(bordersOf(text).has(tidy.start)).toBe(true)
        expect(bordersOf(text).has(tidy.end)).toBe(true)
        expect(tidySpan(text, tidy)).toEqual(tidy)
      }),
      { numRuns: 500 },
    )
  })

  it('takes no word away', () => {
    const words = fc.array(fc.constantFrom('ja', 'U.S.', 'Åbo', '3,5', '-3', '中文', ','), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(words, (list) => {
        const text = list.join(' ')
        const tidy = tidySpan(text, { start: 0, end: text.length })
        const kept = list.filter((word) => word !== ',').join('')
        expect(
          tidy
            ? text
                .slice(tidy.start, tidy.end)
                .replaceAll(/ ,|[ ]/g, '')
                .replaceAll(/^,/g, '')
            : '',
        ).toBe(kept)
      }),
    )
  })

  it.each([
    ['opens at nine, and closes', 'at nine,', 'at nine'],
    ['paid; however, not', '; however,', 'however'],
    ['in the U.S. and', 'U.S.', 'U.S.'],
    ['minus -3 degrees', '-3', '-3'],
    ['a – b – c', '– b –', 'b'],
    ['he said "no" twice', '"no', '"no"'],
    ['he said "no way" twice', '"no way', '"no way"'],
    ['he said "no way" twice', 'said "', 'said'],
    ['is 6\' 2" tall', '6\' 2"', '6\' 2"'],
    ['他说，今天。', '，今天。', '今天。'],
    ['قال، اليوم', '، اليوم', 'اليوم'],
  ])('of %j, %j is quoted as %j', (text, marked, quote) => {
    const start = text.indexOf(marked)
    const tidy = tidySpan(text, { start, end: start + marked.length })
    expect(tidy && text.slice(tidy.start, tidy.end)).toBe(quote)
  })

  it('keeps a combining mark with its letter', () => {
    expect(tidySpan('le cafe\u0301 est', { start: 3, end: 7 })).toEqual({ start: 3, end: 8 })
  })
})

describe('brackets at the ends of a span', () => {
  const quoteOf = (text: string, marked: string): string | null => {
    const start = text.indexOf(marked)
    const tidy = tidySpan(text, { start, end: start + marked.length })
    return tidy && text.slice(tidy.start, tidy.end)
  }

  it.each([
    ['within thirty (30) days', 'thirty (30', 'thirty (30)'],
    ['the “golden hour” of a day', 'the “golden hour', 'the “golden hour”'],
    ['the house (built 1852) stands', 'the house (', 'the house'],
    ['in Boston (Massachusetts, since 1852)', '(Massachusetts', 'Massachusetts'],
    ['the house (built 1852) stands', ') stands', 'stands'],
    ['the house (built 1852) stands', '(built 1852)', '(built 1852)'],
    ['f(g(x)) is meant', 'f(g(x)', 'f(g(x))'],
    ['both (a) and b (c or d)', '(a) and b (c', '(a) and b (c'],
    ['both (a) and b (c or d)', '(a) and b (', '(a) and b'],
  ])('of %j, %j is quoted as %j', (text, marked, quote) => {
    expect(quoteOf(text, marked)).toBe(quote)
  })

  it('nothing but an opening bracket is no quote', () => {
    expect(quoteOf('a ( b', '(')).toBeNull()
  })

  it('are settled in one go, within the text', () => {
    const bracketed = fc.array(fc.constantFrom('(', ')', 'a', ' ', '“', '”', '.'), { maxLength: 14 })
    fc.assert(
      fc.property(bracketed, fc.nat(14), fc.nat(14), (parts, first, second) => {
        const text = parts.join('')
        const start = Math.min(first, second, text.length)
        const end = Math.min(Math.max(first, second), text.length)
        const tidy = tidySpan(text, { start, end })
        if (!tidy) return
        expect(tidy.start).toBeLessThan(tidy.end)
        expect(tidy.end).toBeLessThanOrEqual(text.length)
        expect(tidySpan(text, tidy)).toEqual(tidy)
      }),
    )
  })
})

describe('checkSpan', () => {
  const source = 'a 😀 b'
  it.each([
    ['another text', { start: 0, end: 1, text: 'b' }],
    ['an empty span', { start: 1, end: 1, text: '' }],
    ['a span that begins before the text', { start: -1, end: 1, text: '' }],
    ['a span that ends after the text', { start: 5, end: 9, text: 'b' }],
    ['a span that begins inside a character', { start: 3, end: 4, text: source.slice(3, 4) }],
    ['a span that ends inside a character', { start: 0, end: 3, text: source.slice(0, 3) }],
    ['offsets that are not whole', { start: 0.5, end: 1, text: 'a' }],
  ])('refuses %s', (_name, span) => {
    expect(() => checkSpan(source, span)).toThrow(/not a quote/)
  })

  it('lets a quote pass', () => {
    expect(() => checkSpan(source, { start: 2, end: 4, text: '😀' })).not.toThrow()
  })
})
