/**
 * The embedder that serves, and its exchange while questions are answered. A question is embedded, searched and fused by one
 * embedder with the index of its own vectors; the next one is opened beside it, takes the new questions at one instant, and
 * the old one ends when the last question that it was given has its passages.
 */
import { Mutex } from 'async-mutex'
import type { EmbedderRecord } from '../domain.js'
import type { RunOptions } from '../embed/embedder.js'
import { DocentError } from '../errors.js'
import { Exchangeable } from '../exchangeable.js'
import type { VectorChanges, VectorIndex } from '../index/vector-index.js'
import type { Logger } from '../log.js'
import type { Retrieval, RetrieveOptions, Retriever } from './retriever.js'

/** An embedder with what is measured in its vectors. Its process starts with the first text. */
export interface OpenedEmbedder extends AsyncDisposable {
  readonly record: EmbedderRecord
  embed(texts: readonly string[], options?: RunOptions): Promise<Float32Array[]>
  readonly index: VectorIndex
  readonly retriever: Pick<Retriever, 'retrieve'>
}

export interface ServedRetrieval extends Retrieval {
  /** Name of what embedded the question, whatever serves by now. */
  readonly embedderVersion: string
}

export interface ServingEmbedderOptions {
  /** Whose vectors the store has. */
  readonly current: () => Promise<EmbedderRecord>
  readonly open: (record: EmbedderRecord) => OpenedEmbedder
  readonly collectionIds: () => Promise<readonly string[]>
  readonly log: Logger
}

export class ServingEmbedder implements AsyncDisposable {
  readonly #options: ServingEmbedderOptions
  readonly #changing = new Mutex()
  readonly #serving: Exchangeable<OpenedEmbedder>
  /** What the store names already, while its index is being loaded. */
  #coming: OpenedEmbedder | undefined
  #disposed = false

  constructor(options: ServingEmbedderOptions) {
    this.#options = options
    this.#serving = new Exchangeable(options)
  }

  /** Undefined until it is first needed. */
  get record(): EmbedderRecord | undefined {
    return this.#serving.current?.record
  }

  /**
   * What new documents are embedded with; waits for an exchange that is under way. It may be exchanged while it works: the
   * store takes no chunk of an embedder that is not current any more.
   */
  get(): Promise<OpenedEmbedder> {
    return this.#changing.runExclusive(() => this.#open())
  }

  /** Starts its process. @throws EMBEDDER_NOT_FOUND, EMBEDDER_REPLACED, MODEL_CORRUPT, MODEL_INCOMPATIBLE */
  async warmUp(): Promise<void> {
    await this.#use((opened) => opened.embed(['a first text']))
  }

  retrieve(query: string, options: RetrieveOptions): Promise<ServedRetrieval> {
    return this.#use(async ({ record, retriever }) => {
      return { ...(await retriever.retrieve(query, options)), embedderVersion: record.name }
    })
  }

  /** Tells the index, and the one that will be, what a committed transaction changed: vectors of that embedder. */
  async apply(embedderId: number, collectionId: string, { added, removed }: VectorChanges): Promise<void> {
    const tell = ({ record, index }: OpenedEmbedder) =>
      index.apply(collectionId, { added: record.id === embedderId ? added : [], removed })
    const coming = this.#coming
    await Promise.all([this.#use(tell), coming && tell(coming)])
  }

  /** Tells that chunks are gone, whoever embedded them. */
  async remove(collectionId: string, seqs: readonly number[]): Promise<void> {
    if (seqs.length > 0) await this.apply(0, collectionId, { added: [], removed: seqs })
  }

  /** The index that serves. */
  readonly index: VectorIndex = {
    search: (...parameters) => this.#use(({ index }) => index.search(...parameters)),
    apply: (...parameters) => this.#use(({ index }) => index.apply(...parameters)),
    prepare: (...parameters) => this.#use(({ index }) => index.prepare(...parameters)),
    rebuild: (...parameters) => this.#use(({ index }) => index.rebuild(...parameters)),
    verify: (...parameters) => this.#use(({ index }) => index.verify(...parameters)),
    // It ends with its embedder.
    [Symbol.asyncDispose]: async () => {},
  }

  /**
   * Puts another embedder to service. `makeCurrent` says so in the store, once the process of the next one runs; from then
   * on nothing can leave the old one serving.
   * @returns false, and nothing changed, when `makeCurrent` said false; else resolves when the old one has ended
   * @throws what opening the next one throws; the old one serves on
   */
  async exchange(record: EmbedderRecord, makeCurrent: () => Promise<boolean>): Promise<boolean> {
    const exchanged = await this.#changing.runExclusive(async () => {
      if (this.#disposed) throw shuttingDown()
      const next = this.#options.open(record)
      try {
        const [probe] = await next.embed(['a first text'])
        if (probe && (await makeCurrent())) return { drained: await this.#replaceBy(next, probe) }
      } catch (error) {
        await next[Symbol.asyncDispose]()
        throw error
      }
      await next[Symbol.asyncDispose]()
      return undefined
    })
    await exchanged?.drained.ended
    return exchanged !== undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await this.#changing.runExclusive(() => this.#serving[Symbol.asyncDispose]())
  }

  /** The old one answers while the next one's index is loaded: no vector of the next is added meanwhile, and what is removed both are told. */
  async #replaceBy(next: OpenedEmbedder, probe: Float32Array): Promise<{ ended: Promise<void> }> {
    const { collectionIds, log } = this.#options
    this.#coming = next
    try {
      for (const id of await collectionIds()) await next.index.search(id, probe, 1)
    } catch (error) {
      // The first search of each collection loads it, and says what is wrong.
      log.error({ err: error }, 'the index of the next embedder could not be loaded')
    }
    const from = this.record?.name
    const ended = this.#serving.exchange(next)
    this.#coming = undefined
    log.info({ from, to: next.record.name }, 'another embedder serves')
    return { ended }
  }

  async #use<T>(work: (opened: OpenedEmbedder) => Promise<T>): Promise<T> {
    for (;;) {
      const working = this.#serving.use(work)
      if (working) return working
      await this.get()
    }
  }

  /** Called alone. */
  async #open(): Promise<OpenedEmbedder> {
    if (this.#disposed) throw shuttingDown()
    const opened = this.#serving.current
    if (opened) return opened
    const first = this.#options.open(await this.#options.current())
    void this.#serving.exchange(first)
    return first
  }
}

const shuttingDown = () => new DocentError('OVERLOADED', 'the server is shutting down')
