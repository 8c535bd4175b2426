import { expect, test } from 'vitest'
import { RERANK_DEPTH, rerank } from '../../src/answer/rerank.js'
import type { Passage } from '../../src/domain.js'

const passage = (text: string, score: number) => ({ text, score }) as Passage
const candidate = (at: number, margin: number) => ({ passage: at, start: 0, end: 1, margin })
const textsOf = (passages: readonly Passage[]) => passages.map(({ text }) => text)

test('a passage that answers rises above one that only sounds like the question', () => {
  const passages = [passage('sounds', 1.2), passage('answers', 1), passage('neither', 0.9)]
  const found = rerank(passages, { candidates: [candidate(1, 6), candidate(0, -8), candidate(1, 2)] })
  expect(textsOf(found)).toEqual(['answers', 'sounds', 'neither'])
  expect(found.map(({ readerMargin }) => readerMargin)).toEqual([6, -8, -15])
  expect(found[0]?.score).toBeCloseTo(1 + 0.03 * 6)
})

test('where the reader finds nothing anywhere, the order of retrieval stays', () => {
  const passages = ['a', 'b', 'c'].map((text, at) => passage(text, 1 - at / 10))
  expect(textsOf(rerank(passages, { candidates: [] }))).toEqual(['a', 'b', 'c'])
  expect(textsOf(rerank(passages, { candidates: [candidate(1, -90)] }))).toEqual(['a', 'b', 'c'])
})

test('what was not read stays behind what was', () => {
  const passages = Array.from({ length: RERANK_DEPTH + 2 }, (_, at) => passage(String(at), 1 - at / 100))
  const found = rerank(passages, { candidates: [candidate(RERANK_DEPTH - 1, 9)] })
  expect(textsOf(found).slice(0, 2)).toEqual([String(RERANK_DEPTH - 1), '0'])
  expect(textsOf(found).slice(-2)).toEqual([String(RERANK_DEPTH), String(RERANK_DEPTH + 1)])
  expect(found.at(-1)).not.toHaveProperty('readerMargin')
})
