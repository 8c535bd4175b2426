import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toMatchExpression } from '../../src/store/sqlite/lexical.js'
import { cutText, PIECE_UNITS } from '../../src/store/sqlite/texts.js'

describe('the pieces of a text', () => {
  it('join to the text, lie end to end, and none is too long or cuts a character', () => {
    const long = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(2 * PIECE_UNITS), fc.constantFrom('a', '😀', 'é'))
      .map(([start, length, filler]) => start + filler.repeat(length))
    fc.assert(
      fc.property(long, (text) => {
        const pieces = cutText(text)
        // A failing comparison of long texts would take longer to print than to find.
        expect(pieces.map((piece) => piece.text).join('') === text).toBe(true)
        let end = 0
        for (const piece of pieces) {
          expect(piece.start).toBe(end)
          expect(piece.text.length).toBeLessThanOrEqual(PIECE_UNITS)
          expect(/\p{Surrogate}/u.test(piece.text)).toBe(false)
          end += piece.text.length
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('the match expression', () => {
  it('is nothing but quoted words, whatever the query', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (query) => {
        const expression = toMatchExpression(query)
        if (expression !== null) expect(expression).toMatch(/^"[\p{L}\p{N}\p{M}]+"( OR "[\p{L}\p{N}\p{M}]+")*$/u)
      }),
    )
  })
})
