/** Waiting for a job, with its progress on stderr. */
import { DocentError, reviveError, type SerializedError } from '../errors.js'
import type { Client } from './client.js'
import type { Session } from './command.js'

export interface JobView {
  readonly id: string
  readonly kind: string
  readonly status: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  readonly progress: { readonly done: number; readonly total: number; readonly stage: string }
  readonly error: SerializedError | null
  readonly createdAt: string
  readonly finishedAt: string | null
}

export const JOB_FIELDS = `id kind status progress { done total stage } error { code message hint }
  attempts createdAt startedAt finishedAt`

/** The job as it ended, whatever its status. */
export async function waitForJob(client: Client, id: string, session: Session, label: string): Promise<JobView> {
  const watch = client.subscribe<{ jobProgress: JobView }>(
    `subscription($id: ID!) { jobProgress(id: $id) { ${JOB_FIELDS} } }`,
    { id },
  )
  let last = ''
  for await (const { jobProgress: job } of watch) {
    if (job.finishedAt) return job
    const line = `${label}: ${progressText(job)}`
    if (line !== last) session.note(line)
    last = line
  }
  throw new DocentError('SERVER_UNREACHABLE', `the server stopped before job ${id} ended`)
}

/** @throws the job's own error when it did not succeed. */
export function requireSuccess(job: JobView): JobView {
  if (job.status === 'SUCCEEDED') return job
  throw job.error ? reviveError(job.error) : new DocentError('INTERNAL', `job ${job.id} ended as ${job.status}`)
}

export function progressText({ status, progress: { done, total, stage } }: JobView): string {
  if (status !== 'RUNNING') return status.toLowerCase()
  return total > 0 ? `${stage} ${done}/${total}` : stage || 'running'
}
