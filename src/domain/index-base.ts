/** What of a vector index lies on disk. */

/** An immutable base of a collection's vector index, and the last chunk it holds. */
export interface IndexBase {
  readonly collectionId: string
  /** Name of its folder under `indexes/<collection>/`, used once. */
  readonly folder: string
  readonly lastSeq: number
  readonly count: number
  readonly createdAt: Date
}
