import { v7 as uuidv7 } from 'uuid'
import type { Job, JobKind, JsonObject } from '../domain.js'

/** A new row for the queue: not stored yet, nothing done. */
export function queuedJob(kind: JobKind, payload: JsonObject, stage = 'queued'): Job {
  return {
    id: uuidv7(),
    kind,
    status: 'QUEUED',
    payload,
    progress: { done: 0, total: 0, stage },
    error: null,
    attempts: 0,
    cancelRequested: false,
    createdAt: new Date(),
    startedAt: null,
    heartbeatAt: null,
    finishedAt: null,
  }
}
