/**
 * Which document is an upload of? Decided in the transaction that accepts it: the document that has its name, one that has
 * its bytes (docs/decisions/0017-duplicates.md), or a new one.
 */
import { isDeepStrictEqual } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import type { Collection, Document, Job, JsonObject, UploadSource } from '../domain.js'
import { findCollection } from '../store/find-collection.js'
import { queuedJob } from '../store/queued-job.js'
import type { DocumentReader, Transactor } from '../store/store.js'
import { mergedMetadata } from './language.js'

export const DEFAULT_COLLECTION = 'default'

/** From this size on a file is a large one, which small ones may pass. */
const LARGE_BYTES = 1024 * 1024

export interface UploadedFile {
  readonly hash: string
  readonly mediaType: string
  readonly byteCount: number
}

/** What an uploader says of a file. What is left out stays as the document has it. */
export interface Said {
  /** Empty: the document's own. */
  readonly title?: string | undefined
  readonly fileName?: string | undefined
  readonly metadata?: JsonObject | undefined
}

export interface Registered {
  readonly document: Document
  readonly source: UploadSource
  readonly byteCount: number
}

/** Brings the document of an upload up to date, and holds its original. */
export async function registerUpload(
  transactor: Transactor,
  upload: Said & { readonly externalId?: string | undefined; readonly collection?: string | undefined },
  file: UploadedFile,
): Promise<Registered> {
  const { documents } = transactor
  let said = upload
  const collection = await ensureCollection(transactor, upload.collection ?? DEFAULT_COLLECTION)
  const named =
    upload.externalId === undefined ? undefined : await documents.byExternalId(collection.id, upload.externalId)
  if (named) {
    const isShared = (await documents.namesOf(named.id)).length > 1
    if (!isShared || (await isSame(documents, named, upload, file)))
      return changeDocument(documents, named, upload, file)
    // The other names still stand for what the document is: this one leaves it.
    await documents.removeName(collection.id, upload.externalId as string)
    const { givenTitle, givenMetadata } = named
    said = { ...said, title: said.title ?? givenTitle ?? undefined, metadata: said.metadata ?? givenMetadata }
  }
  for (const twin of await documents.holdersOf(collection.id, file.hash)) {
    // A document without a name may be somebody's who knows its id: no name takes it over, and none loses it.
    const isOfItsKind = (twin.externalId === null) === (upload.externalId === undefined)
    if (!isOfItsKind || !(await isSame(documents, twin, said, file))) continue
    if (upload.externalId !== undefined) await documents.addName(twin.id, upload.externalId)
    return changeDocument(documents, twin, said, file)
  }
  const document = newDocument(collection, said, file.mediaType)
  await documents.insert(document)
  return changeDocument(documents, document, said, file)
}

/** The next state of a document that is there. A first version that failed is tried again; one that answers goes on. */
export async function changeDocument(
  documents: Transactor['documents'],
  document: Document,
  said: Said,
  file: UploadedFile,
): Promise<Registered> {
  const current = await documents.versionSummary(document.id, document.currentVersion)
  const last = await documents.lastUpload(document.id)
  const isSameFile = last?.originalHash === file.hash && last.mediaType === file.mediaType
  await documents.update(document.id, {
    ...(document.currentVersion === 0 && { status: 'PROCESSING' as const }),
    ...(said.title !== undefined && { givenTitle: titleOf(said.title) }),
    ...(said.metadata && {
      givenMetadata: said.metadata,
      metadata: mergedMetadata(current?.ownMetadata, said.metadata),
    }),
  })
  await documents.holdOriginal(document.id, file.hash)
  const source: UploadSource = {
    originalHash: file.hash,
    mediaType: file.mediaType,
    fileName: said.fileName ?? (isSameFile ? last.fileName : null),
  }
  return { document, source, byteCount: file.byteCount }
}

/** Whether the upload has the bytes that the document was last given, and says nothing else of them. */
async function isSame(documents: DocumentReader, document: Document, said: Said, file: UploadedFile): Promise<boolean> {
  const last = await documents.lastUpload(document.id)
  if (last?.originalHash !== file.hash || last.mediaType !== file.mediaType) return false
  if (said.title !== undefined && titleOf(said.title) !== document.givenTitle) return false
  if (said.metadata === undefined) return true
  // As they are stored: objects of an API may have no prototype.
  return isDeepStrictEqual(JSON.parse(JSON.stringify(said.metadata)), document.givenMetadata)
}

const titleOf = (said: string): string | null => said.trim() || null

function newDocument(
  collection: Collection,
  upload: Said & { readonly externalId?: string | undefined },
  mediaType: string,
): Document {
  const now = new Date()
  const { metadata = {}, externalId = null } = upload
  const givenTitle = titleOf(upload.title ?? '')
  return {
    id: uuidv7(),
    collectionId: collection.id,
    externalId,
    title: givenTitle ?? upload.fileName ?? externalId ?? 'Untitled',
    givenTitle,
    mediaType,
    metadata,
    givenMetadata: metadata,
    currentVersion: 0,
    status: 'PROCESSING',
    createdAt: now,
    updatedAt: now,
  }
}

async function ensureCollection({ collections }: Transactor, idOrName: string): Promise<Collection> {
  const known = await findCollection(collections, idOrName)
  if (known) return known
  const collection: Collection = { id: uuidv7(), name: idOrName, createdAt: new Date() }
  await collections.insert(collection)
  return collection
}

/** @param reparse whether bytes that the document has already are read anew, by the parser and the chunker of today */
export function ingestJob(
  { document, source, byteCount }: Registered,
  { reparse = false, batchId }: { reparse?: boolean | undefined } & Pick<Job, 'batchId'>,
): Job {
  const payload = { documentId: document.id, ...source, reparse }
  return queuedJob('ingest', payload, { batchId, isLarge: byteCount >= LARGE_BYTES, subject: document.id })
}
