/** Corrections: what a user says of an interaction, and what a reviewer makes of it. */
import type { AnchoredSpan } from '../domain.js'
import { DocentError } from '../errors.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { toSubmission } from './correction-input.js'
import { documentOf } from './lookup.js'
import { CorrectionType, DocumentType, InteractionType } from './refs.js'

const VerdictType = builder.enumType('Verdict', {
  values: {
    CORRECT: { description: 'The answer named by `answerId` is right.' },
    INCORRECT: { description: 'It is wrong; the right one is not said.' },
    NO_ANSWER: { description: 'The documents do not answer this question.' },
    CORRECTED: { description: 'It is wrong, and `correction` is the right span.' },
  } as const,
})

const ReviewStatusType = builder.enumType('ReviewStatus', { values: ['PENDING', 'ACCEPTED', 'REJECTED'] as const })
const ReviewDecisionType = builder.enumType('ReviewDecision', { values: ['ACCEPT', 'REJECT'] as const })

const AnchoredSpanType = builder.objectRef<AnchoredSpan>('AnchoredSpan').implement({
  description:
    'A verbatim slice of a document version, in UTF-16 units. The text is empty when the document was deleted since.',
  fields: (t) => ({
    document: t.field({ type: DocumentType, resolve: (span, _, context) => documentOf(span.documentId, context) }),
    documentVersion: t.exposeInt('documentVersion'),
    start: t.exposeInt('start'),
    end: t.exposeInt('end'),
    text: t.exposeString('text'),
  }),
})

CorrectionType.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    interaction: t.field({
      type: InteractionType,
      resolve: async ({ interactionId }, _, { services }) => {
        const interaction = await services.store.reader.interactions.get(interactionId)
        if (!interaction) throw new DocentError('INTERACTION_NOT_FOUND', `there is no interaction ${interactionId}`)
        return interaction
      },
    }),
    answerId: t.exposeID('answerId', { nullable: true }),
    verdict: t.expose('verdict', { type: VerdictType }),
    span: t.expose('span', { type: AnchoredSpanType, nullable: true }),
    comment: t.exposeString('comment', { nullable: true }),
    status: t.expose('status', { type: ReviewStatusType }),
    reviewReason: t.exposeString('reviewReason', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    reviewedAt: t.expose('reviewedAt', { type: 'DateTime', nullable: true }),
  }),
})

const CorrectionConnection = builder.connectionObject({ type: CorrectionType, name: 'CorrectionConnection' })

const CorrectionSpanInput = builder.inputType('CorrectionSpanInput', {
  fields: (t) => ({
    documentId: t.id({ required: true }),
    documentVersion: t.int({ description: 'Unless told, the one that the interaction showed, else the current one.' }),
    text: t.string({ required: true, description: 'Exactly as the document has it.' }),
    start: t.int({ description: 'UTF-16 offset; found by the text when left out.' }),
    end: t.int(),
  }),
})

const FeedbackInput = builder.inputType('FeedbackInput', {
  fields: (t) => ({
    interactionId: t.id({ required: true }),
    answerId: t.id(),
    verdict: t.field({ type: VerdictType, required: true }),
    correction: t.field({ type: CorrectionSpanInput }),
    comment: t.string(),
    idempotencyKey: t.string({ description: 'Sent again, the same correction is returned and nothing is stored.' }),
  }),
})

builder.queryFields((t) => ({
  correction: t.field({
    type: CorrectionType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.corrections.get(id)) ?? null,
  }),
  corrections: t.field({
    type: CorrectionConnection,
    args: { ...pageArguments, status: t.arg({ type: ReviewStatusType }) },
    resolve: async (_, { status, ...paging }, { services }) => {
      const page = await services.store.reader.corrections.page({
        ...pageRequest(paging),
        status: status ?? undefined,
      })
      return toConnection(page, paging.after)
    },
  }),
}))

builder.mutationFields((t) => ({
  submitFeedback: t.field({
    type: CorrectionType,
    args: { input: t.arg({ type: FeedbackInput, required: true }) },
    resolve: (_, { input }, { services }) => services.feedback.submit(toSubmission(input)),
  }),
  reviewCorrection: t.field({
    type: CorrectionType,
    description: 'Final. ACCEPT makes it a label that training learns from.',
    args: {
      id: t.arg.id({ required: true }),
      decision: t.arg({ type: ReviewDecisionType, required: true }),
      reason: t.arg.string(),
    },
    resolve: (_, { id, decision, reason }, { services }) => services.feedback.review(id, decision, reason ?? undefined),
  }),
}))
