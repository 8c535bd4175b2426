import { type Kysely, sql } from 'kysely'
import type { Batch, BatchProgress, Job, JobKind, JobStatus, Page } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { JobReader, JobWriter } from '../store.js'
import { batchById, batchByKey, batchProgress, insertBatch } from './batches.js'
import { type NextJobOptions, nextJobRow } from './next-job.js'
import { readPage } from './pages.js'
import { fromJson, fromTime, ifGiven, type JobRow, orNull, type Schema, toJson, toTime } from './schema.js'

export class JobReads implements JobReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Job | undefined> {
    const row = await this.database.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  page({ kind, status, batchId, ...request }: Parameters<JobReader['page']>[0]): Promise<Page<Job>> {
    let query = this.database.selectFrom('jobs').selectAll()
    if (batchId !== undefined) query = query.where('batch_id', '=', batchId)
    if (kind !== undefined) query = query.where('kind', '=', kind)
    if (status !== undefined) query = query.where('status', '=', status)
    return readPage(query, request, fromRow)
  }

  async count(status: JobStatus): Promise<number> {
    const { count } = await this.database
      .selectFrom('jobs')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('status', '=', status)
      .executeTakeFirstOrThrow()
    return count
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

  async next(kind: JobKind, options: NextJobOptions): Promise<Job | undefined> {
    const row = await nextJobRow(this.database, kind, options)
    return row && fromRow(row)
  }

  async nextRunAfter(now: Date): Promise<Date | undefined> {
    const row = await this.database
      .selectFrom('jobs')
      .select(({ fn }) => fn.min('run_after').as('at'))
      .where('status', '=', 'QUEUED')
      .where('run_after', '>', toTime(now))
      .executeTakeFirst()
    return row?.at == null ? undefined : fromTime(row.at)
  }

  async ofUpload(
    batchId: string,
    { originalHash, fileName }: { originalHash: string; fileName: string | null },
  ): Promise<Job | undefined> {
    const row = await this.database
      .selectFrom('jobs')
      .selectAll()
      .where('batch_id', '=', batchId)
      .where(sql`payload ->> 'originalHash'`, '=', originalHash)
      .where(sql`payload ->> 'fileName'`, 'is', fileName)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  batch(id: string): Promise<Batch | undefined> {
    return batchById(this.database, id)
  }

  batchByKey(key: string): Promise<Batch | undefined> {
    return batchByKey(this.database, key)
  }

  batchProgress(id: string, since: Date): Promise<BatchProgress> {
    return batchProgress(this.database, id, since)
  }
}

export class Jobs extends JobReads implements JobWriter {
  insertBatch(batch: Batch): Promise<void> {
    return insertBatch(this.database, batch)
  }

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
        deaths: job.deaths,
        cancel_requested: Number(job.cancelRequested),
        batch_id: job.batchId,
        subject: job.subject,
        is_large: Number(job.isLarge),
        run_after: orNull(job.runAfter, toTime),
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
      run_after: ifGiven(changes.runAfter, (date) => orNull(date, toTime)),
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
      .set(({ eb }) => ({ status: 'QUEUED', deaths: eb('deaths', '+', 1) }))
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
    deaths: row.deaths,
    cancelRequested: row.cancel_requested === 1,
    batchId: row.batch_id,
    subject: row.subject,
    isLarge: row.is_large === 1,
    runAfter: orNull(row.run_after, fromTime),
    createdAt: fromTime(row.created_at),
    startedAt: orNull(row.started_at, fromTime),
    heartbeatAt: orNull(row.heartbeat_at, fromTime),
    finishedAt: orNull(row.finished_at, fromTime),
  }
}
