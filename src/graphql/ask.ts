/** Asking: a question in, verbatim quotes or an honest abstention out. */
import type { AskResult } from '../answer/answering.js'
import type { Answer, Timings } from '../domain.js'
import { builder } from './builder.js'
import { DocumentFilterInput } from './document-filter.js'
import { documentOf } from './lookup.js'
import { PassageType } from './passage.js'
import { LocationType, locationOf } from './place.js'
import { DocumentType } from './refs.js'

const TurnInput = builder.inputType('TurnInput', {
  description: 'An earlier question of the conversation and what was answered; null for an abstention.',
  fields: (t) => ({ question: t.string({ required: true }), answer: t.string() }),
})

export const AnswerType = builder.objectRef<Answer>('Answer').implement({
  description:
    'A verbatim slice of a document version: `canonicalText.slice(start, end) === text`, in UTF-16 units. Text and context ' +
    'are empty when the document was deleted since.',
  fields: (t) => ({
    id: t.exposeID('id'),
    text: t.exposeString('text'),
    confidence: t.exposeFloat('confidence', { description: '0 to 1: the probability that it is exactly right.' }),
    document: t.field({ type: DocumentType, resolve: (answer, _, context) => documentOf(answer.documentId, context) }),
    documentVersion: t.exposeInt('documentVersion'),
    start: t.exposeInt('start'),
    end: t.exposeInt('end'),
    location: t.field({ type: LocationType, resolve: (answer, _, context) => locationOf(answer, context) }),
    context: t.exposeString('context', { description: 'The passage it was read in.' }),
    contextStart: t.exposeInt('contextStart', { description: 'Where the passage begins in the canonical text.' }),
  }),
})

export const TimingsType = builder.objectRef<Timings>('Timings').implement({
  description: 'Milliseconds.',
  fields: (t) => ({
    embedMs: t.exposeFloat('embedMs'),
    retrieveMs: t.exposeFloat('retrieveMs'),
    readMs: t.exposeFloat('readMs'),
    totalMs: t.exposeFloat('totalMs'),
  }),
})

const AskNoticeType = builder.enumType('AskNotice', {
  values: {
    NO_DOCUMENTS: { description: 'There is no document in what was asked.' },
    NOTHING_MATCHES_FILTER: { description: 'No document of what was asked passes the filter.' },
    DOCUMENTS_WAITING: { description: 'Documents were accepted that are not ingested yet: ask again later.' },
  } as const,
})

const AskResultType = builder.objectRef<AskResult>('AskResult').implement({
  fields: (t) => ({
    interactionId: t.id({ resolve: ({ interaction }) => interaction.id, description: 'What feedback names.' }),
    answers: t.field({ type: [AnswerType], resolve: ({ interaction }) => [...interaction.answers] }),
    abstained: t.boolean({ resolve: ({ interaction }) => interaction.abstained }),
    noAnswerProbability: t.float({ resolve: ({ interaction }) => interaction.noAnswerProbability }),
    resolvedQuestion: t.string({
      description: 'The question as it was retrieved and read, after `history` was resolved.',
      resolve: ({ interaction }) => interaction.resolvedQuestion,
    }),
    notices: t.field({
      type: [AskNoticeType],
      description: 'What a person should know who got no answer.',
      resolve: ({ notices }) => [...notices],
    }),
    passages: t.field({
      type: [PassageType],
      resolve: ({ interaction, passages }) =>
        passages.map((passage) => ({ ...passage, query: interaction.resolvedQuestion })),
    }),
    modelVersion: t.id({ resolve: ({ interaction }) => interaction.readerVersion }),
    timings: t.field({ type: TimingsType, resolve: ({ interaction }) => interaction.timings }),
  }),
})

builder.queryFields((t) => ({
  ask: t.field({
    type: AskResultType,
    description:
      'Answers from the documents by quoting them, or abstains. Stores the interaction although it is a query.',
    args: {
      question: t.arg.string({ required: true }),
      history: t.arg({ type: [TurnInput], description: 'Earlier turns, oldest first.' }),
      collections: t.arg.idList({ description: 'Ids or names; all unless told.' }),
      filter: t.arg({ type: DocumentFilterInput }),
      topK: t.arg.int({ description: 'Passages to read, 1 to 50; 8 unless told.' }),
      perDocument: t.arg.int({
        description: 'Passages of one document at most, 1 to 50, while other documents have any; no limit unless told.',
      }),
      maxAnswers: t.arg.int({ description: '1 to 20; 3 unless told.' }),
      minConfidence: t.arg.float({
        description: '0 to 1; answers below it are left out: so many of those that are given are right. 0 unless told.',
      }),
    },
    resolve: (_, args, { services }) =>
      services.answering.ask({
        question: args.question,
        history: (args.history ?? []).map((turn) => ({ question: turn.question, answer: turn.answer ?? null })),
        collectionIds: args.collections ?? [],
        filter: args.filter,
        ...(args.topK != null && { topK: args.topK }),
        ...(args.perDocument != null && { perDocument: args.perDocument }),
        ...(args.maxAnswers != null && { maxAnswers: args.maxAnswers }),
        ...(args.minConfidence != null && { minConfidence: args.minConfidence }),
      }),
  }),
}))
