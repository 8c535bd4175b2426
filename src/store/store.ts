/**
 * The one contract for rows. Enters: domain objects. Leaves: domain objects. Every room below may read; only `transact`
 * hands out something that can write, so a read path cannot.
 *
 * `sqlite/` keeps the contract (a `postgres/` beside it will have the same file names); test/conformance/store.ts is the
 * suite that every implementation passes. Statements run off the thread that answers HTTP. A transaction is atomic and
 * durable when `transact` resolves; transactions run one after another; a reader sees the last committed state.
 */
import type {
  Batch,
  BatchProgress,
  Chunk,
  ChunkSpan,
  Collection,
  Correction,
  Dataset,
  Document,
  DocumentFilter,
  DocumentName,
  DocumentStatus,
  DocumentVersion,
  EmbedderRecord,
  GateReport,
  IndexBase,
  Interaction,
  Job,
  JobKind,
  JobStatus,
  JsonObject,
  Label,
  Page,
  Place,
  Promotion,
  ReviewStatus,
  Run,
  RunStatus,
  TrainingStep,
  UploadSource,
  VersionSummary,
} from '../domain.js'
import { DocentError, type SerializedError } from '../errors.js'

export interface Store extends AsyncDisposable {
  readonly reader: Reader
  /**
   * Runs `work` alone and commits, or rolls everything back when it throws. Do nothing slow inside, and call no `transact`
   * inside: it would wait for itself. The transactor refuses to work after the end.
   */
  transact<T>(work: (transactor: Transactor) => Promise<T>): Promise<T>
}

export interface PageRequest {
  /** @throws INVALID_INPUT below 1. */
  readonly first: number
  /** The `nextCursor` of the page before, or `cursorOf` any row of it. @throws INVALID_INPUT when it is none. */
  readonly after?: string | undefined
}

/** Where a page would go on after this row. Opaque to clients: nothing but the id, which rises with time. */
export function cursorOf(row: { readonly id: string }): string {
  return Buffer.from(row.id).toString('base64url')
}

/** @throws INVALID_INPUT when it is no cursor of ours. */
export function idOfCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (id === '' || cursorOf({ id }) !== cursor) {
    throw new DocentError('INVALID_INPUT', `after: ${JSON.stringify(cursor)} is not a cursor that this server returned`)
  }
  return id
}

/** Newest first everywhere a page is returned. Lookups by id return undefined where there is no such row. */
export interface Reader {
  readonly collections: CollectionReader
  readonly documents: DocumentReader
  readonly chunks: ChunkReader
  readonly interactions: InteractionReader
  readonly corrections: CorrectionReader
  readonly labels: LabelReader
  readonly datasets: DatasetReader
  readonly runs: RunReader
  readonly jobs: JobReader
  readonly embedders: EmbedderReader
  readonly indexBases: IndexBaseReader
  readonly promotions: PromotionReader
}

export interface Transactor {
  readonly collections: CollectionReader & CollectionWriter
  readonly documents: DocumentReader & DocumentWriter
  readonly chunks: ChunkReader & ChunkWriter
  readonly interactions: InteractionReader & InteractionWriter
  readonly corrections: CorrectionReader & CorrectionWriter
  readonly labels: LabelReader & LabelWriter
  readonly datasets: DatasetReader & DatasetWriter
  readonly runs: RunReader & RunWriter
  readonly jobs: JobReader & JobWriter
  readonly embedders: EmbedderReader & EmbedderWriter
  readonly indexBases: IndexBaseReader & IndexBaseWriter
  readonly promotions: PromotionReader & PromotionWriter
}

// -- documents in ------------------------------------------------------------------------------------------------------

export interface CollectionReader {
  get(id: string): Promise<Collection | undefined>
  byName(name: string): Promise<Collection | undefined>
  /** Oldest first. */
  all(): Promise<Collection[]>
}
export interface CollectionWriter {
  insert(collection: Collection): Promise<void>
}

export interface DocumentReader {
  get(id: string): Promise<Document | undefined>
  /** By any of its names. */
  byExternalId(collectionId: string, externalId: string): Promise<Document | undefined>
  /** Oldest first. */
  namesOf(documentId: string): Promise<string[]>
  /** The names in a collection that begin with `prefix`, rising (by code points). */
  names(collectionId: string, request: PageRequest & { prefix: string }): Promise<Page<DocumentName>>
  page(
    request: PageRequest & {
      collectionId?: string | undefined
      status?: DocumentStatus | undefined
      filter?: DocumentFilter | undefined
    },
  ): Promise<Page<Document>>
  version(documentId: string, version: number): Promise<DocumentVersion | undefined>
  /** Of every document of the collection that has one: what a report over all of them compares with what it knows. */
  currentVersions(collectionId: string): Promise<{ documentId: string; version: number }[]>
  /** Newest first. */
  versions(documentId: string): Promise<VersionSummary[]>
  versionSummary(documentId: string, version: number): Promise<VersionSummary | undefined>
  /** The newest upload that was accepted and has not failed: of a job that has not ended, else of the current version. */
  lastUpload(documentId: string): Promise<UploadSource | undefined>
  /** The documents of a collection, oldest first, that hold the bytes of this hash for any of their versions. */
  holdersOf(collectionId: string, originalHash: string): Promise<Document[]>
  /** The highest version number ever given to this document; 0 for none. */
  lastVersion(documentId: string): Promise<number>
  /**
   * `canonicalText.slice(start, end)` of a version, read without the rest of the text. Undefined when there is no such
   * version or its document was deleted.
   */
  slice(documentId: string, version: number, start: number, end: number): Promise<string | undefined>
  /** Where the span of a version stands in its file: what shares a character with it, in order. */
  places(documentId: string, version: number, start: number, end: number): Promise<Place[]>
  /** Headings over a position of a version, the outermost first. */
  headingPath(documentId: string, version: number, position: number): Promise<readonly string[]>
  /** Hashes of the uploaded bytes that a document holds: of its versions, and of uploads that never became one. */
  originalsOf(documentId: string): Promise<string[]>
  /** Those of `hashes` (at most a few hundred) that no document holds, nor a container that is not unpacked yet. */
  unusedOriginals(hashes: readonly string[]): Promise<string[]>
}
export interface DocumentWriter {
  insert(document: Document): Promise<void>
  /** Also sets `updatedAt`. False, and nothing changed, when there is no such document or it is a tombstone. */
  update(
    id: string,
    changes: Partial<
      Pick<Document, 'title' | 'givenTitle' | 'mediaType' | 'metadata' | 'givenMetadata' | 'currentVersion' | 'status'>
    >,
  ): Promise<boolean>
  /** A further name, which no document of its collection has. */
  addName(documentId: string, name: string): Promise<void>
  /** Frees the name; the document stays. */
  removeName(collectionId: string, name: string): Promise<void>
  /** The document needs the bytes of this hash from now on. Repeating it does no harm. */
  holdOriginal(documentId: string, hash: string): Promise<void>
  /** Also holds its original. `places` are in order and do not overlap. */
  insertVersion(version: DocumentVersion, places?: readonly Place[]): Promise<void>
  /**
   * Tombstone: status DELETED, title and metadata emptied, every version's text, sections and places and all chunks removed. What
   * quotes it is emptied too: text and context of the answers of interactions, text of the spans of corrections and of the
   * answers of labels; their ids and offsets stay. It holds no original any more, and its names are free again, so that
   * uploading it anew makes a new document. Returns the removed chunks' seqs, for the vector index. Repeating it does no harm.
   */
  remove(id: string): Promise<number[]>
}

export interface EmbeddedChunk extends ChunkSpan {
  /** As many numbers as the embedder gives, L2 norm 1. */
  readonly vector: Float32Array
  /** Of what was embedded (embed/embedding-key.ts); null: nobody will look for it. */
  readonly embeddingKey: string | null
}

export interface ChunkVector extends Pick<EmbeddedChunk, 'vector' | 'embeddingKey'> {
  readonly seq: number
}

export interface LexicalHit {
  readonly seq: number
  /** BM25, larger is better. */
  readonly score: number
}

/**
 * Chunks of current versions only: replacing a version or deleting a document removes the old ones, with their vectors.
 * Every chunk has a vector of the current embedder, and may have one of another: reading vectors names the embedder.
 */
export interface ChunkReader {
  /** In the order of `seqs`; those that no longer exist are left out. */
  bySeq(seqs: readonly number[]): Promise<Chunk[]>
  ofDocument(documentId: string): Promise<Chunk[]>
  /** Vectors of live chunks with seq > afterSeq, rising, at most `limit`: what an index replays. */
  vectorsAfter(
    embedderId: number,
    collectionId: string,
    afterSeq: number,
    limit: number,
  ): Promise<{ seq: number; vector: Float32Array }[]>
  /** Rising by seq; those that no longer exist are left out. */
  vectorsOf(embedderId: number, seqs: readonly number[]): Promise<{ seq: number; vector: Float32Array }[]>
  /** Vectors of live chunks of the collection that have one of these keys (any number of them); never those of another. */
  vectorsByKey(collectionId: string, keys: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>
  /** Live chunks with seq > afterSeq that have no vector of this embedder, rising, at most `limit`; of all collections unless told. */
  withoutVector(embedderId: number, afterSeq: number, limit: number, collectionId?: string): Promise<Chunk[]>
  countWithoutVector(embedderId: number): Promise<number>
  /** Whether any chunk has a vector of another embedder than this one. */
  hasOtherVectors(embedderId: number): Promise<boolean>
  /** Seqs of the live chunks of a collection, rising; narrowed by the filter (an empty list of documents: none). */
  liveSeqs(collectionId: string, filter?: DocumentFilter): Promise<Float64Array>
  count(collectionId?: string): Promise<number>
  /**
   * BM25 over the chunks' text, headings and title: chunks with any of the words or another form of it, best first. Words
   * as common as "the" count where there are no others. `query` is plain text, never FTS syntax. No collection ids: all.
   */
  searchLexical(
    query: string,
    options: { collectionIds: readonly string[]; filter: DocumentFilter; limit: number },
  ): Promise<LexicalHit[]>
  /** The words of the query that a chunk has, in any form: why `searchLexical` found it. */
  matchedTerms(query: string, seq: number): Promise<string[]>
}
export interface ChunkWriter {
  /**
   * Removes the document's chunks and stores these for `version` (inserted before), also in the lexical index. `added` is
   * in the order of `chunks`.
   * @param embedderId whose vectors the chunks have
   * @throws DOCUMENT_NOT_FOUND when the document was deleted meanwhile, EMBEDDER_CHANGED when another embedder is current.
   */
  replace(
    document: { id: string; collectionId: string; title: string },
    version: DocumentVersion,
    chunks: readonly EmbeddedChunk[],
    embedderId: number,
  ): Promise<{ added: number[]; removed: number[] }>
  /** Removes all chunks of a document. Returns the removed seqs. */
  removeOfDocument(documentId: string): Promise<number[]>
  /** Beside those that the chunks have. What is there already stays, and a chunk that is gone is left out. */
  addVectors(embedder: EmbedderRecord, vectors: readonly ChunkVector[]): Promise<void>
  /**
   * Removes vectors of other embedders than this one, of about `limit` chunks with seq > afterSeq.
   * @returns the last seq that had one, to go on after; undefined when there was none
   */
  removeOtherVectors(embedderId: number, afterSeq: number, limit: number): Promise<number | undefined>
}

// -- answers out -------------------------------------------------------------------------------------------------------

export interface InteractionReader {
  get(id: string): Promise<Interaction | undefined>
  page(request: PageRequest): Promise<Page<Interaction>>
}
export interface InteractionWriter {
  /** An answer whose document was deleted meanwhile is stored without its text and context. */
  insert(interaction: Interaction): Promise<void>
}

// -- corrections in ----------------------------------------------------------------------------------------------------

export interface CorrectionReader {
  get(id: string): Promise<Correction | undefined>
  byIdempotencyKey(key: string): Promise<Correction | undefined>
  page(request: PageRequest & { status?: ReviewStatus | undefined }): Promise<Page<Correction>>
}
export interface CorrectionWriter {
  insert(correction: Correction): Promise<void>
  /** Only from PENDING; returns false when the row was already reviewed. */
  review(id: string, status: 'ACCEPTED' | 'REJECTED', reason: string | null, at: Date): Promise<boolean>
}

export interface LabelReader {
  /** Oldest first. */
  all(): Promise<Label[]>
  count(): Promise<number>
}
export interface LabelWriter {
  insert(label: Label): Promise<void>
}

export interface DatasetReader {
  get(id: string): Promise<Dataset | undefined>
}
export interface DatasetWriter {
  /** The same dataset again is no error. */
  insert(dataset: Dataset): Promise<void>
}

export interface RunReader {
  get(id: string): Promise<Run | undefined>
  byJob(jobId: string): Promise<Run | undefined>
  page(request: PageRequest): Promise<Page<Run>>
  /** Rising by step, after `afterStep`. */
  steps(runId: string, afterStep: number): Promise<TrainingStep[]>
}
export interface RunWriter {
  insert(run: Run): Promise<void>
  update(
    id: string,
    changes: { status?: RunStatus; candidateVersion?: string; evaluation?: GateReport; finishedAt?: Date },
  ): Promise<void>
  /** Replaces a row of the same step: a resumed run repeats the steps after its checkpoint. */
  putStep(step: TrainingStep): Promise<void>
}

// -- running it --------------------------------------------------------------------------------------------------------

export interface JobReader {
  get(id: string): Promise<Job | undefined>
  page(
    request: PageRequest & {
      kind?: JobKind | undefined
      status?: JobStatus | undefined
      batchId?: string | undefined
    },
  ): Promise<Page<Job>>
  count(status: JobStatus): Promise<number>
  /** Rows in QUEUED, oldest first. */
  queued(kind: JobKind, limit: number): Promise<Job[]>
  /**
   * The queued job that should begin now, if any may: fair between batches (the one with the fewest running jobs, then the
   * one that was served longest ago), the oldest within a batch, never beside or before another job of its subject.
   */
  next(kind: JobKind, options: { now: Date; withLarge: boolean }): Promise<Job | undefined>
  /** When the first of those that wait for their time may begin. */
  nextRunAfter(now: Date): Promise<Date | undefined>
  /** The job of a batch that came with these bytes under this name. */
  ofUpload(batchId: string, upload: { originalHash: string; fileName: string | null }): Promise<Job | undefined>
  batch(id: string): Promise<Batch | undefined>
  batchByKey(key: string): Promise<Batch | undefined>
  /** A container that was unpacked counts no more: what it held does. */
  batchProgress(id: string, since: Date): Promise<BatchProgress>
}
export interface JobWriter {
  insert(job: Job): Promise<void>
  /** A batch that is there already stays as it is. */
  insertBatch(batch: Batch): Promise<void>
  update(
    id: string,
    changes: {
      status?: JobStatus
      progress?: Job['progress']
      payload?: JsonObject
      error?: SerializedError | null
      attempts?: number
      cancelRequested?: boolean
      runAfter?: Date | null
      startedAt?: Date
      heartbeatAt?: Date
      finishedAt?: Date
    },
  ): Promise<void>
  /** Every RUNNING job back to QUEUED, a death more: called once at start, when no worker can be running. Returns how many. */
  requeueRunning(): Promise<number>
}

export interface EmbedderReader {
  /** Whose vectors are searched; undefined until the first is inserted and made current. */
  current(): Promise<EmbedderRecord | undefined>
  byName(name: string): Promise<EmbedderRecord | undefined>
}
export interface EmbedderWriter {
  insert(embedder: Omit<EmbedderRecord, 'id'>): Promise<EmbedderRecord>
  /** False, and nothing changed, while a live chunk has no vector of it. The changes are kept, and the newest names it. */
  makeCurrent(id: number, at: Date): Promise<boolean>
}

export interface IndexBaseReader {
  current(embedderId: number, collectionId: string): Promise<IndexBase | undefined>
}
export interface IndexBaseWriter {
  setCurrent(base: IndexBase): Promise<void>
  clear(embedderId: number, collectionId: string): Promise<void>
  /** Those of every other embedder. */
  clearOthers(embedderId: number): Promise<void>
}

export interface PromotionReader {
  /** The row that names the current model version. */
  current(): Promise<Promotion | undefined>
  /** Newest first. */
  history(): Promise<Promotion[]>
}
export interface PromotionWriter {
  append(promotion: Omit<Promotion, 'id'>): Promise<Promotion>
}
