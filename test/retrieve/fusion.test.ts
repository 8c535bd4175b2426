import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuse, LEXICAL_WEIGHT } from '../../src/retrieve/fusion.js'

const LIMIT = 15
const listOf = (score: fc.Arbitrary<number>) =>
  fc
    .uniqueArray(fc.record({ seq: fc.integer({ min: 1, max: 30 }), score }), {
      maxLength: LIMIT,
      selector: ({ seq }) => seq,
    })
    .map((hits) => ({ hits: hits.sort((a, b) => b.score - a.score), limit: LIMIT }))
const denseList = listOf(fc.double({ min: 0, max: 1, noNaN: true }))
const lexicalList = listOf(fc.double({ min: 0, max: 40, noNaN: true }))

describe('fusion', () => {
  it('adds BM25, weighted by the square root of the best, to the cosine', () => {
    const dense = {
      hits: [
        { seq: 7, score: 0.9 },
        { seq: 3, score: 0.8 },
      ],
      limit: 2,
    }
    const lexical = {
      hits: [
        { seq: 3, score: 12 },
        { seq: 5, score: 10 },
      ],
      limit: 2,
    }
    const score = (cosine: number, bm25: number) => cosine + (LEXICAL_WEIGHT * bm25) / Math.sqrt(12)
    expect(fuse(dense, lexical)).toEqual([
      // In a full list what is missing scores as its last.
      { seq: 7, dense: { rank: 1, score: 0.9 }, lexical: null, score: score(0.9, 10) },
      { seq: 3, dense: { rank: 2, score: 0.8 }, lexical: { rank: 1, score: 12 }, score: score(0.8, 12) },
      { seq: 5, dense: null, lexical: { rank: 2, score: 10 }, score: score(0.8, 10) },
    ])
  })

  it('gives nothing for words to what has none of them', () => {
    const dense = { hits: [{ seq: 1, score: 0.5 }], limit: 50 }
    expect(fuse(dense, { hits: [{ seq: 2, score: 8 }], limit: 50 })).toEqual([
      { seq: 1, dense: { rank: 1, score: 0.5 }, lexical: null, score: 0.5 },
      { seq: 2, dense: null, lexical: { rank: 1, score: 8 }, score: (LEXICAL_WEIGHT * 8) / Math.sqrt(8) },
    ])
    expect(fuse(dense, { hits: [], limit: 50 }).map(({ score }) => score)).toEqual([0.5])
    const worthless = { hits: [{ seq: 2, score: 0 }], limit: 50 }
    expect(fuse(dense, worthless).map(({ score }) => score)).toEqual([0.5, 0])
  })

  it('gives every seq of either list once, in falling order of score', () => {
    fc.assert(
      fc.property(denseList, lexicalList, (dense, lexical) => {
        const fused = fuse(dense, lexical)
        const seqs = fused.map(({ seq }) => seq)
        expect(new Set(seqs).size).toBe(seqs.length)
        expect(new Set(seqs)).toEqual(new Set([...dense.hits, ...lexical.hits].map(({ seq }) => seq)))
        const scores = fused.map(({ score }) => score)
        expect(scores).toEqual([...scores].sort((a, b) => b - a))
      }),
    )
  })

  it('never ranks lower what is better in both lists', () => {
    fc.assert(
      fc.property(denseList, lexicalList, (dense, lexical) => {
        const rank = (place: { rank: number; score: number } | null) => place?.score ?? -1
        const fused = fuse(dense, lexical)
        for (let at = 1; at < fused.length; at++) {
          const [above, below] = [fused[at - 1], fused[at]]
          if (!above || !below) continue
          expect(rank(below.dense) > rank(above.dense) && rank(below.lexical) > rank(above.lexical)).toBe(false)
        }
      }),
    )
  })
})
