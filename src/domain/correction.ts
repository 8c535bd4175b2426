/** What people say of answers, and what it teaches. */

export type Verdict = 'CORRECT' | 'INCORRECT' | 'NO_ANSWER' | 'CORRECTED'

export type ReviewStatus = 'PENDING' | 'ACCEPTED' | 'REJECTED'

/** `text` is emptied when its document is deleted. */
export interface AnchoredSpan {
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Correction {
  readonly id: string
  readonly interactionId: string
  readonly answerId: string | null
  readonly verdict: Verdict
  /** The right span: of the confirmed answer for CORRECT, of the correction for CORRECTED, else null. */
  readonly span: AnchoredSpan | null
  readonly comment: string | null
  readonly idempotencyKey: string | null
  readonly status: ReviewStatus
  readonly reviewReason: string | null
  readonly createdAt: Date
  readonly reviewedAt: Date | null
}

/** What an accepted correction teaches: a question over one passage, with its span or with none. */
export interface Label {
  readonly id: string
  readonly correctionId: string
  readonly question: string
  readonly documentId: string
  readonly documentVersion: number
  /** The passage that the question is asked of. */
  readonly contextStart: number
  readonly contextEnd: number
  /**
   * Null: the passage does not answer. Offsets into the canonical text, not into the passage; the text is emptied when the
   * document is deleted.
   */
  readonly answer: { readonly start: number; readonly end: number; readonly text: string } | null
  readonly createdAt: Date
}
