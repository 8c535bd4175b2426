import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { embeddingText } from '../../src/ingest/embedding-text.js'

describe('embeddingText', () => {
  it('puts title and headings before the chunk', () => {
    expect(embeddingText('Leave', ['Types of leave', 'Sick leave'], 'It never expires.')).toBe(
      'Leave > Types of leave > Sick leave\nIt never expires.',
    )
  })

  it('leaves out what the chunk begins with and what repeats the title', () => {
    expect(embeddingText('Leave', ['Leave', 'Sick leave'], 'Sick leave\n\nIt never expires.')).toBe(
      'Leave\nSick leave\n\nIt never expires.',
    )
  })

  it('puts the header of a table that goes on between the headings and the chunk', () => {
    expect(embeddingText('Shop', ['Cups'], 'Blue | 3', 'Colour | Price')).toBe('Shop > Cups\nColour | Price\nBlue | 3')
    expect(embeddingText('', [], 'Blue | 3', 'Colour | Price')).toBe('Colour | Price\nBlue | 3')
    expect(embeddingText('Shop', [], 'Blue | 3', null)).toBe('Shop\nBlue | 3')
  })

  it('drops the outer headings first when there are too many', () => {
    const path = ['a'.repeat(60), 'b'.repeat(60), 'Fees']
    expect(embeddingText('Terms', path, 'text')).toBe(`Terms > ${'b'.repeat(60)} > Fees\ntext`)
  })

  it('never shortens the chunk and adds at most 121 characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 300 })),
        fc.string(),
        (title, path, chunk) => {
          const text = embeddingText(title, path, chunk)
          expect(text.endsWith(chunk)).toBe(true)
          expect(text.length - chunk.length).toBeLessThanOrEqual(121)
          expect(text.slice(0, text.length - chunk.length)).not.toMatch(/\p{Surrogate}/u)
        },
      ),
    )
  })
})
