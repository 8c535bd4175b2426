/**
 * The vector index on hnswlib: one thread that searches, one more while a base is built. Where the one that searches has
 * died, the next search starts another, into which each collection is opened again when it is asked for.
 */
import { join } from 'node:path'
import { Mutex } from 'async-mutex'
import type { EmbedderRecord } from '../../domain.js'
import type { Logger } from '../../log.js'
import type { Store } from '../../store/store.js'
import { Thread } from '../../thread.js'
import type { IndexReport, VectorChanges, VectorHit, VectorIndex } from '../vector-index.js'
import type { MergeStep } from './base-builder.js'
import { CollectionIndex } from './collection-index.js'
import { Nearest, similarity } from './exact.js'
import type { SearchThreadData } from './search-thread.js'
import { HNSW_SETTINGS, type HnswSettings } from './settings.js'

const SEARCH_THREAD = 'index/hnsw/search-thread.js'

export interface HnswIndexOptions {
  readonly store: Store
  readonly indexDir: string
  /** Whose vectors are searched. Those of another have an index of their own. */
  readonly embedder: Pick<EmbedderRecord, 'id' | 'name' | 'dimensions'>
  readonly log: Logger
  readonly settings?: HnswSettings
  readonly onMergeStep?: (step: MergeStep) => void
}

export class HnswIndex implements VectorIndex {
  readonly #options: HnswIndexOptions
  readonly #settings: HnswSettings
  #thread: Thread
  readonly #collections = new Map<string, CollectionIndex>()
  readonly #mergeMutex = new Mutex()
  readonly #closing = new AbortController()

  /** Collections are opened when they are first asked for. */
  constructor(options: HnswIndexOptions) {
    this.#options = options
    this.#settings = options.settings ?? HNSW_SETTINGS
    this.#thread = this.#newThread()
  }

  search(collectionId: string, vector: Float32Array, k: number, allowed?: Float64Array): Promise<VectorHit[]> {
    if (allowed && allowed.length <= this.#settings.exactAllowedUpTo) return this.#searchExactly(vector, k, allowed)
    return this.#collection(collectionId).search(vector, k, allowed)
  }

  apply(collectionId: string, changes: VectorChanges): Promise<void> {
    return this.#collection(collectionId).apply(changes)
  }

  rebuild(collectionId: string): Promise<void> {
    return this.#collection(collectionId).rebuild()
  }

  verify(collectionId: string): Promise<IndexReport> {
    return this.#collection(collectionId).verify()
  }

  async prepare(collectionId: string): Promise<void> {
    const collection = this.#collection(collectionId)
    await collection.open()
    await collection.idle()
  }

  /** Resolves when no merge is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.#collections.values()].map((collection) => collection.idle()))
  }

  /** A merge that is under way is given up; it leaves nothing that the next opening does not sweep away. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#collections.values()].map((collection) => collection.idle()))
    await this.#thread.end()
  }

  /** A few chunks of one document or another: reading them costs less than walking a graph that leads elsewhere. */
  async #searchExactly(vector: Float32Array, k: number, allowed: Float64Array): Promise<VectorHit[]> {
    const nearest = new Nearest(k)
    const { store, embedder } = this.#options
    for (const stored of await store.reader.chunks.vectorsOf(embedder.id, [...allowed])) {
      nearest.offer(stored.seq, similarity(stored.vector, 0, vector))
    }
    return nearest.hits
  }

  #newThread(): Thread {
    const { name, dimensions } = this.#options.embedder
    const data: SearchThreadData = { embedder: { name, dimensions } }
    return new Thread(SEARCH_THREAD, data, 'INDEX_THREAD_ENDED')
  }

  #livingThread(): Thread {
    const { failure } = this.#thread
    if (failure && !this.#closing.signal.aborted) {
      this.#options.log.error({ err: failure }, 'the index thread has died; another is started')
      this.#thread = this.#newThread()
    }
    return this.#thread
  }

  #collection(collectionId: string): CollectionIndex {
    let collection = this.#collections.get(collectionId)
    if (!collection) {
      collection = new CollectionIndex({
        ...this.#options,
        collectionId,
        folder: join(this.#options.indexDir, collectionId, this.#options.embedder.name),
        searchThread: () => this.#livingThread(),
        settings: this.#settings,
        mergeMutex: this.#mergeMutex,
        signal: this.#closing.signal,
        onStep: this.#options.onMergeStep ?? (() => {}),
      })
      this.#collections.set(collectionId, collection)
    }
    return collection
  }
}
