/**
 * jobs/: enters a durable row, leaves the work it names. This is what each kind of job gives to the queue (queue.ts): one
 * file per kind joins the rooms above. Called by app.ts, which hands the kinds to the queue.
 */
import type { Job, JobKind } from '../domain.js'
import type { SerializedError } from '../errors.js'
import type { Logger } from '../log.js'
import type { Transactor } from '../store/store.js'

export interface JobContext {
  /** Aborted when the job is cancelled and when the process shuts down: stop soon, and keep what a resume needs. */
  readonly signal: AbortSignal
  /** What a watcher sees, and the job's heartbeat. */
  progress(done: number, total: number, stage: string): Promise<void>
  readonly log: Logger
}

export interface JobKindHandler {
  readonly kind: JobKind
  /** How many of this kind may run at once. */
  readonly concurrency: number
  /** Whether a failure that may pass by itself (status 503 or 507 in the error table) is tried again, later and later. */
  readonly retries?: boolean
  /**
   * Runs the job to its end. May be called again for the same job after a crash or a shutdown, so every step repeats
   * without harm. Returning is success; what it throws fails the job, unless the signal was aborted.
   */
  run(job: Job, context: JobContext): Promise<void>
  /** Called in the transaction that ends the job as FAILED or CANCELLED, so that what it worked on says so too. */
  unfinished?(job: Job, error: SerializedError, transactor: Transactor): Promise<void>
}
