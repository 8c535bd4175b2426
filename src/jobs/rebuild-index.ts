/** Kind `index`: the vector index of a collection is built anew from the store. */
import { z } from 'zod'
import type { Job } from '../domain.js'
import { DocentError } from '../errors.js'
import type { VectorIndex } from '../index/vector-index.js'
import { queuedJob } from '../store/queued-job.js'
import type { Store } from '../store/store.js'
import type { JobContext, JobKindHandler } from './kind.js'

const payloadSchema = z.object({ collectionId: z.string() })

export class RebuildIndexJobs implements JobKindHandler {
  readonly kind = 'index'
  readonly concurrency = 1
  readonly #store: Store
  readonly #index: VectorIndex
  readonly #onQueued: () => void

  constructor(options: { store: Store; index: VectorIndex; onQueued: () => void }) {
    this.#store = options.store
    this.#index = options.index
    this.#onQueued = options.onQueued
  }

  /** @throws COLLECTION_NOT_FOUND */
  async request(collectionId: string): Promise<Job> {
    const job = queuedJob('index', { collectionId })
    await this.#store.transact(async ({ collections, jobs }) => {
      if (!(await collections.get(collectionId))) {
        throw new DocentError('COLLECTION_NOT_FOUND', `there is no collection ${collectionId}`)
      }
      await jobs.insert(job)
    })
    this.#onQueued()
    return job
  }

  async run(job: Job, { progress }: JobContext): Promise<void> {
    const { collectionId } = payloadSchema.parse(job.payload)
    const count = await this.#store.reader.chunks.count(collectionId)
    await progress(0, count, 'rebuilding')
    await this.#index.rebuild(collectionId)
    await progress(count, count, 'done')
  }
}
