/** Documents and collections. */
import type { Document, JsonValue } from '../domain.js'
import { DocentError } from '../errors.js'
import { parseFilter } from '../store/filter-schema.js'
import { requireCollection } from '../store/find-collection.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { DocumentFilterInput } from './document-filter.js'
import { CollectionType, DocumentType, JobType } from './refs.js'

export const DocumentStatusType = builder.enumType('DocumentStatus', {
  values: {
    PROCESSING: { description: 'Accepted; its first version is being ingested.' },
    READY: { description: 'Its current version answers questions.' },
    FAILED: { description: 'Its only version could not be ingested; the job says why.' },
    DELETED: { description: 'A tombstone: citations still resolve, the text is gone.' },
  } as const,
})

CollectionType.implement({
  description: 'A named set of documents.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

DocumentType.implement({
  description: 'One uploaded thing with a stable id; every change makes a new version with its own canonical text.',
  fields: (t) => ({
    id: t.exposeID('id'),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description:
        "The uploader's own name for it: uploading it again makes the next version. The oldest of its names.",
    }),
    title: t.exposeString('title', { description: 'Empty once deleted.' }),
    mediaType: t.exposeString('mediaType'),
    metadata: t.expose('metadata', {
      type: 'JSON',
      description: 'What the uploader said, and what the file says of itself: filters ask for it.',
    }),
    tags: t.stringList({ description: 'Of its metadata `tags`.', resolve: ({ metadata }) => textsOf(metadata.tags) }),
    language: t.string({
      nullable: true,
      description: 'Of its metadata `language`: as it was said, else (`languageDetected`) as its text was found to be.',
      resolve: ({ metadata }) => textsOf(metadata.language)[0] ?? null,
    }),
    status: t.expose('status', { type: DocumentStatusType }),
    currentVersion: t.exposeInt('currentVersion', { description: '0 until the first version is ingested.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    collection: t.field({
      type: CollectionType,
      resolve: async (document, _, { services }) => {
        const collection = await services.store.reader.collections.get(document.collectionId)
        if (!collection)
          throw new DocentError('COLLECTION_NOT_FOUND', `there is no collection ${document.collectionId}`)
        return collection
      },
    }),
    text: t.string({
      nullable: true,
      description: 'The canonical text of a version, the current one unless told; null when there is none.',
      args: { version: t.arg.int() },
      resolve: async (document, { version }, { services }) => {
        const row = await services.store.reader.documents.version(document.id, version ?? document.currentVersion)
        return document.status === 'DELETED' ? null : (row?.canonicalText ?? null)
      },
    }),
    chunkCount: t.int({
      description: 'Chunks of the current version.',
      resolve: async (document, _, { services }) => (await services.store.reader.chunks.ofDocument(document.id)).length,
    }),
  }),
})

const textsOf = (value: JsonValue | undefined): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')

const DocumentConnection = builder.connectionObject({ type: DocumentType, name: 'DocumentConnection' })

const AddDocumentInput = builder.inputType('AddDocumentInput', {
  fields: (t) => ({
    title: t.string({ required: true }),
    text: t.string({ required: true }),
    mediaType: t.string({ description: 'text/plain (unless told), text/markdown or text/html.' }),
    externalId: t.string({ description: 'Adding it again under this name makes the next version.' }),
    metadata: t.field({ type: 'JSON' }),
    collection: t.string({ description: 'Name of the collection; made when there is none. `default` unless told.' }),
  }),
})

const DeletePayload = builder.objectRef<{ document: Document }>('DeletePayload').implement({
  fields: (t) => ({
    id: t.id({ resolve: ({ document }) => document.id }),
    document: t.expose('document', { type: DocumentType, description: 'The tombstone.' }),
  }),
})

builder.queryFields((t) => ({
  document: t.field({
    type: DocumentType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.documents.get(id)) ?? null,
  }),
  documents: t.field({
    type: DocumentConnection,
    args: {
      ...pageArguments,
      collection: t.arg.id(),
      status: t.arg({ type: DocumentStatusType }),
      filter: t.arg({ type: DocumentFilterInput }),
    },
    resolve: async (_, { collection, status, filter, ...paging }, { services }) => {
      const page = await services.store.reader.documents.page({
        ...pageRequest(paging),
        collectionId: collection ?? undefined,
        status: status ?? undefined,
        filter: parseFilter(filter),
      })
      return toConnection(page, paging.after)
    },
  }),
  collections: t.field({
    type: [CollectionType],
    resolve: (_, __, { services }) => services.store.reader.collections.all(),
  }),
}))

builder.mutationFields((t) => ({
  addDocument: t.field({
    type: JobType,
    description: 'Accepts a text; the job ends when questions find it.',
    args: { input: t.arg({ type: AddDocumentInput, required: true }) },
    resolve: (_, { input }, { services }) =>
      services.documents.add({
        title: input.title,
        content: input.text,
        mediaType: input.mediaType ?? 'text/plain',
        ...(input.externalId != null && { externalId: input.externalId }),
        ...(input.metadata != null && { metadata: input.metadata }),
        ...(input.collection != null && { collection: input.collection }),
      }),
  }),
  deleteDocument: t.field({
    type: DeletePayload,
    description:
      'Removes its texts, its chunks and what answers and corrections quote of it, at once and for good. A tombstone stays ' +
      'for old citations, and so do datasets that were made before.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => ({ document: await services.documents.remove(id) }),
  }),
  deleteDocuments: t.field({
    type: 'Int',
    description:
      'Deletes, as `deleteDocument` does, every document of a collection that the filter lets pass. How many.',
    args: {
      collection: t.arg.id({ required: true, description: 'Id or name.' }),
      filter: t.arg({ type: DocumentFilterInput, required: true }),
    },
    resolve: async (_, { collection, filter }, { services }) => {
      const { id } = await requireCollection(services.store.reader.collections, collection)
      return services.documents.removeWhere(id, parseFilter(filter))
    },
  }),
}))
