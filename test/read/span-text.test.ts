import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSpan, tidySpan } from '../../src/read/span-text.js'

const texts = fc
  .array(fc.constantFrom('a', ' ', '\n', '😀', 'e\u0301', '\u00a0', '👩‍👧', 'ä', '.'), { maxLength: 12 })
  .map((parts) => parts.join(''))

describe('tidySpan', () => {
  it('leaves no whitespace around a span, keeps what is not whitespace, and is done after one go', () => {
    fc.assert(
      fc.property(texts, fc.nat(20), fc.nat(20), (text, first, second) => {
        const start = Math.min(first, second, text.length)
        const end = Math.min(Math.max(first, second), text.length)
        const tidy = tidySpan(text, { start, end })
        const kept = text.slice(start, end).trim()
        if (tidy === null) {
          expect(kept).toBe('')
          return
        }
        const quote = text.slice(tidy.start, tidy.end)
        expect(quote.trim()).toBe(quote)
        expect(quote.startsWith(kept)).toBe(true)
        expect(quote.slice(kept.length)).toMatch(/^\p{M}*$/u)
        expect(tidySpan(text, tidy)).toEqual(tidy)
      }),
    )
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
