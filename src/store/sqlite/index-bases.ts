import type { Kysely } from 'kysely'
import type { IndexBase } from '../../domain.js'
import type { IndexBaseReader, IndexBaseWriter } from '../store.js'
import { fromTime, type Schema, toTime } from './schema.js'

export class IndexBaseReads implements IndexBaseReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async current(embedderId: number, collectionId: string): Promise<IndexBase | undefined> {
    const row = await this.database
      .selectFrom('index_bases')
      .selectAll()
      .where('collection_id', '=', collectionId)
      .where('embedder_id', '=', embedderId)
      .executeTakeFirst()
    return (
      row && {
        collectionId,
        embedderId,
        folder: row.folder,
        lastSeq: row.last_seq,
        count: row.count,
        createdAt: fromTime(row.created_at),
      }
    )
  }
}

export class IndexBases extends IndexBaseReads implements IndexBaseWriter {
  async setCurrent(base: IndexBase): Promise<void> {
    const values = {
      folder: base.folder,
      last_seq: base.lastSeq,
      count: base.count,
      created_at: toTime(base.createdAt),
    }
    await this.database
      .insertInto('index_bases')
      .values({ collection_id: base.collectionId, embedder_id: base.embedderId, ...values })
      .onConflict((conflict) => conflict.columns(['collection_id', 'embedder_id']).doUpdateSet(values))
      .execute()
  }

  async clear(embedderId: number, collectionId: string): Promise<void> {
    await this.database
      .deleteFrom('index_bases')
      .where('collection_id', '=', collectionId)
      .where('embedder_id', '=', embedderId)
      .execute()
  }

  async clearOthers(embedderId: number): Promise<void> {
    await this.database.deleteFrom('index_bases').where('embedder_id', '!=', embedderId).execute()
  }
}
