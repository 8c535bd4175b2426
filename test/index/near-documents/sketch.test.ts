import { expect, it } from 'vitest'
import { shinglesOf } from '../../../src/index/near-documents/shingles.js'
import { bandKeys, estimatedShare, type Sketch, sketchOf } from '../../../src/index/near-documents/sketch.js'
import { wordsOf } from '../../../src/text/words.js'

const shingles = (from: number, count: number) => Array.from({ length: count }, (_, at) => `shingle ${from + at}`)
const sketch = (items: Iterable<string>) => sketchOf(items) as Sketch

it('a text is as many shingles as it has runs of three words, and a shorter one is one', () => {
  expect(shinglesOf(wordsOf('The fee is four.'))).toEqual([' the fee is', ' fee is four'])
  expect(shinglesOf(wordsOf('Fee: four'))).toEqual([' fee four'])
  expect(sketchOf(shinglesOf(wordsOf(' – ')))).toBeUndefined()
})

it('neither order nor repetition changes a sketch', () => {
  const items = shingles(0, 50)
  expect(sketch([...items, ...items.toReversed()])).toEqual(sketch(items))
})

/** On 200 pairs of sets the mean is off by at most four of its standard deviations, and no single one by five of its own. */
it.each([0.1, 0.5, 0.8, 0.95])('the estimate of a share of %d is without bias', (share) => {
  const size = 400
  const common = Math.round((2 * size * share) / (1 + share))
  const truth = common / (2 * size - common)
  const deviation = Math.sqrt((truth * (1 - truth)) / 128)
  let sum = 0
  for (let pair = 0; pair < 200; pair++) {
    const from = pair * 10_000
    const estimate = estimatedShare(sketch(shingles(from, size)), sketch(shingles(from + size - common, size)))
    expect(Math.abs(estimate - truth)).toBeLessThan(5 * deviation)
    sum += estimate
  }
  expect(Math.abs(sum / 200 - truth)).toBeLessThan((4 * deviation) / Math.sqrt(200))
})

it('texts that share four fifths lie in one bucket of some band; those that share nothing lie in none', () => {
  const inOne = (a: Sketch, b: Sketch) => bandKeys(a).some((key, band) => bandKeys(b)[band] === key)
  let far = 0
  for (let pair = 0; pair < 200; pair++) {
    const from = pair * 10_000
    const own = sketch(shingles(from, 400))
    expect(inOne(own, sketch(shingles(from + 44, 400)))).toBe(true)
    if (inOne(own, sketch(shingles(from + 5000, 400)))) far++
  }
  expect(far).toBe(0)
})

it('keys of two bands are never the same', () => {
  const keys = [sketch(shingles(0, 9)), sketch(shingles(9, 9))].flatMap(bandKeys)
  expect(keys.map((key) => Math.floor(key / 2 ** 32))).toEqual([...Array(32).keys(), ...Array(32).keys()])
})
