/** From a row of the store to an embedder that embeds. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { EmbedderRecord } from '../domain.js'
import { Embedder, type EmbedderOptions } from '../embed/embedder.js'
import { DocentError } from '../errors.js'
import { removeAllBut } from '../index/hnsw/base-folder.js'
import { HnswIndex } from '../index/hnsw/hnsw-index.js'
import { Lazy, LazyUntilIdle } from '../lazy.js'
import type { Logger } from '../log.js'
import type { Embedders } from '../registry/embedders.js'
import type { Store } from '../store/store.js'
import { Retriever } from './retriever.js'
import type { OpenedEmbedder } from './serving-embedder.js'

export interface EmbedderParts {
  readonly store: Store
  readonly embedders: Embedders
  readonly indexDir: string
  readonly log: Logger
}

/** Of what embeds for nobody who waits. Each process takes 200 MB. */
export const BULK_EMBEDDING = { niceness: 10, threads: 1, processes: Math.min(availableParallelism(), 8) }
/** Between two uploads of one sitting they stay; an idle server does without them. */
const BULK_IDLE_MS = 60_000

/**
 * Nothing is read before it is asked for: a command that embeds nothing starts nothing. Documents are embedded in processes
 * of their own, which yield to everything that somebody waits for: in one process a question would wait for the pieces that
 * run, and its reader would share the cores with the next ones.
 */
export function openEmbedder(record: EmbedderRecord, parts: EmbedderParts): OpenedEmbedder {
  const questions = new Lazy(() => startEmbedder(record, parts))
  const documents = new LazyUntilIdle(() => startEmbedder(record, parts, BULK_EMBEDDING), {
    idleMs: BULK_IDLE_MS,
  })
  const embed: OpenedEmbedder['embed'] = async (texts, options) => {
    if (options?.priority === 'bulk') return documents.use((embedder) => embedder.embed(texts, options))
    return (await questions.get()).embed(texts, options)
  }
  const index = openIndex(record, parts)
  return {
    ...{ record, embed, index },
    retriever: new Retriever({ reader: parts.store.reader, index, embedder: { embed } }),
    [Symbol.asyncDispose]: async () => {
      await questions[Symbol.asyncDispose]()
      await documents[Symbol.asyncDispose]()
      await index[Symbol.asyncDispose]()
    },
  }
}

export function openIndex(embedder: EmbedderRecord, { store, indexDir, log }: EmbedderParts): HnswIndex {
  return new HnswIndex({ store, indexDir, embedder, log })
}

/**
 * @throws EMBEDDER_NOT_FOUND, EMBEDDER_REPLACED when the folder holds another model than made the vectors of the store,
 * MODEL_CORRUPT, MODEL_INCOMPATIBLE
 */
export async function startEmbedder(
  { name, dimensions, weightsHash }: EmbedderRecord,
  { embedders }: Pick<EmbedderParts, 'embedders'>,
  options: Omit<EmbedderOptions, 'modelFolder' | 'form'> = {},
): Promise<Embedder> {
  const version = await embedders.get(name)
  if (version.weightsHash !== weightsHash || version.dimensions !== dimensions) {
    throw new DocentError('EMBEDDER_REPLACED', `${version.folder} is not the model that made the vectors of the store`)
  }
  await embedders.verify(name, 'served')
  return Embedder.start({ modelFolder: version.folder, ...options })
}

/** The current one; in a store without any, the wanted one from now on. @throws EMBEDDER_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE */
export async function currentEmbedder({ store, embedders }: EmbedderParts, wanted: string): Promise<EmbedderRecord> {
  const current = await store.reader.embedders.current()
  if (current) return current
  const { name, dimensions, weightsHash } = await embedders.get(wanted)
  return store.transact(async (transactor) => {
    const meanwhile = await transactor.embedders.current()
    if (meanwhile) return meanwhile
    const createdAt = new Date()
    const record =
      (await transactor.embedders.byName(name)) ??
      (await transactor.embedders.insert({ name, dimensions, weightsHash, createdAt }))
    await transactor.embedders.makeCurrent(record.id, createdAt)
    return record
  })
}

/** What the indexes of other embedders, and of releases that knew one embedder, left behind. */
export async function removeOtherIndexes({ name }: EmbedderRecord, { store, indexDir }: EmbedderParts): Promise<void> {
  for (const { id } of await store.reader.collections.all()) await removeAllBut(join(indexDir, id), name)
}
