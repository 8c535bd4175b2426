/** Where in an uploaded file a text stands. */

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code'

/** Left, top, right, bottom: points (1/72 inch) from the top left corner of the page as it is shown. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** Where a span of the canonical text stands in the uploaded file. Null where the format has no such thing. */
export interface Place {
  readonly start: number
  readonly end: number
  readonly kind: BlockKind
  /** From 1. */
  readonly page: number | null
  readonly sheet: string | null
  /** From 1. */
  readonly slide: number | null
  /** From 1, of a table, in a sheet the sheet's own number. */
  readonly row: number | null
  /** A row that names the columns. */
  readonly isHeader: boolean
  readonly box: Box | null
}
