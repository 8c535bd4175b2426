/**
 * The contract of a vector index. Enters: the chunks' vectors, after the store committed them. Leaves: which of them lie
 * nearest to a question's. An index is of the vectors of one embedder. Called by retrieve/ (search) and jobs/ (everything
 * else).
 *
 * The store is the truth and an index is a cache of it: whatever is missing or damaged is made again from
 * `chunks.vectorsAfter`. test/conformance/vector-index.ts is the suite that every implementation passes.
 */
export interface VectorIndex extends AsyncDisposable {
  /**
   * The `k` nearest live chunks of a collection, nearest first; ties in the order of seq.
   * @param vector L2 norm 1, as all stored vectors
   * @param allowed seqs that may be found, rising; left out: all
   */
  search(collectionId: string, vector: Float32Array, k: number, allowed?: Float64Array): Promise<VectorHit[]>
  /**
   * Tells what a committed transaction changed. When it resolves, what was added is found and what was removed is not.
   * Repeating it, and telling of two transactions in another order than they were committed, does no harm.
   */
  apply(collectionId: string, changes: VectorChanges): Promise<void>
  /** Resolves when the collection is open and everything is built that makes its searches quick. */
  prepare(collectionId: string): Promise<void>
  /** Makes the collection's index anew from the store. Searches go on meanwhile. */
  rebuild(collectionId: string): Promise<void>
  /** Compares the index with an exact search of what the store holds. */
  verify(collectionId: string): Promise<IndexReport>
}

export interface VectorHit {
  readonly seq: number
  /** Cosine similarity, -1..1. */
  readonly score: number
}

export interface StoredVector {
  readonly seq: number
  readonly vector: Float32Array
}

export interface VectorChanges {
  readonly added: readonly StoredVector[]
  /** Seqs. */
  readonly removed: readonly number[]
}

export interface IndexReport {
  /** Chunks that the store holds. */
  readonly live: number
  /** How many vectors the immutable base holds, those removed since included; 0: there is none, the search is exact. */
  readonly base: number
  /** Share of the true 10 nearest that the index finds, over sampled vectors. */
  readonly recallAt10: number
}
