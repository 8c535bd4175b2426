/**
 * One score of two: cosine + 0.12 * BM25 / sqrt(the best BM25 of the search). A weighted sum of scores keeps how far apart
 * they are, which ranks throw away (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS
 * 2023). BM25 sums inverse document frequencies over the words of the question: the square root takes half of what a long
 * question and a large collection add to it, and leaves that a word proves less in a small one. The weight was chosen on
 * questions of SQuAD's training half: docs/decisions/0016-fusion.md.
 */

/** What BM25 over the square root of the best is worth in cosines. */
export const LEXICAL_WEIGHT = 0.12

export interface Ranked {
  readonly seq: number
  readonly score: number
}

/** A search's hits, best first, at most `limit` of them. BM25 is never negative. */
export interface RankedList {
  readonly hits: readonly Ranked[]
  readonly limit: number
}

export interface Fused {
  readonly seq: number
  /** Rank from 1 and score in each list; null: not in it. */
  readonly dense: { readonly rank: number; readonly score: number } | null
  readonly lexical: { readonly rank: number; readonly score: number } | null
  readonly score: number
}

/** Every seq of either list once, best first; ties in the order of the dense rank, then of seq. */
export function fuse(dense: RankedList, lexical: RankedList): Fused[] {
  const denseBySeq = placesBySeq(dense.hits)
  const lexicalBySeq = placesBySeq(lexical.hits)
  const denseFloor = floorOf(dense)
  const lexicalFloor = floorOf(lexical)
  const unit = Math.sqrt(lexical.hits[0]?.score ?? 0) || 1
  const fused = [...new Set([...denseBySeq.keys(), ...lexicalBySeq.keys()])].map((seq) => {
    const places = { dense: denseBySeq.get(seq) ?? null, lexical: lexicalBySeq.get(seq) ?? null }
    const cosine = places.dense?.score ?? denseFloor
    const bm25 = places.lexical?.score ?? lexicalFloor
    return { seq, ...places, score: cosine + (LEXICAL_WEIGHT * bm25) / unit }
  })
  const denseRank = ({ dense: place }: Fused) => place?.rank ?? Number.MAX_SAFE_INTEGER
  return fused.sort((a, b) => b.score - a.score || denseRank(a) - denseRank(b) || a.seq - b.seq)
}

/** What is not in a full list scores at most its last; what is not in one with room left has nothing of what it looks for. */
const floorOf = ({ hits, limit }: RankedList): number => (hits.length < limit ? 0 : (hits.at(-1)?.score ?? 0))

/** A seq that stands twice in a list counts where it stands first. */
function placesBySeq(list: readonly Ranked[]): Map<number, { rank: number; score: number }> {
  const places = new Map<number, { rank: number; score: number }>()
  list.forEach(({ seq, score }, index) => {
    if (!places.has(seq)) places.set(seq, { rank: index + 1, score })
  })
  return places
}
