/** A real store with one document and one interaction over it. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { Answer, DocumentVersion, Interaction, PassageRecord } from '../../src/domain.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import type { Store } from '../../src/store/store.js'
import { embedderOf } from '../conformance/rows.js'

export interface Scratch extends AsyncDisposable {
  readonly folder: string
  readonly store: Store
}

export async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'docent-test-'))
  const store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log: createLogger('silent') })
  return {
    folder,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export async function addCollection(store: Store): Promise<string> {
  const id = uuidv7()
  await store.transact(({ collections }) => collections.insert({ id, name: id, createdAt: new Date() }))
  return id
}

/** A READY document of one version; its paragraphs (blank lines between them) are its chunks. */
export async function addDocument(store: Store, collectionId: string, text: string): Promise<DocumentVersion> {
  const documentId = uuidv7()
  await store.transact((transactor) =>
    transactor.documents.insert({
      id: documentId,
      collectionId,
      externalId: null,
      title: 'a document',
      givenTitle: null,
      mediaType: 'text/plain',
      metadata: {},
      givenMetadata: {},
      currentVersion: 0,
      status: 'PROCESSING',
      createdAt: new Date(),
      updatedAt: new Date(),
    }),
  )
  return addVersion(store, documentId, text)
}

export async function addVersion(store: Store, documentId: string, text: string): Promise<DocumentVersion> {
  return store.transact(async (transactor) => {
    const document = await transactor.documents.get(documentId)
    if (!document) throw new Error('no such document')
    const version: DocumentVersion = {
      documentId,
      version: document.currentVersion + 1,
      canonicalText: text,
      textHash: createHash('sha256').update(text).digest('hex'),
      originalHash: createHash('sha256').update(text).digest('hex'),
      mediaType: 'text/plain',
      ...{ fileName: null, ownTitle: null, ownMetadata: {} },
      sections: [{ start: 0, end: text.length, headingPath: [] }],
      createdAt: new Date(),
    }
    await transactor.documents.insertVersion(version)
    await transactor.documents.update(documentId, { currentVersion: version.version, status: 'READY' })
    await transactor.chunks.replace(
      document,
      version,
      paragraphs(text).map((span) => ({
        ...span,
        tokenCount: 1,
        headingPath: [],
        vector: new Float32Array(384),
        embeddingKey: null,
      })),
      (await embedderOf(transactor)).id,
    )
    return version
  })
}

export function paragraphs(text: string): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = []
  for (let start = 0; start < text.length; ) {
    const blank = text.indexOf('\n\n', start)
    const end = blank < 0 ? text.length : blank
    if (end > start) spans.push({ start, end })
    start = end + 2
  }
  return spans
}

export function passage(version: DocumentVersion, start: number, end: number): PassageRecord {
  const unranked = { denseRank: 1, denseScore: 0.5, lexicalRank: null, lexicalScore: null, score: 0.5 }
  return { chunkSeq: 1, documentId: version.documentId, documentVersion: version.version, start, end, ...unranked }
}

export async function addInteraction(
  store: Store,
  question: string,
  passages: readonly PassageRecord[],
  answers: readonly Answer[] = [],
): Promise<Interaction> {
  const interaction: Interaction = {
    id: uuidv7(),
    question,
    resolvedQuestion: question,
    history: [],
    collectionIds: [],
    filter: {},
    settings: { topK: 8, maxAnswers: 3, minConfidence: 0 },
    passages,
    answers,
    abstained: answers.length === 0,
    noAnswerProbability: 0.5,
    decision: { calibration: null, features: null },
    readerVersion: 'reader-1',
    embedderVersion: 'embedder-1',
    timings: { embedMs: 1, retrieveMs: 1, readMs: 1, totalMs: 3 },
    createdAt: new Date(),
  }
  await store.transact(({ interactions }) => interactions.insert(interaction))
  return interaction
}

/** The answer that quotes `text` at its first place in the passage. */
export function answer(version: DocumentVersion, text: string, context: PassageRecord): Answer {
  const start = version.canonicalText.indexOf(text, context.start)
  return {
    id: uuidv7(),
    text,
    confidence: 0.9,
    documentId: version.documentId,
    documentVersion: version.version,
    start,
    end: start + text.length,
    context: version.canonicalText.slice(context.start, context.end),
    contextStart: context.start,
  }
}
