/** Rows for tests: whole and valid, with the fields that a test is about given by it. */
import { createHash } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type {
  Collection,
  Correction,
  Document,
  DocumentVersion,
  EmbedderRecord,
  Interaction,
  Job,
  Label,
  Run,
  TrainingStep,
} from '../../src/domain.js'
import { queuedJob } from '../../src/store/queued-job.js'
import type { EmbeddedChunk, Store, Transactor } from '../../src/store/store.js'

export const DIMENSIONS = 384
/** Of the first embedder of a store. */
export const EMBEDDER_ID = 1

export function embedderRow(fields: Partial<EmbedderRecord> = {}): Omit<EmbedderRecord, 'id'> {
  return { name: 'embedder-1', dimensions: DIMENSIONS, weightsHash: 'e'.repeat(64), createdAt: new Date(), ...fields }
}

/** The current one; where there is none, one whose vectors have so many numbers. */
export async function embedderOf({ embedders }: Transactor, dimensions = DIMENSIONS): Promise<EmbedderRecord> {
  const current = await embedders.current()
  if (current) return current
  const record = await embedders.insert(embedderRow({ dimensions }))
  await embedders.makeCurrent(record.id, new Date())
  return record
}

export function collectionRow(fields: Partial<Collection> = {}): Collection {
  const id = uuid()
  return { id, name: `collection ${id}`, createdAt: new Date(), ...fields }
}

export function documentRow(collectionId: string, fields: Partial<Document> = {}): Document {
  const now = new Date()
  return {
    id: uuid(),
    collectionId,
    externalId: null,
    title: 'A title',
    givenTitle: null,
    mediaType: 'text/plain',
    metadata: {},
    givenMetadata: {},
    currentVersion: 0,
    status: 'PROCESSING',
    createdAt: now,
    updatedAt: now,
    ...fields,
  }
}

export function versionRow(documentId: string, canonicalText: string, version = 1): DocumentVersion {
  return {
    documentId,
    version,
    canonicalText,
    textHash: createHash('sha256').update(canonicalText).digest('hex'),
    originalHash: 'a'.repeat(64),
    mediaType: 'text/plain',
    fileName: null,
    ownTitle: null,
    ownMetadata: {},
    sections: [{ start: 0, end: canonicalText.length, headingPath: [] }],
    createdAt: new Date(),
  }
}

/** A vector of L2 norm 1 that depends on the seed alone. */
export function unitVector(seed: number, dimensions = DIMENSIONS): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1
  const vector = Float32Array.from({ length: dimensions }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 31 - 1
  })
  const norm = Math.hypot(...vector)
  return vector.map((value) => value / norm)
}

/** One chunk per piece of text, laid end to end: the canonical text is `pieces.join('')`. */
export function chunksOf(
  pieces: readonly string[],
  vectors: (index: number) => Float32Array = unitVector,
): EmbeddedChunk[] {
  let start = 0
  return pieces.map((piece, index) => {
    const chunk = {
      start,
      end: start + piece.length,
      tokenCount: piece.split(/\s+/).length,
      headingPath: [],
      vector: vectors(index),
      embeddingKey: null,
    }
    start = chunk.end
    return chunk
  })
}

export interface StoredDocument {
  readonly document: Document
  readonly version: DocumentVersion
  readonly seqs: readonly number[]
}

/** A READY document of one version whose chunks are `pieces`. */
export async function addDocument(
  transactor: Transactor,
  collectionId: string,
  pieces: readonly string[],
  fields: Partial<Document> = {},
  chunks: readonly EmbeddedChunk[] = chunksOf(pieces),
): Promise<StoredDocument> {
  const document = documentRow(collectionId, { status: 'READY', currentVersion: 1, ...fields })
  const version = versionRow(document.id, pieces.join(''))
  await transactor.documents.insert(document)
  await transactor.documents.insertVersion(version)
  const embedder = await embedderOf(transactor, chunks[0]?.vector.length)
  const { added } = await transactor.chunks.replace(document, version, chunks, embedder.id)
  return { document, version, seqs: added }
}

export async function addCollection(store: Store, fields: Partial<Collection> = {}): Promise<Collection> {
  const collection = collectionRow(fields)
  await store.transact(({ collections }) => collections.insert(collection))
  return collection
}

export function jobRow(fields: Partial<Job> = {}): Job {
  return { ...queuedJob('ingest', {}), ...fields }
}

export function interactionRow(fields: Partial<Interaction> = {}): Interaction {
  return {
    id: uuid(),
    question: 'Who pays?',
    resolvedQuestion: 'Who pays?',
    history: [{ question: 'What is it?', answer: null }],
    collectionIds: [],
    filter: { documentIds: ['d'] },
    settings: { topK: 8, maxAnswers: 1, minConfidence: 0 },
    passages: [
      {
        chunkSeq: 1,
        documentId: 'd',
        documentVersion: 1,
        start: 0,
        end: 4,
        denseRank: 1,
        denseScore: 0.5,
        lexicalRank: null,
        lexicalScore: null,
        score: 0.1,
      },
    ],
    answers: [],
    abstained: true,
    noAnswerProbability: 0.75,
    decision: { calibration: 'c@8', features: { margin: 1.5, similarity: 0.5, shareLogOdds: -1, agreeing: 2 } },
    readerVersion: 'reader-1',
    embedderVersion: 'embedder-1',
    timings: { embedMs: 1, retrieveMs: 2, readMs: 3, totalMs: 6.5 },
    createdAt: new Date(),
    ...fields,
  }
}

export function correctionRow(interactionId: string, fields: Partial<Correction> = {}): Correction {
  return {
    id: uuid(),
    interactionId,
    answerId: null,
    verdict: 'NO_ANSWER',
    span: null,
    comment: null,
    idempotencyKey: null,
    status: 'PENDING',
    reviewReason: null,
    createdAt: new Date(),
    reviewedAt: null,
    ...fields,
  }
}

export function labelRow(correctionId: string, documentId: string, fields: Partial<Label> = {}): Label {
  return {
    id: uuid(),
    correctionId,
    question: 'Who pays?',
    documentId,
    documentVersion: 1,
    contextStart: 0,
    contextEnd: 10,
    answer: { start: 0, end: 3, text: 'The' },
    createdAt: new Date(),
    ...fields,
  }
}

export function runRow(jobId: string, datasetId: string, fields: Partial<Run> = {}): Run {
  return {
    id: uuid(),
    jobId,
    datasetId,
    parentVersion: 'reader-1',
    settings: { learningRate: 0.0001 },
    status: 'QUEUED',
    candidateVersion: null,
    evaluation: null,
    createdAt: new Date(),
    finishedAt: null,
    ...fields,
  }
}

export function stepRow(runId: string, step: number, fields: Partial<TrainingStep> = {}): TrainingStep {
  return {
    runId,
    step,
    totalSteps: 10,
    loss: 1 / step,
    learningRate: 0.0001,
    gradientNorm: 1.5,
    tokensPerSecond: 1000.5,
    validationLoss: step % 2 === 0 ? 0.25 : null,
    memoryMb: 812,
    secondsLeft: 90,
    at: new Date(),
    ...fields,
  }
}
