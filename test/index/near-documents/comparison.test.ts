import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Comparison, compareTexts, type TextSpan } from '../../../src/index/near-documents/comparison.js'
import { shinglesOf } from '../../../src/index/near-documents/shingles.js'
import { wordsOf } from '../../../src/text/words.js'

const compare = (here: string, there: string) => compareTexts(here, [there])[0] as Comparison

const POLICY =
  'Parents of a newborn child may take 12 weeks of paid leave. The leave begins on the day of the birth. ' +
  'Call your supervisor before nine.'

const texts = (spans: readonly TextSpan[]) => spans.map(({ text }) => text)

it('a changed number is shown, and what stands around it', () => {
  const { share, common, onlyHere, onlyThere } = compare(POLICY, POLICY.replace('12', '14'))
  expect(share).toBeCloseTo(21 / 27)
  expect([texts(onlyHere), texts(onlyThere)]).toEqual([['12'], ['14']])
  expect(common.map(({ here }) => here.text)).toEqual([
    'weeks of paid leave. The leave begins on the day of the birth. Call your supervisor before nine',
    'Parents of a newborn child may take',
  ])
})

it('what only one has is found only there', () => {
  const longer = compare(`${POLICY} A note is needed from day four on.`, POLICY)
  expect(texts(longer.onlyHere)).toEqual(['A note is needed from day four on'])
  expect(longer.onlyThere).toEqual([])
})

it('signs, spaces and case are no difference', () => {
  expect(compare(POLICY, POLICY.toUpperCase().replaceAll(' ', '\n- '))).toMatchObject({
    ...{ share: 1, onlyHere: [], onlyThere: [] },
  })
})

it('examples are few, and end with a whole word', () => {
  const long = Array.from({ length: 500 }, (_, at) => `word${at}`).join(' ')
  const other = Array.from({ length: 500 }, (_, at) => `other${at}`).join(' ')
  const { share, onlyHere } = compare(long, other)
  expect(share).toBe(0)
  expect(onlyHere).toHaveLength(1)
  expect(onlyHere[0]?.text).toMatch(/^word0 .* word\d+$/)
  expect(onlyHere[0]?.text.length).toBeLessThanOrEqual(300)
  const [common] = compare(long, long).common
  expect(common?.here).toEqual(common?.there)
  expect(common?.here.text.length).toBeLessThanOrEqual(300)
})

it('nothing is near to nothing', () => {
  for (const other of ['', 'x']) expect(compare('', other).share).toBe(0)
  expect(compare('One word', 'one WORD').share).toBe(1)
})

/** Few words, so that runs repeat and overlap. */
const sentence = fc.array(fc.constantFrom('a', 'b', 'c', 'D,', '4'), { maxLength: 30 }).map((words) => words.join(' '))

it('whatever the texts: the share is that of their sets, the same both ways, and every span is a slice of its text', () => {
  fc.assert(
    fc.property(sentence, sentence, (here, there) => {
      const one = compare(here, there)
      const other = compare(there, here)
      const [a, b] = [here, there].map((text) => new Set(shinglesOf(wordsOf(text)))) as [Set<string>, Set<string>]
      const both = [...a].filter((shingle) => b.has(shingle)).length
      expect(one.share).toBe(a.size + b.size === 0 ? 0 : both / (a.size + b.size - both))
      expect(other.share).toBe(one.share)
      expect([one.onlyHere, one.onlyThere]).toEqual([other.onlyThere, other.onlyHere])
      for (const span of [...one.onlyHere, ...one.common.map((each) => each.here)]) {
        expect(here.slice(span.start, span.end)).toBe(span.text)
      }
      for (const { here: mine, there: its } of one.common) {
        expect(there.slice(its.start, its.end)).toBe(its.text)
        expect(wordsOf(mine.text).map(({ key }) => key)).toEqual(wordsOf(its.text).map(({ key }) => key))
      }
    }),
  )
})
