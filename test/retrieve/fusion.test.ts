import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuse } from '../../src/retrieve/fusion.js'

const list = fc
  .uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 15 })
  .map((seqs) => seqs.map((seq, at) => ({ seq, score: 1 - at / 100 })))

describe('reciprocal rank fusion', () => {
  it('adds 1 / (60 + rank) over the lists', () => {
    const dense = [
      { seq: 7, score: 0.9 },
      { seq: 3, score: 0.8 },
    ]
    const lexical = [
      { seq: 3, score: 12 },
      { seq: 5, score: 11 },
    ]
    expect(fuse(dense, lexical)).toEqual([
      { seq: 3, dense: { rank: 2, score: 0.8 }, lexical: { rank: 1, score: 12 }, score: 1 / 62 + 1 / 61 },
      { seq: 7, dense: { rank: 1, score: 0.9 }, lexical: null, score: 1 / 61 },
      { seq: 5, dense: null, lexical: { rank: 2, score: 11 }, score: 1 / 62 },
    ])
  })

  it('gives every seq of either list once, in falling order of score', () => {
    fc.assert(
      fc.property(list, list, (dense, lexical) => {
        const fused = fuse(dense, lexical)
        const seqs = fused.map(({ seq }) => seq)
        expect(new Set(seqs).size).toBe(seqs.length)
        expect(new Set(seqs)).toEqual(new Set([...dense, ...lexical].map(({ seq }) => seq)))
        const scores = fused.map(({ score }) => score)
        expect(scores).toEqual([...scores].sort((a, b) => b - a))
      }),
    )
  })

  it('never ranks lower what is better in both lists', () => {
    fc.assert(
      fc.property(list, list, (dense, lexical) => {
        const rank = (place: { rank: number } | null) => place?.rank ?? 1000
        const fused = fuse(dense, lexical)
        for (let at = 1; at < fused.length; at++) {
          const [above, below] = [fused[at - 1], fused[at]]
          if (!above || !below) continue
          expect(rank(below.dense) < rank(above.dense) && rank(below.lexical) < rank(above.lexical)).toBe(false)
        }
      }),
    )
  })
})
