/**
 * Which queued job is next: fair between batches, so that one upload does not wait for the ten thousand before it. The
 * batch with the fewest running jobs comes first, of those the one that was served longest ago; within a batch, the oldest
 * job. Jobs of one subject never overtake each other.
 */
import { type Kysely, sql } from 'kysely'
import type { JobKind } from '../../domain.js'
import type { JobRow, Schema } from './schema.js'

export interface NextJobOptions {
  readonly now: Date
  /** Whether a large job may be given. */
  readonly withLarge: boolean
}

export async function nextJobRow(
  database: Kysely<Schema>,
  kind: JobKind,
  { now, withLarge }: NextJobOptions,
): Promise<JobRow | undefined> {
  const waiting = sql`kind = ${kind} and status = 'QUEUED'`
  // The batches are stepped through in the index: `distinct` would look at every job of them.
  const { rows } = await sql<JobRow>`
    with recursive named(id) as (
      select min(batch_id) from jobs where ${waiting}
      union all
      select (select min(batch_id) from jobs where ${waiting} and batch_id > named.id) from named where named.id is not null
    ), open(id) as (
      select id from named where id is not null
      union all
      select null where exists (select 1 from jobs where ${waiting} and batch_id is null)
    )
    select candidate.* from open join jobs as candidate on candidate.id = (
      select id from jobs as queued
      where ${waiting} and batch_id is open.id
        and coalesce(run_after, 0) <= ${now.getTime()} and is_large <= ${Number(withLarge)}
        and not exists (
          select 1 from jobs as other
          where other.subject = queued.subject and other.id != queued.id
            and (other.status = 'RUNNING' or (other.status = 'QUEUED' and other.id < queued.id))
        )
      order by id limit 1
    )
    order by
      (select count(*) from jobs where kind = ${kind} and status = 'RUNNING' and batch_id is open.id),
      (select coalesce(max(started_at), 0) from jobs where batch_id is open.id),
      candidate.id
    limit 1`.execute(database)
  return rows[0]
}
