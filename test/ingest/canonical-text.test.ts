import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, canonicalDocument, normaliseText } from '../../src/ingest/canonical-text.js'

const awkward = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\r\n', '\r', '\n', '\n\n\n', ' ', '\t', '\u00a0', '\u2028', '\f', '\ufeff', '\u200b', '\u0000'),
      fc.constantFrom('\ud800', '\udc00', '😀', 'e', '\u0301', '\u00e9', '\u212b', 'word'),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))

const blocks: fc.Arbitrary<Block[]> = fc.array(
  fc.record({ text: awkward, headingLevel: fc.integer({ min: 1, max: 6 }) }, { requiredKeys: ['text'] }),
  { maxLength: 12 },
)

describe('normaliseText', () => {
  it('has LF line ends, whichever the file had', () => {
    expect(normaliseText('a\r\nb\rc\u2028d\fe')).toBe('a\nb\nc\nd\ne')
  })

  it('removes what nobody sees and turns every kind of space into a space', () => {
    expect(normaliseText('\ufeffco\u00adop\u200b 5\u00a0km\u3000away')).toBe('coop 5 km away')
  })

  it('replaces a lone surrogate and keeps a pair', () => {
    expect(normaliseText('a\ud800b 😀 \udc00')).toBe('a\ufffdb 😀 \ufffd')
  })

  it('keeps the beginning of a line and drops spaces at its end', () => {
    expect(normaliseText('\n\n  if x:  \t\n    y\n\n\n\nz \n')).toBe('  if x:\n    y\n\nz')
  })

  it('is composed, so that what a person types matches', () => {
    expect(normaliseText('cafe\u0301')).toBe('café')
  })

  it('changes nothing the second time, and leaves well-formed text without controls', () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const once = normaliseText(text)
        expect(normaliseText(once)).toBe(once)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
        expect(once).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}|[ \t]\n|[ \t]$|\n{3}/u)
      }),
    )
  })
})

describe('canonicalDocument', () => {
  it('says where each block, each row of a table and each line of a page stands', () => {
    const { canonicalText, places } = canonicalDocument([
      { text: 'Prices', headingLevel: 1, page: 1 },
      {
        text: 'first line second',
        boxes: [
          { start: 0, end: 10, page: 1, box: [72, 700, 300, 712] },
          { start: 11, end: 17, page: 2, box: [72, 80, 200, 92] },
        ],
      },
      { text: 'Name | Price\nTea | 2', kind: 'table', headerRows: 1, sheet: 'Drinks', firstRow: 3 },
      { text: ' ' },
      { text: '- a\n- b', kind: 'list', slide: 4 },
    ])
    const shown = places.map(({ start, end, ...place }) => ({ text: canonicalText.slice(start, end), ...place }))
    const common = { page: null, sheet: null, slide: null, row: null, isHeader: false, box: null }
    expect(shown).toEqual([
      { ...common, text: 'Prices', kind: 'heading', page: 1 },
      { ...common, text: 'first line', kind: 'paragraph', page: 1, box: [72, 700, 300, 712] },
      { ...common, text: 'second', kind: 'paragraph', page: 2, box: [72, 80, 200, 92] },
      { ...common, text: 'Name | Price', kind: 'table', sheet: 'Drinks', row: 3, isHeader: true },
      { ...common, text: 'Tea | 2', kind: 'table', sheet: 'Drinks', row: 4 },
      { ...common, text: '- a\n- b', kind: 'list', slide: 4 },
    ])
  })

  it('separates blocks by a blank line and starts a section at each heading', () => {
    const { canonicalText, sections } = canonicalDocument([
      { text: 'before' },
      { text: 'One', headingLevel: 1 },
      { text: 'text' },
      { text: 'Deep\n down', headingLevel: 3 },
      { text: 'Two', headingLevel: 2 },
    ])
    expect(canonicalText).toBe('before\n\nOne\n\ntext\n\nDeep down\n\nTwo')
    expect(sections.map(({ start, end, headingPath }) => [canonicalText.slice(start, end), headingPath])).toEqual([
      ['before\n\n', []],
      ['One\n\ntext\n\n', ['One']],
      ['Deep down\n\n', ['One', 'Deep down']],
      ['Two', ['One', 'Two']],
    ])
  })

  it('covers the whole text with sections, in order, whatever the blocks are', () => {
    fc.assert(
      fc.property(blocks, (given) => {
        const { canonicalText, sections } = canonicalDocument(given)
        expect(normaliseText(canonicalText)).toBe(canonicalText)
        let end = 0
        for (const section of sections) {
          expect(section.start).toBe(end)
          expect(section.end).toBeGreaterThan(section.start)
          const heading = section.headingPath.at(-1)
          if (heading !== undefined) expect(canonicalText.startsWith(heading, section.start)).toBe(true)
          end = section.end
        }
        expect(end).toBe(canonicalText.length)
      }),
    )
  })
})
