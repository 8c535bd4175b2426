/** Interactions: every asked question with what is needed to reproduce it. */
import type { AskSettings, DecisionRecord, PassageRecord, Turn } from '../domain.js'
import { AnswerType, TimingsType } from './ask.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { documentOf } from './lookup.js'
import { DocumentType, InteractionType } from './refs.js'

const TurnType = builder.objectRef<Turn>('Turn').implement({
  fields: (t) => ({ question: t.exposeString('question'), answer: t.exposeString('answer', { nullable: true }) }),
})

const AskSettingsType = builder.objectRef<AskSettings>('AskSettings').implement({
  fields: (t) => ({
    topK: t.exposeInt('topK'),
    perDocument: t.int({ nullable: true, resolve: ({ perDocument }) => perDocument ?? null }),
    maxAnswers: t.exposeInt('maxAnswers'),
    minConfidence: t.exposeFloat('minConfidence'),
  }),
})

const DecisionType = builder.objectRef<DecisionRecord>('Decision').implement({
  description: 'What the confidence of the best answer, given or not, was computed from. Null: no passage had any.',
  fields: (t) => ({
    calibration: t.exposeString('calibration', {
      nullable: true,
      description: "Of answers over passages, by its name; null: the reader's own.",
    }),
    margin: t.float({ nullable: true, resolve: ({ features }) => features?.margin ?? null }),
    similarity: t.float({ nullable: true, resolve: ({ features }) => features?.similarity ?? null }),
    shareLogOdds: t.float({ nullable: true, resolve: ({ features }) => features?.shareLogOdds ?? null }),
    agreeing: t.int({ nullable: true, resolve: ({ features }) => features?.agreeing ?? null }),
  }),
})

const PassageRecordType = builder.objectRef<PassageRecord>('PassageRecord').implement({
  description: 'What is kept of a passage: where it was and how it was found, not its text.',
  fields: (t) => ({
    document: t.field({ type: DocumentType, resolve: (row, _, context) => documentOf(row.documentId, context) }),
    documentVersion: t.exposeInt('documentVersion'),
    start: t.exposeInt('start'),
    end: t.exposeInt('end'),
    score: t.exposeFloat('score'),
    denseRank: t.exposeInt('denseRank', { nullable: true }),
    denseScore: t.exposeFloat('denseScore', { nullable: true }),
    lexicalRank: t.exposeInt('lexicalRank', { nullable: true }),
    lexicalScore: t.exposeFloat('lexicalScore', { nullable: true }),
  }),
})

InteractionType.implement({
  description: 'One asked question with everything needed to reproduce it.',
  fields: (t) => ({
    id: t.exposeID('id'),
    question: t.exposeString('question'),
    resolvedQuestion: t.exposeString('resolvedQuestion'),
    history: t.field({ type: [TurnType], resolve: (row) => [...row.history] }),
    collections: t.idList({ resolve: (row) => [...row.collectionIds], description: 'Ids asked; empty means all.' }),
    filter: t.expose('filter', { type: 'JSON', description: 'As it was asked with.' }),
    settings: t.expose('settings', { type: AskSettingsType }),
    passages: t.field({ type: [PassageRecordType], resolve: (row) => [...row.passages] }),
    answers: t.field({ type: [AnswerType], resolve: (row) => [...row.answers] }),
    abstained: t.exposeBoolean('abstained'),
    noAnswerProbability: t.exposeFloat('noAnswerProbability'),
    decision: t.expose('decision', { type: DecisionType, nullable: true }),
    modelVersion: t.id({ resolve: (row) => row.readerVersion }),
    embedderVersion: t.exposeID('embedderVersion'),
    timings: t.expose('timings', { type: TimingsType }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

const InteractionConnection = builder.connectionObject({ type: InteractionType, name: 'InteractionConnection' })

builder.queryFields((t) => ({
  interaction: t.field({
    type: InteractionType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.interactions.get(id)) ?? null,
  }),
  interactions: t.field({
    type: InteractionConnection,
    args: pageArguments,
    resolve: async (_, paging, { services }) =>
      toConnection(await services.store.reader.interactions.page(pageRequest(paging)), paging.after),
  }),
}))
