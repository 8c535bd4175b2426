/** Which reader was made current. */

/** Append-only: who changed which model is current, when and why. The newest row names the current one. */
export interface Promotion {
  readonly id: number
  readonly modelVersion: string
  readonly kind: 'INITIAL' | 'GATE' | 'MANUAL' | 'ROLLBACK'
  readonly reason: string
  readonly createdAt: Date
}
