/** The vector indexes: derived from the store, verified against exact search, rebuilt at any time. */
import type { Collection } from '../domain.js'
import { builder } from './builder.js'
import { collectionsOf } from './lookup.js'
import { CollectionType, JobType } from './refs.js'

interface IndexState {
  readonly collection: Collection
  readonly live: number
  readonly base: number
  readonly recallAt10: number
}

const IndexStateType = builder.objectRef<IndexState>('IndexState').implement({
  fields: (t) => ({
    collection: t.expose('collection', { type: CollectionType }),
    live: t.exposeInt('live', { description: 'Chunks that a search can find.' }),
    base: t.exposeInt('base', { description: 'Those of the immutable base; the others are searched exactly.' }),
    recallAt10: t.exposeFloat('recallAt10', { description: 'Against exact search, 0 to 1.' }),
  }),
})

builder.queryFields((t) => ({
  verifyIndex: t.field({
    type: [IndexStateType],
    description: 'Compares each index with exact search over the store. Takes a while on large collections.',
    args: { collection: t.arg.id({ description: 'Id or name; all unless told.' }) },
    resolve: async (_, { collection }, context) => {
      const states: IndexState[] = []
      for (const one of await collectionsOf(collection, context)) {
        states.push({ collection: one, ...(await context.services.index.verify(one.id)) })
      }
      return states
    },
  }),
}))

builder.mutationFields((t) => ({
  rebuildIndex: t.field({
    type: [JobType],
    description: 'One job for each collection; questions are answered meanwhile.',
    args: { collection: t.arg.id({ description: 'Id or name; all unless told.' }) },
    resolve: async (_, { collection }, context) => {
      const chosen = await collectionsOf(collection, context)
      return Promise.all(chosen.map(({ id }) => context.services.indexRebuilds.request(id)))
    },
  }),
}))
