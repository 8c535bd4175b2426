/** Documents of a collection that say nearly the same. */
import type { Comparison, TextSpan } from '../index/near-documents/comparison.js'
import {
  MAX_COMPARED_LENGTH,
  MIN_SHARE,
  type NearDocument,
  type NearMatch,
} from '../index/near-documents/near-documents.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import type { GraphqlContext } from './context.js'
import { collectionsOf, documentOf } from './lookup.js'
import { DocumentType } from './refs.js'

const TextSpanType = builder.objectRef<TextSpan>('TextSpan').implement({
  description: 'Offsets count UTF-16 code units into the canonical text of the document version.',
  fields: (t) => ({
    start: t.exposeInt('start'),
    end: t.exposeInt('end'),
    text: t.exposeString('text'),
  }),
})

const CommonSpanType = builder.objectRef<Comparison['common'][number]>('CommonSpan').implement({
  description: 'The same words in both documents; signs, spaces and case may differ.',
  fields: (t) => ({
    here: t.expose('here', { type: TextSpanType }),
    there: t.expose('there', { type: TextSpanType, description: 'In the older document.' }),
  }),
})

const NearDuplicateMatchType = builder.objectRef<NearMatch>('NearDuplicateMatch').implement({
  fields: (t) => ({
    document: t.field({
      type: DocumentType,
      resolve: ({ documentId }, _, context) => documentOf(documentId, context),
    }),
    documentVersion: t.exposeInt('version'),
    share: t.exposeFloat('share', {
      description: 'Of the runs of three words that either has, those that both have: 0 to 1.',
    }),
    common: t.expose('common', { type: [CommonSpanType], description: 'Examples, the longest first.' }),
    onlyHere: t.expose('onlyHere', { type: [TextSpanType], description: 'The first places that the older one lacks.' }),
    onlyThere: t.expose('onlyThere', { type: [TextSpanType], description: 'The first places that this one lacks.' }),
  }),
})

const NearDuplicateType = builder.objectRef<NearDocument & { id: string }>('NearDuplicate').implement({
  fields: (t) => ({
    document: t.field({
      type: DocumentType,
      resolve: ({ documentId }, _, context) => documentOf(documentId, context),
    }),
    documentVersion: t.exposeInt('version'),
    matches: t.expose('matches', {
      type: [NearDuplicateMatchType],
      description: 'Older documents of its collection, the nearest first, at most 20.',
    }),
  }),
})

const NearDuplicateConnection = builder.connectionObject({ type: NearDuplicateType, name: 'NearDuplicateConnection' })

const collectionArgument = builder.args((arg) => ({
  collection: arg.id({ description: 'Id or name; each collection by itself unless told.' }),
}))

const idsOf = async (collection: string | null | undefined, context: GraphqlContext) =>
  (await collectionsOf(collection, context)).map(({ id }) => id)

builder.queryFields((t) => ({
  nearDuplicates: t.field({
    type: NearDuplicateConnection,
    description:
      'Documents, newest first, each with the older ones that it nearly repeats. The first time after a start all texts ' +
      `are read, which takes a while (\`nearDuplicatesProgress\`). Texts of more than ${MAX_COMPARED_LENGTH / 1e6} million characters are left out.`,
    args: {
      ...pageArguments,
      ...collectionArgument,
      minShare: t.arg.float({ description: `What they share at least, ${MIN_SHARE} to 1; 0.8 unless told.` }),
    },
    resolve: async (_, { collection, minShare, ...paging }, context) => {
      const page = await context.services.nearDocuments.page({
        ...pageRequest(paging),
        collectionIds: await idsOf(collection, context),
        minShare: minShare ?? undefined,
      })
      return toConnection(
        { ...page, items: page.items.map((item) => ({ ...item, id: item.documentId })) },
        paging.after,
      )
    },
  }),
}))

const ComparisonProgressType = builder.objectRef<{ done: number; total: number }>('ComparisonProgress').implement({
  description: 'Documents whose texts have to be read before their collection can be reported on.',
  fields: (t) => ({ done: t.exposeInt('done'), total: t.exposeInt('total') }),
})

builder.subscriptionFields((t) => ({
  nearDuplicatesProgress: t.field({
    type: ComparisonProgressType,
    description: 'Does what `nearDuplicates` would have to do first; completes when that answers at once.',
    args: collectionArgument,
    subscribe: async (_, { collection }, context) =>
      context.services.nearDocuments.prepare(await idsOf(collection, context)),
    resolve: (progress) => progress,
  }),
}))
