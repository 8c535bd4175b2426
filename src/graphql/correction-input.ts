/** Feedback as GraphQL and REST receive it (absent and null alike), turned into what the feedback room takes. */
import type { Verdict } from '../domain.js'

type Maybe<T> = T | null | undefined

export interface FeedbackFields {
  readonly interactionId: string
  readonly answerId?: Maybe<string>
  readonly verdict: Verdict
  readonly correction?: Maybe<{
    readonly documentId: string
    readonly documentVersion?: Maybe<number>
    readonly text: string
    readonly start?: Maybe<number>
    readonly end?: Maybe<number>
  }>
  readonly comment?: Maybe<string>
  readonly idempotencyKey?: Maybe<string>
}

export function toSubmission(input: FeedbackFields) {
  const { correction } = input
  return {
    interactionId: input.interactionId,
    verdict: input.verdict,
    ...(input.answerId != null && { answerId: input.answerId }),
    ...(input.comment != null && { comment: input.comment }),
    ...(input.idempotencyKey != null && { idempotencyKey: input.idempotencyKey }),
    ...(correction && {
      correction: {
        documentId: correction.documentId,
        text: correction.text,
        ...(correction.documentVersion != null && { documentVersion: correction.documentVersion }),
        ...(correction.start != null && { start: correction.start }),
        ...(correction.end != null && { end: correction.end }),
      },
    }),
  }
}
