/** Recall@10 as it is measured everywhere here: queries between sampled stored vectors, against an exact search. */
import type { VectorHit } from '../vector-index.js'
import { Nearest, similarity } from './exact.js'

export const RECALL_DEPTH = 10
export const RECALL_SAMPLES = 250
/** float32 sums in another order differ by this much; chunks of equal text have equal vectors, and either may be found. */
const SCORE_TOLERANCE = 1e-5

/**
 * A question lies near passages and on none of them, so a query lies half-way between two stored vectors that have nothing
 * to do with each other. Stored vectors themselves are found too easily: the search walks straight to their own point.
 * @param vectors stored ones, far apart in the order of storing
 * @returns one query for each, in one matrix
 */
export function queriesBetween(vectors: readonly Float32Array[], dimensions: number): Float32Array {
  const queries = new Float32Array(vectors.length * dimensions)
  vectors.forEach((vector, index) => {
    const other = vectors[(index + (vectors.length >> 1)) % vectors.length] as Float32Array
    const query = vector.map((value, at) => value + (other[at] as number))
    const norm = Math.hypot(...query)
    // Opposite vectors have no direction between them.
    queries.set(norm > 1e-6 ? query.map((value) => value / norm) : vector, index * dimensions)
  })
  return queries
}

/** The true nearest of some queries, over rows that come page by page. */
export class Truth {
  readonly #queries: Float32Array
  readonly #dimensions: number
  readonly #nearest: Nearest[]

  /** @param queries one after another in one matrix */
  constructor(queries: Float32Array, dimensions: number) {
    this.#queries = queries
    this.#dimensions = dimensions
    this.#nearest = Array.from({ length: queries.length / dimensions }, () => new Nearest(RECALL_DEPTH))
  }

  query(index: number): Float32Array {
    return this.#queries.subarray(index * this.#dimensions, (index + 1) * this.#dimensions)
  }

  add(seqs: Float64Array, matrix: Float32Array): void {
    this.#nearest.forEach((nearest, index) => {
      const query = this.query(index)
      for (let row = 0; row < seqs.length; row++) nearest.offer(seqs[row] as number, similarity(matrix, row, query))
    })
  }

  get hits(): VectorHit[][] {
    return this.#nearest.map((nearest) => nearest.hits)
  }
}

/** Share of the true hits that `found` has, query by query; a found one as near as the farthest true one counts. */
export function recall(truth: readonly (readonly VectorHit[])[], found: readonly (readonly VectorHit[])[]): number {
  let expected = 0
  let hits = 0
  truth.forEach((nearest, query) => {
    const bound = (nearest.at(-1)?.score ?? 0) - SCORE_TOLERANCE
    expected += nearest.length
    hits += Math.min(nearest.length, found[query]?.filter((hit) => hit.score >= bound).length ?? 0)
  })
  return expected === 0 ? 1 : hits / expected
}
