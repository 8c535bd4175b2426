/** The versions of a document, and what makes the next one. */
import type { VersionSummary } from '../domain.js'
import { builder } from './builder.js'
import { DocumentType, JobType } from './refs.js'

const DocumentVersionType = builder.objectRef<VersionSummary & { isCurrent: boolean }>('DocumentVersion').implement({
  description: 'Old versions stay readable for what cites them (`text(version:)`), and no question finds them.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'From 1.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    mediaType: t.exposeString('mediaType'),
    fileName: t.exposeString('fileName', { nullable: true }),
    originalHash: t.exposeString('originalHash', { description: 'sha256 (hex) of the uploaded bytes.' }),
    isCurrent: t.exposeBoolean('isCurrent', { description: 'Whether it answers questions.' }),
  }),
})

builder.objectFields(DocumentType, (t) => ({
  versions: t.field({
    type: [DocumentVersionType],
    description: 'Newest first.',
    resolve: async ({ id, currentVersion, status }, _, { services }) =>
      (await services.store.reader.documents.versions(id)).map((summary) => ({
        ...summary,
        isCurrent: status !== 'DELETED' && summary.version === currentVersion,
      })),
  }),
}))

const UpdateDocumentInput = builder.inputType('UpdateDocumentInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    title: t.string({ description: 'Empty: what the document calls itself.' }),
    text: t.string(),
    mediaType: t.string({ description: 'Of the text; that of the text before unless told.' }),
    metadata: t.field({ type: 'JSON', description: 'Replaces what was given before.' }),
    reparse: t.boolean({ description: 'Read the file anew although it did not change: the parsers may have.' }),
  }),
})

builder.mutationFields((t) => ({
  updateDocument: t.field({
    type: JobType,
    description:
      'The next version of a document. Metadata counts at once; text and title when the job ends. What did not change is ' +
      'not embedded again.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateDocumentInput, required: true }) },
    resolve: (_, { id, input }, { services }) =>
      services.documents.update(id, {
        title: input.title ?? undefined,
        content: input.text ?? undefined,
        mediaType: input.mediaType ?? undefined,
        metadata: input.metadata ?? undefined,
        reparse: input.reparse ?? undefined,
      }),
  }),
  restoreDocument: t.field({
    type: JobType,
    description:
      'The file of an earlier version, read anew, becomes the next version. Title and metadata that were given stay.',
    args: { id: t.arg.id({ required: true }), version: t.arg.int({ required: true }) },
    resolve: (_, { id, version }, { services }) => services.documents.restore(id, version),
  }),
}))
