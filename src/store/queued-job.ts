import { v7 as uuidv7 } from 'uuid'
import type { Job, JobKind, JsonObject } from '../domain.js'

/** A new row for the queue: not stored yet, nothing done. */
export function queuedJob(
  kind: JobKind,
  payload: JsonObject,
  { stage = 'queued', ...fields }: { stage?: string } & Partial<Pick<Job, 'batchId' | 'subject' | 'isLarge'>> = {},
): Job {
  return {
    id: uuidv7(),
    kind,
    status: 'QUEUED',
    payload,
    progress: { done: 0, total: 0, stage },
    error: null,
    attempts: 0,
    deaths: 0,
    cancelRequested: false,
    batchId: null,
    subject: null,
    isLarge: false,
    runAfter: null,
    ...fields,
    createdAt: new Date(),
    startedAt: null,
    heartbeatAt: null,
    finishedAt: null,
  }
}
