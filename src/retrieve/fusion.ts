/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): the score of an item is the sum of 1 / (k + rank) over
 * the rankings that hold it. Only ranks count, so that cosines and BM25 scores need no common scale.
 */

/** The paper's constant: the first ranks of a list differ little, so that agreement between lists decides. */
export const RRF_K = 60

export interface FusedItem {
  readonly seq: number
  readonly score: number
}

/**
 * @param rankings seqs, best first, no seq twice in one ranking
 * @returns every seq of any ranking once, best first; ties in the order of seq, so that the same question gives the same list
 */
export function fuseRankings(rankings: readonly (readonly number[])[], k = RRF_K): FusedItem[] {
  const scores = new Map<number, number>()
  for (const ranking of rankings) {
    for (const [index, seq] of ranking.entries()) scores.set(seq, (scores.get(seq) ?? 0) + 1 / (k + index + 1))
  }
  return [...scores]
    .map(([seq, score]) => ({ seq, score }))
    .sort((left, right) => right.score - left.score || left.seq - right.seq)
}
