/** What a user may say of an interaction, checked field by field before anything is looked up. */
import { z } from 'zod'
import { DocentError } from '../errors.js'

const MAX_TEXT_LENGTH = 10_000
const MAX_COMMENT_LENGTH = 4000
const MAX_KEY_LENGTH = 200

const offset = z.number().int()

const correctionSpanSchema = z.strictObject({
  documentId: z.string().min(1),
  /** The version that the interaction shows of this document, else its current one. */
  documentVersion: z.number().int().min(1).optional(),
  text: z
    .string()
    .max(MAX_TEXT_LENGTH)
    .refine((text) => text.trim() !== '', 'must not be blank')
    // Half a character cannot stand in a canonical text.
    .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed Unicode'),
  start: offset.optional(),
  end: offset.optional(),
})

const submissionSchema = z.strictObject({
  interactionId: z.string().min(1),
  answerId: z.string().min(1).optional(),
  verdict: z.enum(['CORRECT', 'INCORRECT', 'NO_ANSWER', 'CORRECTED']),
  correction: correctionSpanSchema.optional(),
  comment: z.string().max(MAX_COMMENT_LENGTH).optional(),
  idempotencyKey: z.string().min(1).max(MAX_KEY_LENGTH).optional(),
})

export type CorrectionSpan = z.infer<typeof correctionSpanSchema>
export type Submission = z.infer<typeof submissionSchema>

/** @throws INVALID_INPUT naming the field, or the verdict that asks for another combination of them. */
export function parseSubmission(input: unknown): Submission {
  const parsed = submissionSchema.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new DocentError('INVALID_INPUT', `${issue?.path.join('.') || 'feedback'}: ${issue?.message}`)
  }
  const { verdict, answerId, correction } = parsed.data
  if (verdict === 'CORRECT' && answerId === undefined) {
    throw new DocentError('INVALID_INPUT', 'verdict CORRECT needs answerId: the answer that is right')
  }
  if (verdict === 'CORRECTED' && !correction) {
    throw new DocentError('INVALID_INPUT', 'verdict CORRECTED needs correction: the span that is right')
  }
  if (verdict !== 'CORRECTED' && correction) {
    throw new DocentError(
      'INVALID_INPUT',
      `verdict ${verdict} takes no correction; send CORRECTED to name the right span`,
    )
  }
  return parsed.data
}
