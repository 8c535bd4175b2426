/**
 * ingest/: what does a file say? Enters: bytes with a name. Leaves: an accepted upload (original on disk, document row,
 * queued job), and later, in the job, canonical text with sections and chunks.
 *
 * documents.ts (accept, remove, read back) is called by graphql/ and server/; preparer.ts and originals.ts by jobs/.
 * Parsers run in the preparer's process only (prepare-process.ts).
 */
import type { Readable } from 'node:stream'
import { v7 as uuidv7 } from 'uuid'
import type { Batch, Collection, Document, DocumentFilter, Job, JsonObject } from '../domain.js'
import { DocentError } from '../errors.js'
import { queuedJob } from '../store/queued-job.js'
import type { DocumentReader, Store, Transactor } from '../store/store.js'
import { isContainer, type MediaType } from './formats.js'
import { detectMediaType, refuseDeclared } from './media-type.js'
import type { Originals } from './originals.js'

export const DEFAULT_COLLECTION = 'default'
const MAX_NAME_LENGTH = 500
const REMOVED_AT_ONCE = 100

export interface Upload {
  /** Left out: the document's own title (front matter, first heading), else the file's name. */
  readonly title?: string | undefined
  readonly fileName?: string | undefined
  readonly mediaType?: string | undefined
  readonly content: Readable | string
  /** The uploader's own name for the document: uploading it again makes the next version. */
  readonly externalId?: string | undefined
  readonly metadata?: JsonObject | undefined
  /** Id or name; a name that is not there yet makes a collection. */
  readonly collection?: string | undefined
  readonly batch?: UploadBatch | undefined
}

/** Uploads of one batch share their progress and their turn in the queue. */
export interface UploadBatch {
  readonly id: string
  /** A batch of this key that is there already is meant instead, and what it has already is not done again. */
  readonly idempotencyKey?: string | undefined
  /** The same file may come again in it, and is not done again. */
  readonly mayRepeat?: boolean
}

/** From this size on a file is a large one, which small ones may pass. */
const LARGE_BYTES = 1024 * 1024

export class Documents {
  readonly #store: Store
  readonly #originals: Originals
  readonly #maxUploadBytes: number
  readonly #onQueued: () => void
  readonly #onRemoved: (collectionId: string, seqs: readonly number[]) => Promise<void>

  constructor(options: {
    store: Store
    originals: Originals
    maxUploadBytes: number
    onQueued: () => void
    onRemoved: (collectionId: string, seqs: readonly number[]) => Promise<void>
  }) {
    this.#store = options.store
    this.#originals = options.originals
    this.#maxUploadBytes = options.maxUploadBytes
    this.#onQueued = options.onQueued
    this.#onRemoved = options.onRemoved
  }

  /**
   * Accepted when it resolves: the original is on disk, and the document and its queued job are one transaction. A known
   * document goes on answering with the version it has until the job is done.
   * @throws INVALID_INPUT, UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, EMPTY_DOCUMENT, CONTENT_MISMATCH; nothing is kept then
   */
  async add(upload: Upload): Promise<Job> {
    for (const field of ['title', 'fileName', 'externalId', 'collection'] as const) checkName(field, upload[field])
    // Said before a byte is read.
    refuseDeclared(upload)
    let mediaType: MediaType = 'text/plain'
    using original = await this.#originals.write(upload.content, this.#maxUploadBytes, async (path) => {
      mediaType = await detectMediaType(path, upload)
    })
    const fileName = upload.fileName ?? null
    const job = await this.#store.transact(async (transactor) => {
      const { jobs, documents } = transactor
      const batch = upload.batch && (await ensureBatch(jobs, upload.batch))
      const mayRepeat = upload.batch?.mayRepeat || batch?.idempotencyKey
      const known = batch && mayRepeat && (await jobs.ofUpload(batch.id, { originalHash: original.hash, fileName }))
      if (known) return known
      if (isContainer(mediaType)) {
        const queued = unpackJob(upload, original.hash, mediaType, batch?.id ?? null)
        await jobs.insert(queued)
        return queued
      }
      const document = await registerDocument(transactor, upload, mediaType)
      await documents.holdOriginal(document.id, original.hash)
      const title = upload.title?.trim() || null
      const payload = { documentId: document.id, originalHash: original.hash, mediaType, fileName, title }
      const queued = queuedJob('ingest', payload, {
        batchId: batch?.id ?? null,
        subject: document.id,
        isLarge: original.byteCount >= LARGE_BYTES,
      })
      await jobs.insert(queued)
      return queued
    })
    this.#onQueued()
    return job
  }

  /**
   * Leaves a tombstone, so that old citations resolve; removing it again changes nothing. Its originals go too, but for
   * those that another document holds.
   * @throws DOCUMENT_NOT_FOUND
   */
  async remove(id: string): Promise<Document> {
    const { document, seqs, originals } = await this.#store.transact(async ({ documents, chunks }) => {
      await presentDocument(documents, id)
      const held = await documents.originalsOf(id)
      const removed = await chunks.removeOfDocument(id)
      await documents.remove(id)
      return { document: await presentDocument(documents, id), seqs: removed, originals: held }
    })
    if (seqs.length > 0) await this.#onRemoved(document.collectionId, seqs)
    await this.#originals.remove(originals, (hashes) => this.#store.reader.documents.unusedOriginals(hashes))
    return document
  }

  /** @returns how many were removed; each one as `remove` does */
  async removeWhere(collectionId: string, filter: DocumentFilter): Promise<number> {
    let count = 0
    for (let after: string | undefined; ; ) {
      const page = await this.#store.reader.documents.page({ first: REMOVED_AT_ONCE, after, collectionId, filter })
      const present = page.items.filter(({ status }) => status !== 'DELETED')
      for (const { id } of present) await this.remove(id)
      count += present.length
      if (page.nextCursor === null) return count
      after = page.nextCursor
    }
  }

  /**
   * The canonical text of a version, the current one unless told.
   * @throws DOCUMENT_NOT_FOUND, also for a deleted document and for one whose first version is not ingested yet
   */
  async text(id: string, version?: number): Promise<{ text: string; version: number }> {
    const documents = this.#store.reader.documents
    const document = await presentDocument(documents, id)
    if (document.status === 'DELETED') throw new DocentError('DOCUMENT_NOT_FOUND', `document ${id} was deleted`)
    const number = version ?? document.currentVersion
    const row = number > 0 ? await documents.version(id, number) : undefined
    if (!row) {
      const reason = number === 0 ? 'has no ingested version yet' : `has no version ${number}`
      throw new DocentError('DOCUMENT_NOT_FOUND', `document ${id} ${reason}`)
    }
    return { text: row.canonicalText, version: row.version }
  }
}

/** Its original is held by the job itself, until it has ended. */
function unpackJob(upload: Upload, originalHash: string, mediaType: MediaType, batchId: string | null): Job {
  const { fileName = null, externalId = null, collection = null, metadata = {} } = upload
  return queuedJob('unpack', { originalHash, mediaType, fileName, externalId, collection, metadata }, { batchId })
}

function checkName(field: string, value: string | undefined): void {
  if (value === undefined) return
  if (value.length > MAX_NAME_LENGTH) {
    throw new DocentError('INVALID_INPUT', `${field} is longer than ${MAX_NAME_LENGTH} characters`)
  }
  if (value.trim() === '' && field !== 'title') throw new DocentError('INVALID_INPUT', `${field} is empty`)
}

/** The document that `externalId` names, brought up to date, or a new one. */
async function registerDocument(transactor: Transactor, upload: Upload, mediaType: MediaType): Promise<Document> {
  const { documents } = transactor
  const collection = await ensureCollection(transactor, upload.collection ?? DEFAULT_COLLECTION)
  const externalId = upload.externalId ?? null
  const known = externalId === null ? undefined : await documents.byExternalId(collection.id, externalId)
  if (known) {
    await documents.update(known.id, {
      // A first version that failed is tried again; one that answers goes on answering.
      ...(known.currentVersion === 0 && { status: 'PROCESSING' as const }),
      ...(upload.metadata && { metadata: upload.metadata }),
    })
    return known
  }
  const now = new Date()
  const document: Document = {
    id: uuidv7(),
    collectionId: collection.id,
    externalId,
    title: upload.title?.trim() || upload.fileName || externalId || 'Untitled',
    mediaType,
    metadata: upload.metadata ?? {},
    currentVersion: 0,
    status: 'PROCESSING',
    createdAt: now,
    updatedAt: now,
  }
  await documents.insert(document)
  return document
}

async function ensureBatch(jobs: Transactor['jobs'], { id, idempotencyKey }: UploadBatch): Promise<Batch> {
  const known = idempotencyKey === undefined ? undefined : await jobs.batchByKey(idempotencyKey)
  if (known) return known
  const batch: Batch = { id, idempotencyKey: idempotencyKey ?? null, createdAt: new Date() }
  await jobs.insertBatch(batch)
  return batch
}

async function ensureCollection({ collections }: Transactor, idOrName: string): Promise<Collection> {
  const known = (await collections.get(idOrName)) ?? (await collections.byName(idOrName))
  if (known) return known
  const collection: Collection = { id: uuidv7(), name: idOrName, createdAt: new Date() }
  await collections.insert(collection)
  return collection
}

async function presentDocument(documents: DocumentReader, id: string): Promise<Document> {
  const document = await documents.get(id)
  if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
  return document
}
