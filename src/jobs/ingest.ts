/**
 * Kind `ingest`: an uploaded original becomes the next version of its document. Parse and chunk (a process of its own),
 * embed what is new of it (another; vectors of a long document are kept as they are made), then everything in one
 * transaction, then the vector index; a crash before the transaction leaves the old version answering, a crash after it
 * leaves only what a second run finds already done.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ChunkSpan, Document, DocumentVersion, Job } from '../domain.js'
import { DocentError, type SerializedError } from '../errors.js'
import { embeddingText } from '../ingest/embedding-text.js'
import { mergedMetadata } from '../ingest/language.js'
import type { Originals } from '../ingest/originals.js'
import type { PreparedDocument, Preparer } from '../ingest/preparer.js'
import type { OpenedEmbedder, ServingEmbedder } from '../retrieve/serving-embedder.js'
import type { EmbeddedChunk, Store, Transactor } from '../store/store.js'
import { embedNewTexts, type KeyedVector } from './embed-new-texts.js'
import type { JobContext, JobKindHandler } from './kind.js'

const payloadSchema = z.object({
  documentId: z.string(),
  originalHash: z.string(),
  mediaType: z.string(),
  fileName: z.string().nullable(),
  /** Read although the document has these bytes already. Jobs of earlier releases do not say. */
  reparse: z.boolean().default(false),
})
type Payload = z.output<typeof payloadSchema>

/** What a file says, as it becomes a version. */
interface Reading {
  readonly payload: Payload
  readonly prepared: PreparedDocument
  readonly title: string
  readonly textHash: string
}

export class IngestJobs implements JobKindHandler {
  readonly kind = 'ingest'
  /** One large document and a few small ones: two fill the cores, and nobody waits for a book. */
  readonly concurrency = 3
  readonly retries = true
  readonly #store: Store
  readonly #originals: Originals
  readonly #preparer: () => Promise<Pick<Preparer, 'prepare'>>
  readonly #embedder: Pick<ServingEmbedder, 'get' | 'apply'>
  readonly #partsDir: string

  constructor(options: {
    store: Store
    originals: Originals
    /** Started by the first job, so that a process that ingests nothing has no parser running. */
    preparer: () => Promise<Pick<Preparer, 'prepare'>>
    embedder: Pick<ServingEmbedder, 'get' | 'apply'>
    /** Vectors of documents that are being embedded; may be deleted at any time. */
    partsDir: string
  }) {
    this.#store = options.store
    this.#originals = options.originals
    this.#preparer = options.preparer
    this.#embedder = options.embedder
    this.#partsDir = options.partsDir
  }

  async run(job: Job, context: JobContext): Promise<void> {
    await this.#ingest(job, context)
    await this.#forgetParts(job)
  }

  /** A document that never got a version has failed; one that has goes on answering with it. */
  async unfinished(job: Job, _error: SerializedError, { documents }: Transactor): Promise<void> {
    await this.#forgetParts(job)
    const document = await documents.get(payloadSchema.parse(job.payload).documentId)
    if (!document || document.status === 'DELETED') return
    await documents.update(document.id, { status: document.currentVersion === 0 ? 'FAILED' : 'READY' })
  }

  async #ingest(job: Job, context: JobContext): Promise<void> {
    const payload = payloadSchema.parse(job.payload)
    const document = await presentDocument(this.#store.reader.documents, payload.documentId)
    if (!payload.reparse && (await this.#isKnown(document, payload))) return this.#leave(document, context)
    await context.progress(0, 0, 'reading')
    const prepared = await this.#prepare(payload, context.signal)
    const title = document.givenTitle ?? prepared.title ?? payload.fileName ?? document.title
    const textHash = createHash('sha256').update(prepared.canonicalText).digest('hex')
    if (document.title === title && (await this.#isCurrent(document, prepared, textHash, payload))) {
      return this.#leave(document, context)
    }
    const { chunks, reused, embedderId, added, removed } = await this.#embedAndCommit(job, document, context, {
      ...{ payload, prepared, title, textHash },
    })
    const vectors = added.map((seq, at) => ({ seq, vector: (chunks[at] as EmbeddedChunk).vector }))
    await this.#embedder.apply(embedderId, document.collectionId, { added: vectors, removed })
    await context.progress(chunks.length, chunks.length, `done${reused}`)
  }

  /** Again, with the next embedder, where that was put to service before the vectors of this one were stored. */
  async #embedAndCommit(job: Job, document: Document, context: JobContext, reading: Reading) {
    for (;;) {
      const embedder = await this.#embedder.get()
      try {
        const { chunks, reused } = await this.#embed(job, document, reading, embedder, context)
        await context.progress(chunks.length, chunks.length, 'storing')
        const embedderId = embedder.record.id
        return { chunks, reused, embedderId, ...(await this.#commit(reading, chunks, embedderId)) }
      } catch (error) {
        if (context.signal.aborted || (await this.#embedder.get()) === embedder) throw error
      }
    }
  }

  async #prepare({ documentId, originalHash, mediaType, fileName }: Payload, signal: AbortSignal) {
    const preparer = await this.#preparer()
    try {
      return await preparer.prepare({ path: this.#originals.path(originalHash), mediaType, fileName }, signal)
    } catch (error) {
      // Its original may be gone because it is: then that is the reason.
      await presentDocument(this.#store.reader.documents, documentId)
      throw error
    }
  }

  /** The same bytes, read as the same thing, and a title that stays: what they say is what the document says. */
  async #isKnown({ id, currentVersion, title, givenTitle }: Document, payload: Payload): Promise<boolean> {
    const current = await this.#store.reader.documents.versionSummary(id, currentVersion)
    if (current?.originalHash !== payload.originalHash || current.mediaType !== payload.mediaType) return false
    return title === (givenTitle ?? current.ownTitle ?? current.fileName ?? title)
  }

  /** Whether reading it has changed nothing: no text, and where that is not the question, nothing around it either. */
  async #isCurrent(
    { id, currentVersion }: Document,
    prepared: PreparedDocument,
    textHash: string,
    { reparse }: Payload,
  ): Promise<boolean> {
    const { documents, chunks } = this.#store.reader
    const summary = await documents.versionSummary(id, currentVersion)
    if (summary?.textHash !== textHash) return false
    if (!isDeepStrictEqual(summary.ownMetadata, asStored(prepared.metadata))) return false
    if (!reparse) return true
    const sections = (await documents.version(id, currentVersion))?.sections
    const places = await documents.places(id, currentVersion, 0, prepared.canonicalText.length)
    const spans = (await chunks.ofDocument(id)).map(spanOf)
    const now = { sections: prepared.sections, places: prepared.places, spans: prepared.chunks.map(spanOf) }
    return isDeepStrictEqual({ sections, places, spans }, asStored(now))
  }

  async #leave({ id }: Document, context: JobContext): Promise<void> {
    await this.#store.transact(({ documents }) => documents.update(id, { status: 'READY' }))
    await context.progress(1, 1, 'nothing new')
  }

  async #embed(
    job: Job,
    { collectionId }: Document,
    { title, prepared }: Reading,
    embedder: OpenedEmbedder,
    { progress, signal }: JobContext,
  ): Promise<{ chunks: EmbeddedChunk[]; reused: string }> {
    const { canonicalText, chunks } = prepared
    const texts = chunks.map(({ start, end, headingPath, tableHeader }) =>
      embeddingText(title, headingPath, canonicalText.slice(start, end), tableHeader),
    )
    let reused = ''
    const vectors = await embedNewTexts(texts, {
      chunks: this.#store.reader.chunks,
      collectionId,
      embedder,
      embedderVersion: embedder.record.name,
      dimensions: embedder.record.dimensions,
      folder: this.#partsFolder(job),
      signal,
      onReused: (count) => {
        if (count > 0) reused = ` (${count} of ${texts.length} reused)`
        return progress(count, texts.length, `embedding${reused}`)
      },
      onProgress: (done) => void progress(done, texts.length, `embedding${reused}`).catch(() => undefined),
    })
    signal.throwIfAborted()
    return { chunks: chunks.map((chunk, at) => ({ ...chunk, ...(vectors[at] as KeyedVector) })), reused }
  }

  #partsFolder(job: Job): string {
    return join(this.#partsDir, job.id)
  }

  async #forgetParts(job: Job): Promise<void> {
    await rm(this.#partsFolder(job), { recursive: true, force: true })
  }

  #commit({ payload, prepared, title, textHash }: Reading, chunks: EmbeddedChunk[], embedderId: number) {
    return this.#store.transact(async (transactor) => {
      const document = await presentDocument(transactor.documents, payload.documentId)
      const { originalHash, mediaType, fileName } = payload
      const version: DocumentVersion = {
        documentId: document.id,
        version: (await transactor.documents.lastVersion(document.id)) + 1,
        canonicalText: prepared.canonicalText,
        textHash,
        ...{ originalHash, mediaType, fileName },
        ownTitle: prepared.title,
        ownMetadata: prepared.metadata,
        sections: prepared.sections,
        createdAt: new Date(),
      }
      await transactor.documents.insertVersion(version, prepared.places)
      await transactor.documents.update(document.id, {
        title,
        mediaType,
        // What the uploader says outranks what the file says of itself.
        metadata: mergedMetadata(prepared.metadata, document.givenMetadata),
        currentVersion: version.version,
        status: 'READY',
      })
      const { id, collectionId } = document
      return transactor.chunks.replace({ id, collectionId, title }, version, chunks, embedderId)
    })
  }
}

/** @throws CANCELLED when it was deleted meanwhile: there is nothing left to ingest for. */
async function presentDocument(
  documents: { get(id: string): Promise<Document | undefined> },
  id: string,
): Promise<Document> {
  const document = await documents.get(id)
  if (!document || document.status === 'DELETED') throw new DocentError('CANCELLED', `document ${id} was deleted`)
  return document
}

const spanOf = ({ start, end, tokenCount, headingPath, tableHeader = null }: ChunkSpan) => ({
  ...{ start, end, tokenCount, headingPath, tableHeader },
})
const asStored = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
