/** Batches as what their jobs say: a batch has no state of its own that could disagree with them. */
import { type Kysely, sql } from 'kysely'
import type { Batch, BatchProgress, JobStatus } from '../../domain.js'
import { type BatchRow, fromTime, orNull, type Schema, toTime } from './schema.js'

export async function batchById(database: Kysely<Schema>, id: string): Promise<Batch | undefined> {
  const row = await database.selectFrom('batches').selectAll().where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

export async function batchByKey(database: Kysely<Schema>, key: string): Promise<Batch | undefined> {
  const row = await database.selectFrom('batches').selectAll().where('idempotency_key', '=', key).executeTakeFirst()
  return row && fromRow(row)
}

export async function insertBatch(database: Kysely<Schema>, { id, idempotencyKey, createdAt }: Batch): Promise<void> {
  await database
    .insertInto('batches')
    .values({ id, idempotency_key: idempotencyKey, created_at: toTime(createdAt) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function batchProgress(database: Kysely<Schema>, id: string, since: Date): Promise<BatchProgress> {
  const { rows } = await sql<{ status: JobStatus; count: number; recent: number }>`
    select status, count(*) as count, sum(finished_at >= ${toTime(since)}) as recent
    from jobs where batch_id = ${id} and not (kind = 'unpack' and status = 'SUCCEEDED') group by status`.execute(
    database,
  )
  const count = (status: JobStatus) => rows.find((row) => row.status === status)?.count ?? 0
  return {
    queued: count('QUEUED'),
    running: count('RUNNING'),
    succeeded: count('SUCCEEDED'),
    failed: count('FAILED'),
    cancelled: count('CANCELLED'),
    endedSince: rows.reduce((sum, { recent }) => sum + (recent ?? 0), 0),
  }
}

function fromRow(row: BatchRow): Batch {
  return {
    id: row.id,
    idempotencyKey: orNull(row.idempotency_key, (key) => key),
    createdAt: fromTime(row.created_at),
  }
}
