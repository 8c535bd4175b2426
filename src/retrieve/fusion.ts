/**
 * Reciprocal rank fusion: Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
 * Learning Methods", SIGIR 2009. An item scores the sum of 1 / (60 + rank) over the lists that hold it. Cosines and BM25
 * scores have no common scale; ranks have.
 */

/** The paper's k: how little it matters to be first rather than tenth. */
export const RANK_CONSTANT = 60

export interface Ranked {
  readonly seq: number
  readonly score: number
}

export interface Fused {
  readonly seq: number
  /** Rank from 1 and score in each list; null: not in it. */
  readonly dense: { readonly rank: number; readonly score: number } | null
  readonly lexical: { readonly rank: number; readonly score: number } | null
  readonly score: number
}

/** Every seq of either list once, best first; ties in the order of the dense rank, then of seq. */
export function fuse(dense: readonly Ranked[], lexical: readonly Ranked[]): Fused[] {
  const denseBySeq = placesBySeq(dense)
  const lexicalBySeq = placesBySeq(lexical)
  const fused = [...new Set([...denseBySeq.keys(), ...lexicalBySeq.keys()])].map((seq) => {
    const places = { dense: denseBySeq.get(seq) ?? null, lexical: lexicalBySeq.get(seq) ?? null }
    return { seq, ...places, score: reciprocal(places.dense) + reciprocal(places.lexical) }
  })
  const denseRank = ({ dense: place }: Fused) => place?.rank ?? Number.MAX_SAFE_INTEGER
  return fused.sort((a, b) => b.score - a.score || denseRank(a) - denseRank(b) || a.seq - b.seq)
}

const reciprocal = (place: { rank: number } | null): number => (place ? 1 / (RANK_CONSTANT + place.rank) : 0)

/** A seq that stands twice in a list counts where it stands first. */
function placesBySeq(list: readonly Ranked[]): Map<number, { rank: number; score: number }> {
  const places = new Map<number, { rank: number; score: number }>()
  list.forEach(({ seq, score }, index) => {
    if (!places.has(seq)) places.set(seq, { rank: index + 1, score })
  })
  return places
}
