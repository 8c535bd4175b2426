/**
 * Kind `reembed`: the vectors of the store become those of the wanted embedder. It embeds every chunk that has no vector of
 * it yet, beside the vectors that are searched, builds the index bases, says in the store that it is current, and then
 * removes what the old one left. Each step finds out for itself what is left to do: a job that was killed goes on there.
 */
import type { EmbedderRecord, Job } from '../domain.js'
import type { Embedder } from '../embed/embedder.js'
import { DocentError } from '../errors.js'
import type { VectorIndex } from '../index/vector-index.js'
import type { Embedders } from '../registry/embedders.js'
import type { ServingEmbedder } from '../retrieve/serving-embedder.js'
import { queuedJob } from '../store/queued-job.js'
import type { Store } from '../store/store.js'
import { embedChunks } from './embed-chunks.js'
import type { JobContext, JobKindHandler } from './kind.js'

/** Of which vectors are removed in one transaction, which is all that ingest and answers wait for. */
const REMOVED_AT_ONCE = 1000
/** Jobs that are looked through for one that will do. */
const MAX_UNFINISHED = 100

export interface ReembedJobsOptions {
  readonly store: Store
  readonly embedders: Embedders
  /** Name of the embedder whose vectors the store shall have. */
  readonly wanted: string
  readonly serving: Pick<ServingEmbedder, 'exchange'>
  /** A process of its own, which yields to what answers. */
  readonly startEmbedder: (record: EmbedderRecord) => Promise<Embedder>
  /** An index of its vectors, apart from those that serve. */
  readonly openIndex: (record: EmbedderRecord) => VectorIndex
  readonly removeOtherIndexes: (record: EmbedderRecord) => Promise<void>
  /** Told once it serves; perhaps again after a crash. */
  readonly onServing: () => Promise<unknown>
  readonly onQueued: () => void
}

export class ReembedJobs implements JobKindHandler {
  readonly kind = 'reembed'
  readonly concurrency = 1
  readonly retries = true
  readonly #options: ReembedJobsOptions

  constructor(options: ReembedJobsOptions) {
    this.#options = options
  }

  /** What is wanted and does not serve yet; null when nothing is under way. */
  async next(): Promise<string | null> {
    const current = await this.#options.store.reader.embedders.current()
    return current && current.name !== this.#options.wanted ? this.#options.wanted : null
  }

  /** Undefined when there is nothing to do, or it is about to be done. */
  async request(): Promise<Job | undefined> {
    const { store, wanted, onQueued } = this.#options
    const { embedders, chunks, jobs } = store.reader
    const current = await embedders.current()
    if (!current) return undefined
    if (current.name === wanted && !(await chunks.hasOtherVectors(current.id))) return undefined
    const running = await jobs.page({ kind: this.kind, status: 'RUNNING', first: MAX_UNFINISHED })
    const unfinished = [...(await jobs.queued(this.kind, MAX_UNFINISHED)), ...running.items]
    if (unfinished.some(({ payload }) => payload.embedder === wanted)) return undefined
    const job = queuedJob(this.kind, { embedder: wanted })
    await store.transact((transactor) => transactor.jobs.insert(job))
    onQueued()
    return job
  }

  /** @throws EMBEDDER_NOT_FOUND, EMBEDDER_REPLACED, MODEL_CORRUPT, MODEL_INCOMPATIBLE; the old embedder serves on */
  async run(job: Job, context: JobContext): Promise<void> {
    const { store, wanted, onServing } = this.#options
    if (job.payload.embedder !== wanted) {
      throw new DocentError('CANCELLED', `${job.payload.embedder} is not wanted any more: DOCENT_EMBEDDER is ${wanted}`)
    }
    const current = await store.reader.embedders.current()
    const record = current?.name === wanted ? current : await this.#replace(context)
    await this.#removeOthers(record, context)
    await onServing()
  }

  async #replace(context: JobContext): Promise<EmbedderRecord> {
    const { store, serving, startEmbedder } = this.#options
    await context.progress(0, 0, 'opening')
    const record = await this.#record()
    await using embedder = await startEmbedder(record)
    await embedChunks({ store, record, embedder, context })
    await this.#buildIndexes(record, context)
    // Documents come meanwhile; the last of them are few, and the next pass over them takes a moment.
    for (;;) {
      await embedChunks({ store, record, embedder, context })
      context.signal.throwIfAborted()
      const makeCurrent = () => store.transact(({ embedders }) => embedders.makeCurrent(record.id, new Date()))
      if (await serving.exchange(record, makeCurrent)) return record
    }
  }

  /** The row that its vectors name. */
  async #record(): Promise<EmbedderRecord> {
    const { store, embedders, wanted } = this.#options
    const { name, dimensions, weightsHash } = await embedders.get(wanted)
    return store.transact(async (transactor) => {
      const known = await transactor.embedders.byName(wanted)
      return known ?? transactor.embedders.insert({ name, dimensions, weightsHash, createdAt: new Date() })
    })
  }

  async #buildIndexes(record: EmbedderRecord, { signal, progress }: JobContext): Promise<void> {
    const { store, openIndex } = this.#options
    const collections = await store.reader.collections.all()
    const index = openIndex(record)
    // Its end gives up what is being built.
    const end = () => void index[Symbol.asyncDispose]()
    signal.addEventListener('abort', end, { once: true })
    try {
      for (const [at, { id }] of collections.entries()) {
        signal.throwIfAborted()
        await progress(at, collections.length, 'indexing')
        await index.prepare(id)
      }
    } finally {
      signal.removeEventListener('abort', end)
      await index[Symbol.asyncDispose]()
    }
  }

  async #removeOthers(record: EmbedderRecord, { signal, progress }: JobContext): Promise<void> {
    const { store, removeOtherIndexes } = this.#options
    const last = { seq: 0 as number | undefined }
    while (last.seq !== undefined) {
      signal.throwIfAborted()
      await progress(0, 0, 'removing the old vectors')
      const after = last.seq
      last.seq = await store.transact(({ chunks }) => chunks.removeOtherVectors(record.id, after, REMOVED_AT_ONCE))
    }
    await store.transact(({ indexBases }) => indexBases.clearOthers(record.id))
    await removeOtherIndexes(record)
    await progress(1, 1, `${record.name} serves`)
  }
}
