import type { Kysely } from 'kysely'
import type { Collection } from '../../domain.js'
import type { CollectionReader, CollectionWriter } from '../store.js'
import { type CollectionRow, fromTime, type Schema, toTime } from './schema.js'

export class CollectionReads implements CollectionReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Collection | undefined> {
    const row = await this.database.selectFrom('collections').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async byName(name: string): Promise<Collection | undefined> {
    const row = await this.database.selectFrom('collections').selectAll().where('name', '=', name).executeTakeFirst()
    return row && fromRow(row)
  }

  async all(): Promise<Collection[]> {
    const rows = await this.database.selectFrom('collections').selectAll().orderBy('id').execute()
    return rows.map(fromRow)
  }
}

export class Collections extends CollectionReads implements CollectionWriter {
  async insert({ id, name, createdAt }: Collection): Promise<void> {
    await this.database
      .insertInto('collections')
      .values({ id, name, created_at: toTime(createdAt) })
      .execute()
  }
}

function fromRow(row: CollectionRow): Collection {
  return { id: row.id, name: row.name, createdAt: fromTime(row.created_at) }
}
