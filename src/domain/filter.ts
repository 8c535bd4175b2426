/** Which documents a question is asked of. */

export type MetadataValue = string | number | boolean

/** Everything that is given holds of the metadata under `key`; of a list, of any of its values. */
export interface MetadataCondition {
  readonly key: string
  readonly eq?: MetadataValue
  readonly in?: readonly MetadataValue[]
  readonly lt?: MetadataValue
  readonly gt?: MetadataValue
  readonly exists?: boolean
}

/** Documents of which everything that is given holds; an empty filter lets all pass. */
export interface DocumentFilter {
  readonly documentIds?: readonly string[]
  readonly metadata?: readonly MetadataCondition[]
  /** All of them. */
  readonly tags?: readonly string[]
  /** `en` is also `en-GB`. */
  readonly language?: string
  readonly and?: readonly DocumentFilter[]
  readonly or?: readonly DocumentFilter[]
  readonly not?: DocumentFilter
}

export const isEmptyFilter = (filter: DocumentFilter): boolean => Object.keys(filter).length === 0
