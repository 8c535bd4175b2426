/** Chunks: what is embedded, retrieved and read. */

/** A span of a document version as the chunker cut it: not stored yet. */
export interface ChunkSpan {
  readonly start: number
  readonly end: number
  readonly tokenCount: number
  readonly headingPath: readonly string[]
  /** Of the table that it begins in the middle of: what it is embedded and indexed with, and no part of its span. */
  readonly tableHeader?: string | null
}

export interface Chunk extends ChunkSpan {
  /** Rises with every stored chunk, never used again: the label in the vector index and what index bases are measured by. */
  readonly seq: number
  readonly documentId: string
  readonly version: number
  readonly collectionId: string
  readonly ordinal: number
}
