/**
 * feedback/: enters what a user says of an interaction, leaves labels and the datasets made of them. A correction is
 * anchored to a document version the moment it enters, so that later changes of the document cannot move it. Called by
 * jobs/ (datasets), graphql/ and server/ (submit, review).
 */
import { v7 as uuidv7 } from 'uuid'
import type { AnchoredSpan, Correction, Interaction, Label } from '../domain.js'
import { DocentError } from '../errors.js'
import type { Reader, Store, Transactor } from '../store/store.js'
import { anchor, checkSpan, documentVersion } from './anchor.js'
import { contextPassage } from './context-passage.js'
import { parseSubmission, type Submission } from './submission.js'

export type { Submission } from './submission.js'

export class Feedback {
  readonly #store: Store

  constructor({ store }: { store: Store }) {
    this.#store = store
  }

  /**
   * Stores a correction, PENDING until it is reviewed. The same `idempotencyKey` again returns the correction that it
   * made, unchanged.
   * @throws INVALID_INPUT, INTERACTION_NOT_FOUND, DOCUMENT_NOT_FOUND, OFFSET_OUT_OF_RANGE, TEXT_MISMATCH
   */
  async submit(input: Submission): Promise<Correction> {
    const submission = parseSubmission(input)
    return this.#store.transact(async (transactor) => {
      const key = submission.idempotencyKey
      const earlier = key === undefined ? undefined : await transactor.corrections.byIdempotencyKey(key)
      if (earlier) return earlier
      const interaction = await transactor.interactions.get(submission.interactionId)
      if (!interaction) {
        throw new DocentError('INTERACTION_NOT_FOUND', `there is no interaction ${submission.interactionId}`)
      }
      const correction: Correction = {
        id: uuidv7(),
        interactionId: interaction.id,
        answerId: submission.answerId ?? null,
        verdict: submission.verdict,
        span: await rightSpan(transactor, interaction, submission),
        comment: submission.comment ?? null,
        idempotencyKey: key ?? null,
        status: 'PENDING',
        reviewReason: null,
        createdAt: new Date(),
        reviewedAt: null,
      }
      await transactor.corrections.insert(correction)
      return correction
    })
  }

  /**
   * Final. ACCEPT makes the label in the same transaction; INCORRECT teaches nothing by itself, and neither does NO_ANSWER
   * where no passage was found.
   * @throws CORRECTION_NOT_FOUND, ALREADY_REVIEWED, DOCUMENT_NOT_FOUND when the document was deleted since
   */
  async review(id: string, decision: 'ACCEPT' | 'REJECT', reason?: string): Promise<Correction> {
    return this.#store.transact(async (transactor) => {
      const correction = await transactor.corrections.get(id)
      if (!correction) throw new DocentError('CORRECTION_NOT_FOUND', `there is no correction ${id}`)
      const at = new Date()
      const status = decision === 'ACCEPT' ? 'ACCEPTED' : 'REJECTED'
      if (!(await transactor.corrections.review(id, status, reason ?? null, at))) {
        throw new DocentError('ALREADY_REVIEWED', `correction ${id} was ${correction.status.toLowerCase()} already`)
      }
      if (decision === 'ACCEPT') {
        const label = await toLabel(transactor, correction, at)
        if (label) await transactor.labels.insert(label)
      }
      return { ...correction, status, reviewReason: reason ?? null, reviewedAt: at }
    })
  }
}

async function rightSpan(
  { documents }: Pick<Reader, 'documents'>,
  interaction: Interaction,
  { answerId, verdict, correction }: Submission,
): Promise<AnchoredSpan | null> {
  const answer = interaction.answers.find(({ id }) => id === answerId)
  if (answerId !== undefined && !answer) {
    throw new DocentError('INVALID_INPUT', `answer ${answerId} does not belong to interaction ${interaction.id}`)
  }
  if (correction) return anchor(documents, interaction, correction)
  if (verdict !== 'CORRECT' || !answer) return null
  const { documentId, start, end, text } = answer
  const version = await documentVersion(documents, documentId, answer.documentVersion)
  return checkSpan(version, { documentId, documentVersion: answer.documentVersion, start, end, text })
}

async function toLabel(transactor: Transactor, correction: Correction, createdAt: Date): Promise<Label | null> {
  const interaction = await transactor.interactions.get(correction.interactionId)
  if (!interaction)
    throw new DocentError('INTERACTION_NOT_FOUND', `there is no interaction ${correction.interactionId}`)
  // The reader read the resolved question, so that is what it is taught.
  const common = { id: uuidv7(), correctionId: correction.id, question: interaction.resolvedQuestion, createdAt }
  const { span } = correction
  if (span) {
    const version = await documentVersion(transactor.documents, span.documentId, span.documentVersion)
    const { start, end, text } = checkSpan(version, span)
    const context = contextPassage(span, interaction, version, await transactor.chunks.ofDocument(span.documentId))
    return {
      ...common,
      documentId: span.documentId,
      documentVersion: span.documentVersion,
      contextStart: context.start,
      contextEnd: context.end,
      answer: { start, end, text },
    }
  }
  const [top] = interaction.passages
  if (correction.verdict !== 'NO_ANSWER' || !top) return null
  await documentVersion(transactor.documents, top.documentId, top.documentVersion)
  return {
    ...common,
    documentId: top.documentId,
    documentVersion: top.documentVersion,
    contextStart: top.start,
    contextEnd: top.end,
    answer: null,
  }
}
