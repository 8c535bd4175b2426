import { expect, test } from 'vitest'
import { rerank, scoresByReader } from '../../src/answer/rerank.js'
import type { Passage } from '../../src/domain.js'

const passage = (text: string, score: number) => ({ text, score }) as Passage
const candidate = (at: number, margin: number) => ({ passage: at, start: 0, end: 1, margin })
const readAgain = (passages: readonly Passage[], candidates: ReturnType<typeof candidate>[]) =>
  rerank(passages, scoresByReader(passages, { candidates }))
const textsOf = (passages: readonly Passage[]) => passages.map(({ text }) => text)

test('a passage that answers rises above one that only sounds like the question', () => {
  const passages = [passage('sounds', 1.2), passage('answers', 1), passage('neither', 0.9)]
  const found = readAgain(passages, [candidate(1, 6), candidate(0, -8), candidate(1, 2)])
  expect(textsOf(found)).toEqual(['answers', 'sounds', 'neither'])
  const wanted = [1 + 0.03 * 6, 1.2 + 0.03 * -8, 0.9 + 0.03 * -15]
  for (const [at, { rerankScore }] of found.entries()) expect(rerankScore).toBeCloseTo(wanted[at] as number)
  expect(found[0]?.score).toBe(1)
})

test('where the reader finds nothing anywhere, the order of retrieval stays', () => {
  const passages = ['a', 'b', 'c'].map((text, at) => passage(text, 1 - at / 10))
  expect(textsOf(readAgain(passages, []))).toEqual(['a', 'b', 'c'])
  expect(textsOf(readAgain(passages, [candidate(1, -90)]))).toEqual(['a', 'b', 'c'])
})

test('what was not looked at stays behind what was', () => {
  const passages = ['a', 'b', 'c', 'd'].map((text, at) => passage(text, 1 - at / 10))
  const found = rerank(passages, [-7, -3])
  expect(textsOf(found)).toEqual(['b', 'a', 'c', 'd'])
  expect(found.at(-1)).not.toHaveProperty('rerankScore')
})
