/** Collections: what a question is asked of. */

export interface Collection {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
}
