/** A part of a long list. */

export interface Page<T> {
  readonly items: readonly T[]
  /** Pass as `after` to get the next page; null on the last one. */
  readonly nextCursor: string | null
}
