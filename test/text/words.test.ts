import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wordsOf } from '../../src/text/words.js'

const keysOf = (text: string) => wordsOf(text).map(({ key }) => key)

it('words have no case, no signs and one Unicode form', () => {
  expect(keysOf('The FEE is 4.50 €, since May-2024!')).toEqual(['the', 'fee', 'is', '4', '50', 'since', 'may', '2024'])
  expect(keysOf('Cafe\u0301')).toEqual(keysOf('CAFÉ'))
  expect(keysOf(' – …')).toEqual([])
})

it('a script without spaces has a word for each of its characters, and keeps the signs that belong to one', () => {
  expect(keysOf('図書館は9時')).toEqual(['図', '書', '館', 'は', '9', '時'])
  expect(keysOf('ที่นี่ open')).toEqual(['ที่', 'นี่', 'open'])
})

it('their offsets are those of the text as it is, in order and apart', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      let last = 0
      for (const { key, start, end } of wordsOf(text)) {
        expect(start).toBeGreaterThanOrEqual(last)
        expect(text.slice(start, end).normalize('NFC').toLowerCase()).toBe(key)
        expect(end).toBeGreaterThan(start)
        last = end
      }
    }),
  )
})
