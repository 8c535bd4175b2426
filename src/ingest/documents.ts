/**
 * ingest/: what does a file say? Enters: bytes with a name. Leaves: an accepted upload (original on disk, document row,
 * queued job), and later, in the job, canonical text with sections and chunks.
 *
 * documents.ts (accept, remove, read back) is called by graphql/ and server/; preparer.ts and originals.ts by jobs/.
 * Parsers run in the preparer's process only (prepare-process.ts).
 */
import type { Readable } from 'node:stream'
import { Mutex } from 'async-mutex'
import type { Batch, Document, DocumentFilter, Job } from '../domain.js'
import { DocentError } from '../errors.js'
import { queuedJob } from '../store/queued-job.js'
import type { DocumentReader, Store, Transactor } from '../store/store.js'
import { type ContainerType, isContainer, type MediaType } from './formats.js'
import { detectMediaType, refuseDeclared } from './media-type.js'
import type { Originals, StoredOriginal } from './originals.js'
import {
  changeDocument,
  ingestJob,
  type Registered,
  registerUpload,
  type Said,
  type UploadedFile,
} from './register-upload.js'

const MAX_NAME_LENGTH = 500
const REMOVED_AT_ONCE = 100

/**
 * What is left out stays as the document has it. A document that was never given a title has its own (front matter, first
 * heading), else the file's name.
 */
export interface DocumentChange extends Said {
  readonly mediaType?: string | undefined
  /** Left out: only what is said of the document changes. */
  readonly content?: Readable | string | undefined
  /** Bytes that the document has already are read anew, by the parsers of this release. */
  readonly reparse?: boolean | undefined
}

export interface Upload extends DocumentChange {
  readonly content: Readable | string
  /** The uploader's own name for the document: uploading it again makes the next version. */
  readonly externalId?: string | undefined
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

export class Documents {
  readonly #store: Store
  readonly #originals: Originals
  readonly #maxUploadBytes: number
  readonly #onQueued: () => void
  readonly #onRemoved: (collectionId: string, seqs: readonly number[]) => Promise<void>
  /** Of a form with a hundred files one at a time waits for the store: what a person asks is written after one of them. */
  readonly #turn = new Mutex()

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
    checkNames(upload)
    using file = await this.#receive(upload)
    return await this.#accept(upload, async (transactor) => {
      const { jobs } = transactor
      const fileName = upload.fileName ?? null
      const batch = upload.batch && (await ensureBatch(jobs, upload.batch))
      const mayRepeat = upload.batch?.mayRepeat || batch?.idempotencyKey
      const known = batch && mayRepeat && (await jobs.ofUpload(batch.id, { originalHash: file.hash, fileName }))
      if (known) return known
      const { mediaType } = file
      if (isContainer(mediaType)) {
        const queued = unpackJob(upload, { ...file, mediaType }, batch?.id ?? null)
        await jobs.insert(queued)
        return queued
      }
      return { ...(await registerUpload(transactor, upload, file)), batchId: batch?.id }
    })
  }

  /**
   * Makes the next version of a document, whatever it is called; accepted as by `add`. Without content only what is said of
   * the document changes.
   * @throws DOCUMENT_NOT_FOUND, also for a deleted one, and what `add` throws
   */
  async update(id: string, change: DocumentChange): Promise<Job> {
    checkNames(change)
    const { documents } = this.#store.reader
    const document = await livingDocument(documents, id)
    const { content } = change
    if (content === undefined) return this.#change(id, change, (reader) => this.#lastFile(reader, id))
    const upload = { ...change, ...(await declaredAs(documents, document, change)), content }
    using file = await this.#receive(upload)
    if (isContainer(file.mediaType)) {
      throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `${file.mediaType} holds documents and is no version of one`)
    }
    return await this.#change(id, upload, async () => file)
  }

  /**
   * The file of an earlier version, read anew, becomes the next version. What its uploader says of the document stays.
   * @throws DOCUMENT_NOT_FOUND, also for a deleted one; VERSION_NOT_FOUND
   */
  async restore(id: string, version: number): Promise<Job> {
    const { documents } = this.#store.reader
    await livingDocument(documents, id)
    const summary = await documents.versionSummary(id, version)
    if (!summary) throw new DocentError('VERSION_NOT_FOUND', `document ${id} has no version ${version}`)
    const { originalHash: hash, mediaType, fileName } = summary
    const file = { hash, mediaType, byteCount: await this.#originals.byteCount(hash) }
    return this.#change(id, { fileName: fileName ?? undefined }, async () => file)
  }

  /**
   * Leaves a tombstone, so that old citations resolve; removing it again changes nothing. Its originals go too, but for
   * those that another document holds.
   * @throws DOCUMENT_NOT_FOUND
   */
  remove(id: string): Promise<Document> {
    return this.#remove(async (documents) => ({ document: await presentDocument(documents, id), isLast: true }))
  }

  /**
   * Takes a name from its document; the last one takes the document with it, as `remove` does.
   * @throws DOCUMENT_NOT_FOUND
   */
  removeName(collectionId: string, name: string): Promise<Document> {
    return this.#remove(async (documents) => {
      const document = await documents.byExternalId(collectionId, name)
      if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `no document of the collection is called ${name}`)
      await documents.removeName(collectionId, name)
      return { document, isLast: (await documents.namesOf(document.id)).length === 0 }
    })
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
    const document = await livingDocument(documents, id)
    const number = version ?? document.currentVersion
    const row = number > 0 ? await documents.version(id, number) : undefined
    if (!row) {
      const reason = number === 0 ? 'has no ingested version yet' : `has no version ${number}`
      throw new DocentError('DOCUMENT_NOT_FOUND', `document ${id} ${reason}`)
    }
    return { text: row.canonicalText, version: row.version }
  }

  #change(
    id: string,
    said: Said & Pick<DocumentChange, 'reparse'>,
    fileOf: (documents: DocumentReader) => Promise<UploadedFile>,
  ): Promise<Job> {
    return this.#accept(said, async ({ documents }) => {
      const document = await livingDocument(documents, id)
      return changeDocument(documents, document, said, await fileOf(documents))
    })
  }

  async #lastFile(documents: DocumentReader, id: string): Promise<UploadedFile> {
    const last = await documents.lastUpload(id)
    if (!last) throw new DocentError('INVALID_INPUT', `document ${id} has no file that could be read: send one`)
    const { originalHash: hash, mediaType } = last
    return { hash, mediaType, byteCount: await this.#originals.byteCount(hash) }
  }

  /** Looked at and on disk, until it is disposed of or a row holds it. Refused by its name before a byte is read. */
  async #receive(upload: Upload): Promise<StoredOriginal & { readonly mediaType: MediaType }> {
    refuseDeclared(upload)
    let mediaType: MediaType = 'text/plain'
    const original = await this.#originals.write(upload.content, this.#maxUploadBytes, async (path) => {
      mediaType = await detectMediaType(path, upload)
    })
    return { ...original, mediaType }
  }

  /** What `register` changes and the job that it leads to are one transaction. It may lead to a job that is there already. */
  async #accept(
    { reparse }: Pick<DocumentChange, 'reparse'>,
    register: (transactor: Transactor) => Promise<Job | (Registered & { readonly batchId?: string | undefined })>,
  ): Promise<Job> {
    const accept = async (transactor: Transactor) => {
      const registered = await register(transactor)
      if ('kind' in registered) return registered
      const queued = ingestJob(registered, { batchId: registered.batchId ?? null, reparse })
      await transactor.jobs.insert(queued)
      return queued
    }
    const job = await this.#turn.runExclusive(() => this.#store.transact(accept))
    this.#onQueued()
    return job
  }

  async #remove(
    find: (documents: Transactor['documents']) => Promise<{ document: Document; isLast: boolean }>,
  ): Promise<Document> {
    const { document, seqs, originals } = await this.#store.transact(async ({ documents, chunks }) => {
      const { document, isLast } = await find(documents)
      if (!isLast) return { document: await presentDocument(documents, document.id), seqs: [], originals: [] }
      const held = await documents.originalsOf(document.id)
      const removed = await chunks.removeOfDocument(document.id)
      await documents.remove(document.id)
      return { document: await presentDocument(documents, document.id), seqs: removed, originals: held }
    })
    if (seqs.length > 0) await this.#onRemoved(document.collectionId, seqs)
    await this.#originals.remove(originals, (hashes) => this.#store.reader.documents.unusedOriginals(hashes))
    return document
  }
}

/** How new content is to be read that came without a type: as the content before it. */
async function declaredAs(
  documents: DocumentReader,
  { id, mediaType }: Document,
  change: DocumentChange,
): Promise<Pick<DocumentChange, 'mediaType' | 'fileName'>> {
  if (change.mediaType !== undefined || change.fileName !== undefined) return {}
  if (typeof change.content === 'string') return { mediaType: mediaType.startsWith('text/') ? mediaType : 'text/plain' }
  const last = await documents.lastUpload(id)
  return last ? { mediaType: last.mediaType, fileName: last.fileName ?? undefined } : {}
}

/** Its original is held by the job itself, until it has ended. */
function unpackJob(
  upload: Upload,
  { hash, mediaType }: { readonly hash: string; readonly mediaType: ContainerType },
  batchId: string | null,
): Job {
  const { fileName = null, externalId = null, collection = null, metadata = {} } = upload
  const payload = { originalHash: hash, mediaType, fileName, externalId, collection, metadata }
  return queuedJob('unpack', payload, { batchId })
}

function checkNames(upload: DocumentChange & Pick<Upload, 'externalId' | 'collection'>): void {
  for (const field of ['title', 'fileName', 'externalId', 'collection'] as const) checkName(field, upload[field])
}

function checkName(field: string, value: string | undefined): void {
  if (value === undefined) return
  if (value.length > MAX_NAME_LENGTH) {
    throw new DocentError('INVALID_INPUT', `${field} is longer than ${MAX_NAME_LENGTH} characters`)
  }
  if (value.trim() === '' && field !== 'title') throw new DocentError('INVALID_INPUT', `${field} is empty`)
}

async function ensureBatch(jobs: Transactor['jobs'], { id, idempotencyKey }: UploadBatch): Promise<Batch> {
  const known = idempotencyKey === undefined ? undefined : await jobs.batchByKey(idempotencyKey)
  if (known) return known
  const batch: Batch = { id, idempotencyKey: idempotencyKey ?? null, createdAt: new Date() }
  await jobs.insertBatch(batch)
  return batch
}

async function presentDocument(documents: DocumentReader, id: string): Promise<Document> {
  const document = await documents.get(id)
  if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
  return document
}

/** @throws DOCUMENT_NOT_FOUND, also for a tombstone */
async function livingDocument(documents: DocumentReader, id: string): Promise<Document> {
  const document = await presentDocument(documents, id)
  if (document.status === 'DELETED') throw new DocentError('DOCUMENT_NOT_FOUND', `document ${id} was deleted`)
  return document
}
