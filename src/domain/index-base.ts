/** What of a vector index lies on disk. */

/** An immutable base of a collection's vector index, of the vectors of one embedder, and the last chunk it holds. */
export interface IndexBase {
  readonly collectionId: string
  readonly embedderId: number
  /** Name of its folder under `indexes/<collection>/<embedder>/`, used once. */
  readonly folder: string
  readonly lastSeq: number
  readonly count: number
  readonly createdAt: Date
}
