/** Long work as durable rows, and the batches it came in. */
import type { SerializedError } from '../errors.js'
import type { JsonObject } from './json.js'

export type JobKind = 'ingest' | 'unpack' | 'index' | 'train' | 'calibrate' | 'reembed'

export type JobStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export interface Job {
  readonly id: string
  readonly kind: JobKind
  readonly status: JobStatus
  /** What the kind needs to do its work; validated by that kind. */
  readonly payload: JsonObject
  readonly progress: { readonly done: number; readonly total: number; readonly stage: string }
  readonly error: SerializedError | null
  /** How often it was begun, those under which the process died included. */
  readonly attempts: number
  /** How many of them ended with the process. */
  readonly deaths: number
  readonly cancelRequested: boolean
  /** Jobs that were accepted together; null: alone. */
  readonly batchId: string | null
  /** What it works on (a document's id): jobs of one subject run one after another, in the order of their ids. */
  readonly subject: string | null
  /** One large job of a kind runs at a time, so that small ones pass it. */
  readonly isLarge: boolean
  /** Queued, but not to begin before; null: at once. */
  readonly runAfter: Date | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly heartbeatAt: Date | null
  readonly finishedAt: Date | null
}

export interface Batch {
  readonly id: string
  /** The caller's own: what is sent again under the same key is not done again. */
  readonly idempotencyKey: string | null
  readonly createdAt: Date
}

/** How many jobs of a batch have which status, and how many ended since a moment. */
export interface BatchProgress {
  readonly queued: number
  readonly running: number
  readonly succeeded: number
  readonly failed: number
  readonly cancelled: number
  readonly endedSince: number
}
