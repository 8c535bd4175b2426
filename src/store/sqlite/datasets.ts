import type { Kysely } from 'kysely'
import type { Dataset } from '../../domain.js'
import type { DatasetReader, DatasetWriter } from '../store.js'
import { fromTime, type Schema, toTime } from './schema.js'

export class DatasetReads implements DatasetReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Dataset | undefined> {
    const row = await this.database.selectFrom('datasets').selectAll().where('id', '=', id).executeTakeFirst()
    return (
      row && {
        id: row.id,
        trainCount: row.train_count,
        heldOutCount: row.held_out_count,
        createdAt: fromTime(row.created_at),
      }
    )
  }
}

export class Datasets extends DatasetReads implements DatasetWriter {
  async insert({ id, trainCount, heldOutCount, createdAt }: Dataset): Promise<void> {
    await this.database
      .insertInto('datasets')
      .values({ id, train_count: trainCount, held_out_count: heldOutCount, created_at: toTime(createdAt) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}
