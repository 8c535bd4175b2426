/**
 * One collection's index: opened on first use, kept in step with the store, merged when the rows after the base are many.
 *
 * Opening, switching to a new base and mending a damaged one are one and the same `#load`: what the store names is loaded
 * beside what serves, the rows after it are replayed, and the two change places. So a switch that a crash cuts off is
 * finished by the next opening.
 */
import { join } from 'node:path'
import { Mutex } from 'async-mutex'
import type { EmbedderRecord, IndexBase } from '../../domain.js'
import { asDocentError, DocentError } from '../../errors.js'
import type { Logger } from '../../log.js'
import type { Store } from '../../store/store.js'
import { Thread } from '../../thread.js'
import type { IndexReport, VectorChanges, VectorHit } from '../vector-index.js'
import { BUILD_THREAD, buildBase, compareWithTruth, type MergeStep } from './base-builder.js'
import { type BaseManifest, removeAllBut } from './base-folder.js'
import type { BuildThreadData } from './build-thread.js'
import type { Sizes } from './live-vectors.js'
import { RECALL_DEPTH, recall } from './recall.js'
import { buffersOf, pagesOf, toRows } from './rows.js'
import type { HnswSettings } from './settings.js'

export interface CollectionIndexOptions {
  readonly collectionId: string
  /** `indexes/<collection>/<embedder>`. */
  readonly folder: string
  readonly store: Store
  /** The one that lives: another than before when that has died. */
  searchThread(): Thread
  readonly embedder: Pick<EmbedderRecord, 'id' | 'name' | 'dimensions'>
  readonly settings: HnswSettings
  readonly log: Logger
  /** One merge at a time in the whole process. */
  readonly mergeMutex: Mutex
  readonly signal: AbortSignal
  onStep(step: MergeStep): void
}

export class CollectionIndex {
  readonly #options: CollectionIndexOptions
  /** Held by what changes the collection's index, never by a search. */
  readonly #mutex = new Mutex()
  /** In which thread; what was opened in one that has died is gone with it. */
  #opened: { readonly thread: Thread; readonly done: Promise<void> } | undefined
  #current: (IndexBase & { manifest: BaseManifest }) | undefined
  #sizes: Sizes = { base: 0, baseRemoved: 0, tail: 0 }
  #merging: Promise<void> | undefined

  constructor(options: CollectionIndexOptions) {
    this.#options = options
  }

  async search(vector: Float32Array, k: number, allowed: Float64Array | undefined): Promise<VectorHit[]> {
    const { collectionId } = this.#options
    const thread = await this.open()
    return thread.request('search', { collectionId, vector, k, allowed })
  }

  async apply({ added, removed }: VectorChanges): Promise<void> {
    const { collectionId, embedder } = this.#options
    const thread = await this.open()
    await this.#mutex.runExclusive(async () => {
      const rows = toRows(added, embedder.dimensions)
      this.#sizes = await thread.request('apply', { collectionId, added: rows, removed }, buffersOf(rows))
    })
    this.#mergeIfDue()
  }

  /** @returns the thread that it is open in */
  async open(): Promise<Thread> {
    const thread = this.#options.searchThread()
    if (this.#opened?.thread !== thread) {
      const done = this.#mutex.runExclusive(() => this.#load(thread)).then(() => this.#mergeIfDue())
      this.#opened = { thread, done }
    }
    const opened = this.#opened
    try {
      await opened.done
    } catch (error) {
      if (this.#opened === opened) this.#opened = undefined
      throw error
    }
    return thread
  }

  async rebuild(): Promise<void> {
    await this.open()
    while (this.#merging) await this.#merging
    await this.#merge(true)
  }

  /** Resolves when no merge is under way. */
  async idle(): Promise<void> {
    await this.#opened?.done
    while (this.#merging) await this.#merging
  }

  async verify(): Promise<IndexReport> {
    const { store, collectionId, embedder, settings, signal } = this.#options
    const { dimensions } = embedder
    await this.open()
    const live = await store.reader.chunks.liveSeqs(collectionId)
    await using thread = new Thread(BUILD_THREAD, { dimensions, settings } satisfies BuildThreadData)
    const queries = await compareWithTruth(thread, { store, collectionId, embedder, signal }, live)
    const truth = await thread.request<VectorHit[][]>('truth')
    const found: VectorHit[][] = []
    for (let at = 0; at < queries.length; at += dimensions) {
      found.push(await this.search(queries.slice(at, at + dimensions), RECALL_DEPTH, undefined))
    }
    return { live: live.length, base: this.#sizes.base, recallAt10: recall(truth, found) }
  }

  /** Puts what the store names in the place of what serves. A damaged base is dropped: the store has every vector. */
  async #load(thread: Thread): Promise<void> {
    const { store, collectionId, embedder, folder, log, onStep } = this.#options
    const { chunks, indexBases } = store.reader
    await thread.request('begin', { collectionId })
    let base = await indexBases.current(embedder.id, collectionId)
    let manifest: BaseManifest | undefined
    if (base) {
      const live = await chunks.liveSeqs(collectionId)
      const { lastSeq, count } = base
      const path = join(folder, base.folder)
      try {
        manifest = await thread.request('loadBase', { collectionId, folder: path, lastSeq, count, live }, [
          live.buffer as ArrayBuffer,
        ])
      } catch (error) {
        if (!(error instanceof DocentError) || error.code !== 'INDEX_CORRUPT') throw error
        log.warn({ collectionId, reason: error.message }, 'index base cannot be used; it is made again from the store')
        await store.transact((transactor) => transactor.indexBases.clear(embedder.id, collectionId))
        base = undefined
      }
    }
    const after = base?.lastSeq ?? 0
    for await (const rows of pagesOf(chunks, collectionId, embedder, { after, upTo: Number.MAX_SAFE_INTEGER })) {
      await thread.request('replay', { collectionId, rows }, buffersOf(rows))
    }
    this.#sizes = await thread.request('commit', { collectionId })
    this.#current = base && manifest && { ...base, manifest }
    onStep('switched')
    await removeAllBut(folder, base?.folder)
    onStep('swept')
  }

  #mergeIfDue(): void {
    const { settings, log, collectionId, signal } = this.#options
    const { base, baseRemoved, tail } = this.#sizes
    const tooLong = tail > Math.max(settings.exactUpTo, settings.mergeShare * base)
    const tooManyRemoved = baseRemoved > settings.removedShare * base
    if (this.#merging || signal.aborted || !(tooLong || tooManyRemoved)) return
    this.#merging = this.#merge(tooManyRemoved).then(
      (isWhole) => {
        this.#merging = undefined
        // What a base could not hold yet, another merge now could not either.
        if (isWhole) this.#mergeIfDue()
      },
      (error: unknown) => {
        this.#merging = undefined
        // What serves goes on serving; the next change to the collection tries again.
        if (!signal.aborted) log.error({ collectionId, err: asDocentError(error) }, 'index merge failed')
      },
    )
  }

  /** @returns whether the base, or the rows where there is none, could be of all live chunks. */
  #merge(fromScratch: boolean): Promise<boolean> {
    return this.#options.mergeMutex.runExclusive(async () => {
      const { store, collectionId, embedder, settings, log, signal, onStep } = this.#options
      signal.throwIfAborted()
      const startedAt = performance.now()
      const { live, isWhole } = await this.#embeddedSeqs()
      if (live.length <= settings.exactUpTo) {
        await store.transact(({ indexBases }) => indexBases.clear(embedder.id, collectionId))
      } else {
        const from = fromScratch ? undefined : this.#extensible()
        const { row, manifest } = await buildBase({ ...this.#options, from, live })
        await store.transact(({ indexBases }) => indexBases.setCurrent(row))
        const { count, efSearch, recallAt10 } = manifest
        const tookMs = Math.round(performance.now() - startedAt)
        log.info({ collectionId, count, efSearch, recallAt10, tookMs }, 'index base built')
      }
      onStep('current-set')
      await this.#mutex.runExclusive(() => this.#load(this.#options.searchThread()))
      return isWhole
    })
  }

  /**
   * What a base can hold: live chunks up to the first that this embedder has not embedded yet, since a base is of all chunks
   * up to its last. None is missing of the embedder that serves.
   */
  async #embeddedSeqs(): Promise<{ live: Float64Array; isWhole: boolean }> {
    const { store, collectionId, embedder } = this.#options
    const live = await store.reader.chunks.liveSeqs(collectionId)
    const [missing] = await store.reader.chunks.withoutVector(embedder.id, 0, 1, collectionId)
    return { live: missing ? live.filter((seq) => seq < missing.seq) : live, isWhole: !missing }
  }

  /** The current base, where a new one with the same parameters can grow out of it. */
  #extensible(): (IndexBase & { path: string }) | undefined {
    const { settings, folder } = this.#options
    const current = this.#current
    if (current?.manifest.M !== settings.M || current.manifest.efConstruction !== settings.efConstruction)
      return undefined
    return { ...current, path: join(folder, current.folder) }
  }
}
