import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowAround } from '../../src/feedback/context-passage.js'

const words = (text: string) => text.match(/\S+/g)?.length ?? 0

describe('the window around a span', () => {
  it('holds the span, stays near 200 words and ends at words', () => {
    const texts = fc.array(fc.constantFrom('word ', 'an', '🍰', '\n', '\n\n', '. ', 'x'.repeat(50)), { maxLength: 900 })
    const cases = fc.tuple(texts, fc.nat(), fc.nat({ max: 40 }))
    fc.assert(
      fc.property(cases, ([parts, from, length]) => {
        const text = `${parts.join('')}!`
        const start = from % text.length
        const span = { start, end: Math.min(text.length, start + 1 + length) }
        const window = windowAround(span, text)
        expect(window.start).toBeLessThanOrEqual(span.start)
        expect(window.end).toBeGreaterThanOrEqual(span.end)
        expect(window.start).toBeGreaterThanOrEqual(0)
        expect(window.end).toBeLessThanOrEqual(text.length)
        expect(words(text.slice(window.start, window.end))).toBeLessThanOrEqual(
          Math.max(200, words(text.slice(span.start, span.end))) + 2,
        )
      }),
    )
  })

  it('takes whole lines while they fit', () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index} has a handful of words`)
    const text = lines.join('\n')
    const start = text.indexOf('line 30')
    const window = windowAround({ start, end: start + 7 }, text)
    expect(text.slice(window.start, window.end)).toMatch(/^line \d+ has a handful of words\n[\s\S]*words\n$/)
    expect(words(text.slice(window.start, window.end))).toBeGreaterThan(180)
  })

  it('takes the nearest words of a line without end', () => {
    const text = 'word '.repeat(2_000_000)
    const window = windowAround({ start: 5_000_000, end: 5_000_004 }, text)
    expect(words(text.slice(window.start, window.end))).toBe(199)
  })
})
