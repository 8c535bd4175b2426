/**
 * The words of Docent as types (docs/architecture.md explains them). Rows that the store keeps, and nothing that acts.
 *
 * Every `start`/`end` counts UTF-16 code units into a canonical text, half open. Every id is a UUIDv7 string unless said
 * otherwise; every time is a Date.
 */
import type { SerializedError } from './errors.js'

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
export type JsonObject = { [key: string]: JsonValue }

export interface Page<T> {
  readonly items: readonly T[]
  /** Pass as `after` to get the next page; null on the last one. */
  readonly nextCursor: string | null
}

// -- documents in ------------------------------------------------------------------------------------------------------

export interface Collection {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
}

export type DocumentStatus = 'PROCESSING' | 'READY' | 'FAILED' | 'DELETED'

/** A deleted document keeps its row as a tombstone (title emptied, texts gone), so that old citations still resolve. */
export interface Document {
  readonly id: string
  readonly collectionId: string
  /**
   * The uploader's own name for it, unique in the collection: uploading it again makes the next version. A document that
   * was uploaded under several names (docs/decisions/0017-duplicates.md) has the oldest of them here.
   */
  readonly externalId: string | null
  readonly title: string
  /** What its uploader calls it, which outranks what it calls itself and becomes its title when the next job ends. */
  readonly givenTitle: string | null
  readonly mediaType: string
  /** What its file says of itself, and above that `givenMetadata`. */
  readonly metadata: JsonObject
  /** What its uploader says of it. */
  readonly givenMetadata: JsonObject
  /** 0 until the first version is ingested; afterwards the version that answers questions. */
  readonly currentVersion: number
  readonly status: DocumentStatus
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What a version is read from: the same again is the same version. */
export interface UploadSource {
  /** sha256 (hex) of the uploaded bytes, also their name in the originals folder. */
  readonly originalHash: string
  readonly mediaType: string
  readonly fileName: string | null
}

/** Immutable. Numbered from 1. */
export interface DocumentVersion extends UploadSource {
  readonly documentId: string
  readonly version: number
  readonly canonicalText: string
  /** sha256 (hex) of the canonical text as UTF-8. */
  readonly textHash: string
  /** What the file calls itself, and says of itself. */
  readonly ownTitle: string | null
  readonly ownMetadata: JsonObject
  readonly sections: readonly Section[]
  readonly createdAt: Date
}

/** A version without what may be long. */
export type VersionSummary = Omit<DocumentVersion, 'canonicalText' | 'sections'>

/** One name of a document. */
export interface DocumentName {
  readonly name: string
  readonly documentId: string
  /** Of the newest upload that was accepted and has not failed: what the document holds, or will; null: nothing. */
  readonly originalHash: string | null
}

/** A heading and the text under it, up to the next heading of any level. Together they cover the canonical text. */
export interface Section {
  readonly start: number
  readonly end: number
  /** From the outermost heading to this one; empty before the first heading. */
  readonly headingPath: readonly string[]
}

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code'

/** Left, top, right, bottom: points (1/72 inch) from the top left corner of the page as it is shown. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** Where a span of the canonical text stands in the uploaded file. Null where the format has no such thing. */
export interface Place {
  readonly start: number
  readonly end: number
  readonly kind: BlockKind
  /** From 1. */
  readonly page: number | null
  readonly sheet: string | null
  /** From 1. */
  readonly slide: number | null
  /** From 1, of a table, in a sheet the sheet's own number. */
  readonly row: number | null
  /** A row that names the columns. */
  readonly isHeader: boolean
  readonly box: Box | null
}

/** A span of a document version as the chunker cut it: not stored yet. */
export interface ChunkSpan {
  readonly start: number
  readonly end: number
  readonly tokenCount: number
  readonly headingPath: readonly string[]
  /** Of the table that it begins in the middle of: what it is embedded and indexed with, and no part of its span. */
  readonly tableHeader?: string | null
}

export interface Chunk extends ChunkSpan {
  /** Rises with every stored chunk, never used again: the label in the vector index and what index bases are measured by. */
  readonly seq: number
  readonly documentId: string
  readonly version: number
  readonly collectionId: string
  readonly ordinal: number
}

// -- answers out -------------------------------------------------------------------------------------------------------

export type MetadataValue = string | number | boolean

/** Everything that is given holds of the metadata under `key`; of a list, of any of its values. */
export interface MetadataCondition {
  readonly key: string
  readonly eq?: MetadataValue
  readonly in?: readonly MetadataValue[]
  readonly lt?: MetadataValue
  readonly gt?: MetadataValue
  readonly exists?: boolean
}

/** Documents of which everything that is given holds; an empty filter lets all pass. */
export interface DocumentFilter {
  readonly documentIds?: readonly string[]
  readonly metadata?: readonly MetadataCondition[]
  /** All of them. */
  readonly tags?: readonly string[]
  /** `en` is also `en-GB`. */
  readonly language?: string
  readonly and?: readonly DocumentFilter[]
  readonly or?: readonly DocumentFilter[]
  readonly not?: DocumentFilter
}

export const isEmptyFilter = (filter: DocumentFilter): boolean => Object.keys(filter).length === 0

/** A chunk that retrieval chose, with the text it covers and how it was found. Ranks count from 1; null: not found so. */
export interface Passage {
  readonly chunk: Chunk
  readonly documentTitle: string
  readonly text: string
  readonly denseRank: number | null
  /** Cosine similarity, -1..1. */
  readonly denseScore: number | null
  readonly lexicalRank: number | null
  /** BM25, larger is better. */
  readonly lexicalScore: number | null
  /** Of both searches (retrieve/fusion.ts): what the passages are ordered by unless they were reranked. */
  readonly score: number
  /** What they are ordered by then (answer/rerank.ts); those that were not looked at have none, and come last. */
  readonly rerankScore?: number
  /** Documents of the same collection that say nearly the same, in passages that came lower and are left out. */
  readonly duplicates: readonly string[]
}

export interface Answer {
  readonly id: string
  /** Empty, as `context` is, in a stored interaction whose document was deleted since. */
  readonly text: string
  /** 0..1, the probability that it is exactly right (answer/decision.ts). */
  readonly confidence: number
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  /** The passage it was read in, for display, and where that begins in the canonical text. */
  readonly context: string
  readonly contextStart: number
}

export interface Turn {
  readonly question: string
  readonly answer: string | null
}

export interface AskSettings {
  readonly topK: number
  /** Passages of one document at most, where that was asked for. */
  readonly perDocument?: number
  readonly maxAnswers: number
  readonly minConfidence: number
}

/** Milliseconds spent in each step. */
export interface Timings {
  readonly embedMs: number
  readonly retrieveMs: number
  readonly readMs: number
  readonly totalMs: number
}

/** What is kept of a passage: enough to find it and its scores again. */
export interface PassageRecord {
  readonly chunkSeq: number
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  readonly denseRank: number | null
  readonly denseScore: number | null
  readonly lexicalRank: number | null
  readonly lexicalScore: number | null
  readonly score: number
}

/** How sure its answer is, and of what: enough to fit the calibration again once somebody said what was right. */
export interface DecisionRecord {
  /** The calibration of answers that was used (registry/answer-calibrations.ts); null: the reader's own. */
  readonly calibration: string | null
  /** Of the best answer, given or not (answer/decision.ts); null: no passage had anything to quote. */
  readonly features: {
    readonly margin: number
    readonly similarity: number
    readonly shareLogOdds: number
    readonly agreeing: number
  } | null
}

export interface Interaction {
  readonly id: string
  readonly question: string
  /** The question as it was retrieved and read, after `history` was resolved. */
  readonly resolvedQuestion: string
  readonly history: readonly Turn[]
  /** Ids asked; empty means all. */
  readonly collectionIds: readonly string[]
  readonly filter: DocumentFilter
  readonly settings: AskSettings
  readonly passages: readonly PassageRecord[]
  readonly answers: readonly Answer[]
  readonly abstained: boolean
  readonly noAnswerProbability: number
  /** Null in interactions of releases that kept none. */
  readonly decision: DecisionRecord | null
  readonly readerVersion: string
  readonly embedderVersion: string
  readonly timings: Timings
  readonly createdAt: Date
}

// -- corrections in ----------------------------------------------------------------------------------------------------

export type Verdict = 'CORRECT' | 'INCORRECT' | 'NO_ANSWER' | 'CORRECTED'
export type ReviewStatus = 'PENDING' | 'ACCEPTED' | 'REJECTED'

/** `text` is emptied when its document is deleted. */
export interface AnchoredSpan {
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Correction {
  readonly id: string
  readonly interactionId: string
  readonly answerId: string | null
  readonly verdict: Verdict
  /** The right span: of the confirmed answer for CORRECT, of the correction for CORRECTED, else null. */
  readonly span: AnchoredSpan | null
  readonly comment: string | null
  readonly idempotencyKey: string | null
  readonly status: ReviewStatus
  readonly reviewReason: string | null
  readonly createdAt: Date
  readonly reviewedAt: Date | null
}

/** What an accepted correction teaches: a question over one passage, with its span or with none. */
export interface Label {
  readonly id: string
  readonly correctionId: string
  readonly question: string
  readonly documentId: string
  readonly documentVersion: number
  /** The passage that the question is asked of. */
  readonly contextStart: number
  readonly contextEnd: number
  /**
   * Null: the passage does not answer. Offsets into the canonical text, not into the passage; the text is emptied when the
   * document is deleted.
   */
  readonly answer: { readonly start: number; readonly end: number; readonly text: string } | null
  readonly createdAt: Date
}

export interface Dataset {
  /** sha256 (hex) of its files: the same labels give the same dataset. */
  readonly id: string
  readonly trainCount: number
  readonly heldOutCount: number
  readonly createdAt: Date
}

export type RunStatus = 'QUEUED' | 'TRAINING' | 'EXPORTING' | 'EVALUATING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export interface Run {
  readonly id: string
  readonly jobId: string
  readonly datasetId: string
  readonly parentVersion: string
  readonly settings: JsonObject
  readonly status: RunStatus
  readonly candidateVersion: string | null
  readonly evaluation: GateReport | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

/** One row of a run's curve. */
export interface TrainingStep {
  readonly runId: string
  readonly step: number
  readonly totalSteps: number
  readonly loss: number
  /** Of the part that is watched; null at steps that did not look. */
  readonly validationLoss: number | null
  readonly learningRate: number
  readonly gradientNorm: number
  readonly tokensPerSecond: number
  /** Of the training process; null, as the next, for steps of earlier releases. */
  readonly memoryMb: number | null
  readonly secondsLeft: number | null
  readonly at: Date
}

export interface ReaderScore {
  readonly n: number
  /** Percent, 0..100, as the official SQuAD scorer prints them. */
  readonly exactMatch: number
  readonly f1: number
}

export interface GateReport {
  readonly heldOut: { readonly serving: ReaderScore; readonly candidate: ReaderScore }
  readonly general: { readonly serving: ReaderScore; readonly candidate: ReaderScore }
  readonly decision: 'PROMOTE' | 'KEEP'
  readonly reason: string
}

// -- running it --------------------------------------------------------------------------------------------------------

export type JobKind = 'ingest' | 'unpack' | 'index' | 'train' | 'calibrate' | 'reembed'
export type JobStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export interface Job {
  readonly id: string
  readonly kind: JobKind
  readonly status: JobStatus
  /** What the kind needs to do its work; validated by that kind. */
  readonly payload: JsonObject
  readonly progress: { readonly done: number; readonly total: number; readonly stage: string }
  readonly error: SerializedError | null
  readonly attempts: number
  readonly cancelRequested: boolean
  /** Jobs that were accepted together; null: alone. */
  readonly batchId: string | null
  /** What it works on (a document's id): jobs of one subject run one after another, in the order of their ids. */
  readonly subject: string | null
  /** One large job of a kind runs at a time, so that small ones pass it. */
  readonly isLarge: boolean
  /** Queued, but not to begin before; null: at once. */
  readonly runAfter: Date | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly heartbeatAt: Date | null
  readonly finishedAt: Date | null
}

export interface Batch {
  readonly id: string
  /** The caller's own: what is sent again under the same key is not done again. */
  readonly idempotencyKey: string | null
  readonly createdAt: Date
}

/** How many jobs of a batch have which status, and how many ended since a moment. */
export interface BatchProgress {
  readonly queued: number
  readonly running: number
  readonly succeeded: number
  readonly failed: number
  readonly cancelled: number
  readonly endedSince: number
}

/** An embedder that made vectors of the store. */
export interface EmbedderRecord {
  readonly id: number
  /** Of its folder under `models/embedder/`: another model has another name. */
  readonly name: string
  /** Numbers of each of its vectors. */
  readonly dimensions: number
  /** sha256 (hex) of its weights: a folder of that name with others makes other vectors. */
  readonly weightsHash: string
  readonly createdAt: Date
}

/** An immutable base of a collection's vector index, of the vectors of one embedder, and the last chunk it holds. */
export interface IndexBase {
  readonly collectionId: string
  readonly embedderId: number
  /** Name of its folder under `indexes/<collection>/<embedder>/`, used once. */
  readonly folder: string
  readonly lastSeq: number
  readonly count: number
  readonly createdAt: Date
}

/** Append-only: who changed which model is current, when and why. The newest row names the current one. */
export interface Promotion {
  readonly id: number
  readonly modelVersion: string
  readonly kind: 'INITIAL' | 'GATE' | 'MANUAL' | 'ROLLBACK'
  readonly reason: string
  readonly createdAt: Date
}
