/** One job from its begin to its end: heartbeat, progress, and the row that says what became of it. */
import type { Job } from '../domain.js'
import { asDocentError, DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { JobWriter, Store } from '../store/store.js'
import type { JobKindHandler } from './kind.js'
import { MAX_DEATHS } from './left-running.js'

const HEARTBEAT_MS = 5000
/** At most so often is progress written: a row per passage would only wear the disk. */
const PROGRESS_INTERVAL_MS = 250
/** What may pass is tried this often. */
const MAX_ATTEMPTS = 5

export interface JobRunOptions {
  readonly store: Store
  readonly log: Logger
  readonly handler: JobKindHandler
  /** RUNNING. */
  readonly job: Job
  readonly signal: AbortSignal
  /** Whether the signal comes from a shutdown: the job is queued again then. */
  readonly isClosing: () => boolean
  /** Until the second attempt; each further one waits four times as long. */
  readonly retryDelayMs: number
  /** Told of every change, once it is committed. */
  readonly onChanged: (job: Job) => void
}

export class JobRun {
  readonly #options: JobRunOptions

  constructor(options: JobRunOptions) {
    this.#options = options
  }

  /** @returns the job when it has ended; undefined when it is queued again */
  async run(): Promise<Job | undefined> {
    const { job, handler, signal, log } = this.#options
    const beat = () => this.#update({ heartbeatAt: new Date() })
    const heartbeat = setInterval(
      () => void beat().catch((error) => log.warn({ err: error }, 'no heartbeat')),
      HEARTBEAT_MS,
    )
    try {
      if (job.deaths >= MAX_DEATHS) {
        throw new DocentError('INTERNAL', `given up: the process died ${MAX_DEATHS} times while this job ran`)
      }
      await handler.run(job, { signal, log, progress: this.#progress() })
      const ended = await this.#end('SUCCEEDED', null)
      log.debug('job done')
      return ended
    } catch (thrown) {
      return await this.#fail(thrown)
    } finally {
      clearInterval(heartbeat)
    }
  }

  #progress() {
    let lastAt = 0
    let lastStage = ''
    return async (done: number, total: number, stage: string): Promise<void> => {
      const now = Date.now()
      if (stage === lastStage && done < total && now - lastAt < PROGRESS_INTERVAL_MS) return
      lastAt = now
      lastStage = stage
      await this.#update({ progress: { done, total, stage }, heartbeatAt: new Date(now) })
    }
  }

  async #fail(thrown: unknown): Promise<Job | undefined> {
    const { job, handler, signal, log, isClosing, retryDelayMs, store } = this.#options
    const current = await store.reader.jobs.get(job.id)
    if (signal.aborted && isClosing() && !current?.cancelRequested) {
      // This attempt does not count: nothing went wrong.
      await this.#update({ status: 'QUEUED', attempts: job.attempts - 1 })
      return undefined
    }
    const error = asDocentError(signal.aborted ? signal.reason : thrown)
    const failures = job.attempts - job.deaths
    if (handler.retries && mayPass(error) && failures < MAX_ATTEMPTS) {
      const runAfter = new Date(Date.now() + retryDelayMs * 4 ** (failures - 1))
      log.info({ code: error.code, reason: error.message, runAfter }, 'job failed and will be tried again')
      await this.#update({ status: 'QUEUED', error: error.toJSON(), runAfter })
      return undefined
    }
    const cancelled = error.code === 'CANCELLED'
    if (error.code === 'INTERNAL') log.error({ err: error.cause ?? error }, 'job failed')
    else log.info({ code: error.code, reason: error.message }, cancelled ? 'job cancelled' : 'job failed')
    return this.#end(cancelled ? 'CANCELLED' : 'FAILED', error)
  }

  async #end(status: 'SUCCEEDED' | 'FAILED' | 'CANCELLED', error: DocentError | null): Promise<Job | undefined> {
    const { job, handler, store, onChanged } = this.#options
    const ended = await store.transact(async (transactor) => {
      const serialized = error?.toJSON() ?? null
      await transactor.jobs.update(job.id, { status, error: serialized, finishedAt: new Date() })
      if (serialized) await handler.unfinished?.(job, serialized, transactor)
      return transactor.jobs.get(job.id)
    })
    if (ended) onChanged(ended)
    return ended
  }

  async #update(changes: Parameters<JobWriter['update']>[1]): Promise<void> {
    const { job, store, onChanged } = this.#options
    const changed = await store.transact(async ({ jobs }) => {
      await jobs.update(job.id, changes)
      return jobs.get(job.id)
    })
    if (changed) onChanged(changed)
  }
}

/** Something was busy, restarting or full: the same again may succeed. */
const mayPass = ({ status }: DocentError): boolean => status === 503 || status === 507
