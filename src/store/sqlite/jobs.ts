import type { Kysely } from 'kysely'
import type { Job, JobKind, JobStatus, Page } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { JobReader, JobWriter, PageRequest } from '../store.js'
import { readPage } from './pages.js'
import { fromJson, fromTime, ifGiven, type JobRow, orNull, type Schema, toJson, toTime } from './schema.js'

export class JobReads implements JobReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Job | undefined> {
    const row = await this.database.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  page({
    kind,
    status,
    ...request
  }: PageRequest & { kind?: JobKind | undefined; status?: JobStatus | undefined }): Promise<Page<Job>> {
    let query = this.database.selectFrom('jobs').selectAll()
    if (kind !== undefined) query = query.where('kind', '=', kind)
    if (status !== undefined) query = query.where('status', '=', status)
    return readPage(query, request, fromRow)
  }

  async queued(kind: JobKind, limit: number): Promise<Job[]> {
    const rows = await this.database
      .selectFrom('jobs')
      .selectAll()
      .where('status', '=', 'QUEUED')
      .where('kind', '=', kind)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(fromRow)
  }
}

export class Jobs extends JobReads implements JobWriter {
  async insert(job: Job): Promise<void> {
    await this.database
      .insertInto('jobs')
      .values({
        id: job.id,
        kind: job.kind,
        status: job.status,
        payload: toJson(job.payload),
        progress: toJson(job.progress),
        error: orNull(job.error, toJson),
        attempts: job.attempts,
        cancel_requested: Number(job.cancelRequested),
        created_at: toTime(job.createdAt),
        started_at: orNull(job.startedAt, toTime),
        heartbeat_at: orNull(job.heartbeatAt, toTime),
        finished_at: orNull(job.finishedAt, toTime),
      })
      .execute()
  }

  async update(id: string, changes: Parameters<JobWriter['update']>[1]): Promise<void> {
    // The id stands among the columns because an update of none would be no SQL.
    const columns = {
      id,
      status: changes.status,
      payload: ifGiven(changes.payload, toJson),
      progress: ifGiven(changes.progress, toJson),
      error: ifGiven(changes.error, (error) => orNull(error, toJson)),
      attempts: changes.attempts,
      cancel_requested: ifGiven(changes.cancelRequested, Number),
      started_at: ifGiven(changes.startedAt, toTime),
      heartbeat_at: ifGiven(changes.heartbeatAt, toTime),
      finished_at: ifGiven(changes.finishedAt, toTime),
    }
    const result = await this.database.updateTable('jobs').set(columns).where('id', '=', id).executeTakeFirst()
    if (result.numUpdatedRows === 0n) throw new DocentError('JOB_NOT_FOUND', `there is no job ${id}`)
  }

  async requeueRunning(): Promise<number> {
    const result = await this.database
      .updateTable('jobs')
      .set({ status: 'QUEUED' })
      .where('status', '=', 'RUNNING')
      .executeTakeFirst()
    return Number(result.numUpdatedRows)
  }
}

function fromRow(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    payload: fromJson(row.payload),
    progress: fromJson(row.progress),
    error: orNull(row.error, (json) => fromJson<NonNullable<Job['error']>>(json)),
    attempts: row.attempts,
    cancelRequested: row.cancel_requested === 1,
    createdAt: fromTime(row.created_at),
    startedAt: orNull(row.started_at, fromTime),
    heartbeatAt: orNull(row.heartbeat_at, fromTime),
    finishedAt: orNull(row.finished_at, fromTime),
  }
}
