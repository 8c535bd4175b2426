/**
 * The durable queue: QUEUED -> RUNNING -> SUCCEEDED | FAILED | CANCELLED, every change a committed row before anyone is
 * told. Nothing polls: whoever inserts a job calls `notify`. One process writes the database, so a job that is RUNNING
 * when the queue starts was left by a process that died, and is queued again; so is one that a shutdown interrupts.
 */
import type { Job } from '../domain.js'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { Store } from '../store/store.js'
import { JobRun } from './job-run.js'
import type { JobKindHandler } from './kind.js'
import { requeueLeftRunning } from './left-running.js'
import { hasEnded, JobUpdates } from './updates.js'

const RETRY_DELAY_MS = 5000
const CANCELLED_AT_ONCE = 100

interface Running {
  readonly handler: JobKindHandler
  readonly isLarge: boolean
  readonly abort: AbortController
  readonly ended: Promise<void>
}

export interface JobQueueOptions {
  readonly store: Store
  readonly kinds: readonly JobKindHandler[]
  readonly log: Logger
  /** Told of every job that succeeded, failed or was cancelled while it ran. */
  readonly onEnded?: (job: Job) => void
  readonly retryDelayMs?: number
}

export class JobQueue implements AsyncDisposable {
  readonly #store: Store
  readonly #kinds: readonly JobKindHandler[]
  readonly #log: Logger
  readonly #onEnded: ((job: Job) => void) | undefined
  readonly #updates = new JobUpdates()
  readonly #running = new Map<string, Running>()
  /** Jobs of a kind that succeeded since it last had nothing to do. */
  readonly #succeeded = new Map<string, number>()
  readonly #retryDelayMs: number
  #retryTimer: NodeJS.Timeout | undefined
  #started = false
  #closing = false
  #scheduling: Promise<void> = Promise.resolve()
  #willSchedule = false

  constructor({ store, kinds, log, onEnded, retryDelayMs = RETRY_DELAY_MS }: JobQueueOptions) {
    this.#store = store
    this.#kinds = kinds
    this.#log = log
    this.#onEnded = onEnded
    this.#retryDelayMs = retryDelayMs
  }

  /** Queues again what a dead process left running, then begins to work. */
  async start(): Promise<void> {
    const count = await requeueLeftRunning(this.#store, this.#retryDelayMs)
    if (count > 0) this.#log.info({ count }, 'jobs of an earlier process were queued again')
    this.#started = true
    this.notify()
  }

  /** There may be something to do. Never throws, never waits. */
  notify(): void {
    // One look serves all who ask before it begins.
    if (this.#willSchedule) return
    this.#willSchedule = true
    this.#scheduling = this.#scheduling
      .then(() => {
        this.#willSchedule = false
        return this.#schedule()
      })
      .catch((error: unknown) => this.#log.error({ err: error }, 'jobs could not be started'))
  }

  get runningCount(): number {
    return this.#running.size
  }

  /** @throws JOB_NOT_FOUND, JOB_NOT_CANCELLABLE when it has ended. Returns the job as it is after the request. */
  async cancel(id: string): Promise<Job> {
    const job = await this.#store.transact(async (transactor) => {
      const current = await transactor.jobs.get(id)
      if (!current) throw new DocentError('JOB_NOT_FOUND', `there is no job ${id}`)
      if (hasEnded(current)) throw new DocentError('JOB_NOT_CANCELLABLE', `job ${id} is ${current.status}`)
      await transactor.jobs.update(id, { cancelRequested: true })
      if (current.status === 'QUEUED') {
        const error = new DocentError('CANCELLED', 'the job was cancelled before it began').toJSON()
        await transactor.jobs.update(id, { status: 'CANCELLED', error, finishedAt: new Date() })
        await this.#handler(current)?.unfinished?.(current, error, transactor)
      }
      return (await transactor.jobs.get(id)) as Job
    })
    this.#running.get(id)?.abort.abort(new DocentError('CANCELLED', 'the job was cancelled'))
    this.#updates.emit(job)
    return job
  }

  /** Cancels what has not ended of a batch. */
  async cancelBatch(batchId: string): Promise<void> {
    for (const status of ['QUEUED', 'RUNNING'] as const) {
      for (let after: string | undefined; ; ) {
        const page = await this.#store.reader.jobs.page({ first: CANCELLED_AT_ONCE, after, batchId, status })
        for (const { id } of page.items) await this.cancel(id).catch(unlessEnded)
        if (page.nextCursor === null) break
        after = page.nextCursor
      }
    }
  }

  /** The job as it is, then every change; ends when the job has ended. @throws JOB_NOT_FOUND */
  async *watch(id: string): AsyncGenerator<Job, void> {
    // Subscribe before the first read, so that no change falls between the two.
    using changes = this.#updates.subscribe(id)
    const first = await this.#store.reader.jobs.get(id)
    if (!first) throw new DocentError('JOB_NOT_FOUND', `there is no job ${id}`)
    yield first
    if (hasEnded(first)) return
    for await (const job of changes) {
      yield job
      if (hasEnded(job)) return
    }
  }

  /** Interrupts what is running and queues it again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    clearTimeout(this.#retryTimer)
    await this.#scheduling
    const running = [...this.#running.values()]
    for (const { abort } of running) abort.abort(new DocentError('CANCELLED', 'the process is shutting down'))
    await Promise.all(running.map(({ ended }) => ended))
    this.#updates.close()
  }

  #handler(job: Job): JobKindHandler | undefined {
    return this.#kinds.find(({ kind }) => kind === job.kind)
  }

  async #schedule(): Promise<void> {
    if (!this.#started) return
    const now = new Date()
    for (const handler of this.#kinds) await this.#fill(handler, now)
    await this.#wakeForRetries(now)
  }

  /** Begins as many jobs of a kind as may run. */
  async #fill(handler: JobKindHandler, now: Date): Promise<void> {
    for (;;) {
      const busy = [...this.#running.values()].filter((running) => running.handler === handler)
      if (busy.length >= handler.concurrency || this.#closing) return
      const withLarge = !busy.some(({ isLarge }) => isLarge)
      const job = await this.#store.reader.jobs.next(handler.kind, { now, withLarge })
      if (!job) {
        if (busy.length === 0) this.#sayAllDone(handler.kind)
        return
      }
      await this.#begin(job, handler)
    }
  }

  async #wakeForRetries(now: Date): Promise<void> {
    clearTimeout(this.#retryTimer)
    const at = await this.#store.reader.jobs.nextRunAfter(now)
    if (!at || this.#closing) return
    this.#retryTimer = setTimeout(() => this.notify(), at.getTime() - Date.now())
    this.#retryTimer.unref()
  }

  /** One line for a thousand uploads instead of a thousand: those are at `debug`. */
  #sayAllDone(kind: string): void {
    const count = this.#succeeded.get(kind) ?? 0
    if (count > 0) this.#log.info({ kind, count }, 'every queued job is done')
    this.#succeeded.delete(kind)
  }

  async #begin(queued: Job, handler: JobKindHandler): Promise<void> {
    const job = await this.#store.transact(async ({ jobs }) => {
      // Cancelled since it was listed: leave it.
      if ((await jobs.get(queued.id))?.status !== 'QUEUED') return undefined
      const now = new Date()
      const attempts = queued.attempts + 1
      const fresh = { error: null, runAfter: null, startedAt: now, heartbeatAt: now }
      await jobs.update(queued.id, { status: 'RUNNING', attempts, ...fresh })
      return jobs.get(queued.id)
    })
    if (!job) return
    this.#updates.emit(job)
    const abort = new AbortController()
    const ended = this.#run(job, handler, abort.signal)
      .catch((error: unknown) => this.#log.error({ err: error, jobId: job.id }, 'a job could not be ended'))
      .finally(() => {
        this.#running.delete(job.id)
        if (!this.#closing) this.notify()
      })
    this.#running.set(job.id, { handler, isLarge: job.isLarge, abort, ended })
  }

  async #run(job: Job, handler: JobKindHandler, signal: AbortSignal): Promise<void> {
    const run = new JobRun({
      ...{ store: this.#store, handler, job, signal, retryDelayMs: this.#retryDelayMs },
      log: this.#log.child({ jobId: job.id, kind: job.kind }),
      isClosing: () => this.#closing,
      onChanged: (changed) => this.#changed(changed),
    })
    const ended = await run.run()
    if (ended?.status === 'SUCCEEDED') this.#succeeded.set(job.kind, (this.#succeeded.get(job.kind) ?? 0) + 1)
  }

  #changed(job: Job): void {
    if (hasEnded(job)) this.#onEnded?.(job)
    this.#updates.emit(job)
  }
}

/** It ended between being listed and being cancelled. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof DocentError && error.code === 'JOB_NOT_CANCELLABLE')) throw error
}
