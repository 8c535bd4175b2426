import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sentenceSpans } from '../../src/text/sentences.js'

const sentencesOf = (text: string): string[] => sentenceSpans(text).map(({ start, end }) => text.slice(start, end))

describe('sentenceSpans', () => {
  it('keeps every character that is not whitespace in exactly one span, in order', () => {
    const texts = fc
      .array(
        fc.oneof(
          fc.constantFrom('. ', '.\n', '\n\n', 'Dr. ', '😀', 'A. ', 'word ', '- ', '\r\n', '中文。'),
          fc.string({ unit: 'binary' }),
        ),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        let last = 0
        const between: string[] = []
        for (const { start, end } of sentenceSpans(text)) {
          between.push(text.slice(last, start))
          const sentence = text.slice(start, end)
          if (sentence === '' || sentence !== sentence.trim()) expect.fail(`from ${start} to ${end}`)
          last = end
        }
        expect([...between, text.slice(last)].join('').trim()).toBe('')
      }),
    )
  })

  it('ends sentences at their marks, not after abbreviations, initials or in numbers', () => {
    expect(sentencesOf('Dr. Keller paid 3.50 euros to George W. Bush. He left! Did he? Yes.')).toEqual([
      'Dr. Keller paid 3.50 euros to George W. Bush.',
      'He left!',
      'Did he?',
      'Yes.',
    ])
  })

  it('reads over the line breaks of wrapped text', () => {
    const wrapped =
      'The library opens at nine in the morning and closes at six in\nthe evening, except on Sundays. Members may borrow up to twelve\nbooks.'
    expect(sentencesOf(wrapped)).toHaveLength(2)
  })

  it('ends at headings, list items and blank lines', () => {
    expect(sentencesOf('Opening hours\nThe library opens at nine\n\n- Monday\n- Tuesday')).toEqual([
      'Opening hours',
      'The library opens at nine',
      '- Monday',
      '- Tuesday',
    ])
    const long = 'Everybody who carries a card may enter the reading room at any time'
    expect(sentencesOf(`${long}\n- ${long}\n1. ${long}\n\n${long}`)).toHaveLength(4)
  })

  it('finds the same sentences in a long line as in each part of it', () => {
    const parts = [
      'The oldest map 😀 was drawn in 1587.',
      'Who drew it?',
      'Dr. Keller knows, e.g. from letters.',
      '中文。',
    ]
    const line = Array.from({ length: 2000 }, (_, index) => parts[index % parts.length] as string)
    expect(sentencesOf(line.join(' '))).toEqual(line)
  })

  it('takes a long text without any end for one sentence', () => {
    expect(sentenceSpans('word '.repeat(10_000))).toEqual([{ start: 0, end: 49_999 }])
    expect(sentenceSpans('é'.repeat(10_000))).toEqual([{ start: 0, end: 10_000 }])
  })
})
