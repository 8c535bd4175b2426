/** An embedder that made vectors of the store. */
export interface EmbedderRecord {
  readonly id: number
  /** Of its folder under `models/embedder/`: another model has another name. */
  readonly name: string
  /** Numbers of each of its vectors. */
  readonly dimensions: number
  /** sha256 (hex) of its weights: a folder of that name with others makes other vectors. */
  readonly weightsHash: string
  readonly createdAt: Date
}
