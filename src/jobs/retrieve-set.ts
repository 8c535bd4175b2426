/**
 * The questions of the general set with what retrieval finds for them by another embedder than that of the set that ships:
 * its contexts become the documents of a scratch store, and every question is searched there as `ask` would.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { Document, DocumentVersion, EmbedderRecord } from '../domain.js'
import { embeddingKey } from '../embed/embedding-key.js'
import { type RetrievedQuestion, retrieveQuestions } from '../evaluate/retrieved-set.js'
import { readSquadFile } from '../feedback/dataset.js'
import { HnswIndex } from '../index/hnsw/hnsw-index.js'
import { canonicalDocument } from '../ingest/canonical-text.js'
import { chunkText } from '../ingest/chunker.js'
import { embeddingText } from '../ingest/embedding-text.js'
import { parseText } from '../ingest/parse/text.js'
import type { Logger } from '../log.js'
import { BULK_EMBEDDING, currentEmbedder, type EmbedderParts, startEmbedder } from '../retrieve/open-embedder.js'
import { type QueryEmbedder, Retriever } from '../retrieve/retriever.js'
import { SqliteStore } from '../store/sqlite/sqlite-store.js'
import type { Store } from '../store/store.js'
import type { SquadExample } from '../text/squad.js'
import { Tokenizer } from '../text/tokenizer.js'
import type { JobContext } from './kind.js'
import { SHIPPED_SETS } from './measure.js'

export interface RetrieveSetOptions {
  readonly examples: readonly SquadExample[]
  readonly record: EmbedderRecord
  readonly embedder: QueryEmbedder
  /** The embedder's. */
  readonly tokenizer: Tokenizer
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  readonly log: Logger
}

export interface RetrievedAnew {
  readonly contexts: readonly string[]
  readonly questions: readonly RetrievedQuestion[]
}

/** With the embedder of that name, in a process of its own, over the general set. @throws what opening it throws */
export async function retrieveGeneralSet(
  name: string,
  parts: EmbedderParts,
  { signal, progress, log }: JobContext,
): Promise<RetrievedAnew> {
  const record = (await parts.store.reader.embedders.byName(name)) ?? (await currentEmbedder(parts, name))
  await using embedder = await startEmbedder(record, parts, BULK_EMBEDDING)
  return await retrieveSet({
    ...{ record, embedder, signal, log },
    examples: await readSquadFile(SHIPPED_SETS.general),
    tokenizer: await Tokenizer.open(parts.embedders.folder(name)),
    onProgress: (done, total) => void progress(done, total, 'retrieving').catch(() => undefined),
  })
}

export async function retrieveSet(options: RetrieveSetOptions): Promise<RetrievedAnew> {
  const { record, embedder, log, examples } = options
  const folder = await mkdtemp(join(tmpdir(), 'docent-retrieving-'))
  try {
    await using store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
    const { contexts, numbers, scratch } = await fill(store, options)
    await using index = new HnswIndex({ store, indexDir: folder, embedder: { ...record, id: scratch.id }, log })
    const retriever = new Retriever({ reader: store.reader, index, embedder })
    const questions = await retrieveQuestions({
      examples,
      contextOf: ({ context }) => numbers.get(context) ?? -1,
      search: async (question, topK) => {
        options.signal.throwIfAborted()
        const { passages } = await retriever.retrieve(question, { collectionIds: [], filter: {}, topK })
        return passages.map(({ chunk: { documentId, start, end }, score, denseScore }) => {
          return { context: Number(documentId), start, end, score, similarity: denseScore }
        })
      },
      onProgress: options.onProgress,
    })
    return { contexts, questions }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Each context once, as a document whose id is its number. */
async function fill(store: Store, { examples, record, embedder, tokenizer, signal }: RetrieveSetOptions) {
  const createdAt = new Date()
  const collectionId = uuidv7()
  const scratch = await store.transact(async ({ collections, embedders }) => {
    await collections.insert({ id: collectionId, name: 'contexts', createdAt })
    const inserted = await embedders.insert(record)
    await embedders.makeCurrent(inserted.id, createdAt)
    return inserted
  })
  const titles = new Map(examples.map(({ context, title }) => [context, title]))
  const numbers = new Map([...titles.keys()].map((context, number) => [context, number]))
  const contexts: string[] = []
  for (const [context, title] of titles) {
    signal.throwIfAborted()
    const { canonicalText, sections, places } = canonicalDocument(parseText(context).blocks)
    const chunks = chunkText({ canonicalText, sections, places }, await tokenizer.encode(canonicalText))
    const texts = chunks.map(({ start, end, headingPath }) =>
      embeddingText(title, headingPath, canonicalText.slice(start, end)),
    )
    const vectors = await embedder.embed(texts, { priority: 'bulk' })
    const embedded = chunks.map((chunk, at) => ({
      ...chunk,
      vector: vectors[at] as Float32Array,
      embeddingKey: embeddingKey(record.name, texts[at] as string),
    }))
    const id = String(contexts.length)
    await store.transact(async (transactor) => {
      await transactor.documents.insert(documentOf(id, collectionId, title, createdAt))
      const version = versionOf(id, canonicalText, createdAt)
      await transactor.documents.insertVersion(version, places)
      await transactor.chunks.replace({ id, collectionId, title }, version, embedded, scratch.id)
    })
    contexts.push(canonicalText)
  }
  return { contexts, numbers, scratch }
}

function documentOf(id: string, collectionId: string, title: string, createdAt: Date): Document {
  return {
    ...{ id, collectionId, title, createdAt, externalId: null, givenTitle: title, mediaType: 'text/plain' },
    ...{ metadata: {}, givenMetadata: {}, currentVersion: 1, status: 'READY', updatedAt: createdAt },
  }
}

function versionOf(documentId: string, canonicalText: string, createdAt: Date): DocumentVersion {
  return {
    ...{ documentId, version: 1, canonicalText, textHash: '', originalHash: '', mediaType: 'text/plain' },
    ...{ fileName: null, ownTitle: null, ownMetadata: {}, sections: [], createdAt },
  }
}
