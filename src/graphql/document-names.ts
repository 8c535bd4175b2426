/** What documents are called by their uploaders: what a synchronisation compares with its own files. */
import type { Document, DocumentName } from '../domain.js'
import { requireCollection } from '../store/find-collection.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { documentOf } from './lookup.js'
import { DocumentType } from './refs.js'

/** A cursor names a row by its id, and in a collection the name is one. */
const DocumentNameType = builder.objectRef<DocumentName & { id: string }>('DocumentName').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    originalHash: t.exposeString('originalHash', {
      nullable: true,
      description:
        'sha256 (hex) of the newest file that was accepted under it and has not failed, also while its job is queued.',
    }),
    document: t.field({
      type: DocumentType,
      resolve: ({ documentId }, _, context) => documentOf(documentId, context),
    }),
  }),
})

const DocumentNameConnection = builder.connectionObject({ type: DocumentNameType, name: 'DocumentNameConnection' })

builder.objectFields(DocumentType, (t) => ({
  names: t.stringList({
    description: 'Every externalId under which its bytes were uploaded, the oldest first.',
    resolve: ({ id }, _, { services }) => services.store.reader.documents.namesOf(id),
  }),
}))

builder.queryFields((t) => ({
  documentNames: t.field({
    type: DocumentNameConnection,
    description: 'The names in a collection, in their own order.',
    args: {
      ...pageArguments,
      collection: t.arg.id({ required: true, description: 'Id or name.' }),
      prefix: t.arg.string({ description: 'What they begin with: a folder, `handbook/`.' }),
    },
    resolve: async (_, { collection, prefix, ...paging }, { services }) => {
      const { collections, documents } = services.store.reader
      const { id } = await requireCollection(collections, collection)
      const page = await documents.names(id, { ...pageRequest(paging), prefix: prefix ?? '' })
      return toConnection({ ...page, items: page.items.map((item) => ({ ...item, id: item.name })) }, paging.after)
    },
  }),
}))

const DeleteNamePayload = builder.objectRef<Document>('DeleteNamePayload').implement({
  fields: (t) => ({
    document: t.field({
      type: DocumentType,
      description: 'As it is without the name; a tombstone when that was its last.',
      resolve: (document) => document,
    }),
  }),
})

builder.mutationFields((t) => ({
  deleteDocumentName: t.field({
    type: DeleteNamePayload,
    description: 'Takes a name from its document; the last one takes the document with it, as `deleteDocument` does.',
    args: {
      collection: t.arg.id({ required: true, description: 'Id or name.' }),
      name: t.arg.string({ required: true, description: 'The externalId.' }),
    },
    resolve: async (_, { collection, name }, { services }) => {
      const { id } = await requireCollection(services.store.reader.collections, collection)
      return services.documents.removeName(id, name)
    },
  }),
}))
