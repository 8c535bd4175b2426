/** Every number that the index is tuned by; docs/decisions/0005-index-bases.md has the measurements behind them. */
export interface HnswSettings {
  /** Links of a point (Malkov & Yashunin 2018 call it M): more find better and take more memory. */
  readonly M: number
  /** Candidates held while a point is linked in. */
  readonly efConstruction: number
  /** A new base is searched with the smallest of these that reaches `targetRecallAt10` on its own vectors (recall.ts). */
  readonly efSearchChoices: readonly number[]
  readonly targetRecallAt10: number
  /** Collections of at most so many chunks have no base: an exact search of them takes less than a millisecond. */
  readonly exactUpTo: number
  /** The rows after the base are merged when they are more than `exactUpTo` and more than this share of the base. */
  readonly mergeShare: number
  /** A base of which more than this share was removed is not extended but built anew. */
  readonly removedShare: number
  /** A search narrowed to at most so many chunks is exact over those, from the store. */
  readonly exactAllowedUpTo: number
}

export const HNSW_SETTINGS: HnswSettings = {
  M: 16,
  efConstruction: 200,
  efSearchChoices: [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048],
  targetRecallAt10: 0.99,
  exactUpTo: 500,
  mergeShare: 0.2,
  removedShare: 0.2,
  exactAllowedUpTo: 1000,
}
