/** Passages: chunks that retrieval chose, with how they were found. */
import type { Passage } from '../domain.js'
import { builder } from './builder.js'
import { DocumentFilterInput } from './document-filter.js'
import { documentOf } from './lookup.js'
import { LocationType, locationOf } from './place.js'
import { DocumentType } from './refs.js'

/** With what was searched, which explains it. */
export interface FoundPassage extends Passage {
  readonly query: string
}

export const PassageType = builder.objectRef<FoundPassage>('Passage').implement({
  description: 'Offsets count UTF-16 code units into the canonical text of that document version.',
  fields: (t) => ({
    text: t.exposeString('text'),
    document: t.field({
      type: DocumentType,
      resolve: ({ chunk }, _, context) => documentOf(chunk.documentId, context),
    }),
    documentVersion: t.int({ resolve: ({ chunk }) => chunk.version }),
    start: t.int({ resolve: ({ chunk }) => chunk.start }),
    end: t.int({ resolve: ({ chunk }) => chunk.end }),
    location: t.field({
      type: LocationType,
      resolve: ({ chunk }, _, context) => locationOf({ ...chunk, documentVersion: chunk.version }, context),
    }),
    headingPath: t.stringList({ resolve: ({ chunk }) => [...chunk.headingPath] }),
    score: t.exposeFloat('score', {
      description: 'Cosine and BM25 in one: what passages are ordered by unless they are reranked.',
    }),
    denseRank: t.exposeInt('denseRank', { nullable: true }),
    denseScore: t.exposeFloat('denseScore', { nullable: true, description: 'Cosine similarity, -1 to 1.' }),
    lexicalRank: t.exposeInt('lexicalRank', { nullable: true }),
    duplicates: t.idList({
      description:
        'Documents of the same collection with a near-equal passage that came lower and was left out for this one.',
      resolve: ({ duplicates }) => [...duplicates],
    }),
    lexicalScore: t.exposeFloat('lexicalScore', { nullable: true, description: 'BM25, larger is better.' }),
    rerankScore: t.float({
      nullable: true,
      description: 'Of the reranker: what the passages that it saw are ordered by.',
      resolve: ({ rerankScore }) => rerankScore ?? null,
    }),
    matchedTerms: t.stringList({
      description: 'Words of the question that the passage, its headings or its title have, in any form.',
      resolve: ({ query, chunk }, _, { services }) => services.store.reader.chunks.matchedTerms(query, chunk.seq),
    }),
  }),
})

builder.queryFields((t) => ({
  search: t.field({
    type: [PassageType],
    description: 'Retrieval alone: the passages that `ask` would read.',
    args: {
      query: t.arg.string({ required: true }),
      collections: t.arg.idList({ description: 'Ids or names; all unless told.' }),
      filter: t.arg({ type: DocumentFilterInput }),
      first: t.arg.int({ description: '1 to 50; 10 unless told.' }),
      perDocument: t.arg.int({
        description: 'Passages of one document at most, 1 to 50, while other documents have any; no limit unless told.',
      }),
      rerank: t.arg.boolean({
        description:
          'Has the first dozen looked at together with the question, which takes as long as `ask`, and orders them by it.',
      }),
    },
    resolve: async (_, { query, collections, filter, first, perDocument, rerank }, { services }) => {
      const passages = await services.answering.search(query, {
        collectionIds: collections ?? [],
        filter,
        ...(first != null && { first }),
        ...(perDocument != null && { perDocument }),
        ...(rerank != null && { rerank }),
      })
      return passages.map((passage) => ({ ...passage, query }))
    },
  }),
}))
