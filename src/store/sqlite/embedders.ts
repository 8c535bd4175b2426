import type { Kysely } from 'kysely'
import type { EmbedderRecord } from '../../domain.js'
import type { EmbedderReader, EmbedderWriter } from '../store.js'
import { ChunkReads } from './chunk-reads.js'
import { type EmbedderRow, fromTime, type Schema, toTime } from './schema.js'

export class EmbedderReads implements EmbedderReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async current(): Promise<EmbedderRecord | undefined> {
    const row = await this.database
      .selectFrom('embedder_switches')
      .innerJoin('embedders', 'embedders.id', 'embedder_switches.embedder_id')
      .selectAll('embedders')
      .orderBy('embedder_switches.id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  async byName(name: string): Promise<EmbedderRecord | undefined> {
    const row = await this.database.selectFrom('embedders').selectAll().where('name', '=', name).executeTakeFirst()
    return row && fromRow(row)
  }
}

export class Embedders extends EmbedderReads implements EmbedderWriter {
  async insert(embedder: Omit<EmbedderRecord, 'id'>): Promise<EmbedderRecord> {
    const row = await this.database
      .insertInto('embedders')
      .values({
        name: embedder.name,
        dimensions: embedder.dimensions,
        weights_hash: embedder.weightsHash,
        created_at: toTime(embedder.createdAt),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    return fromRow(row)
  }

  async makeCurrent(id: number, at: Date): Promise<boolean> {
    const [missing] = await new ChunkReads(this.database).withoutVector(id, 0, 1)
    if (missing) return false
    await this.database
      .insertInto('embedder_switches')
      .values({ embedder_id: id, created_at: toTime(at) })
      .execute()
    return true
  }
}

function fromRow(row: Omit<EmbedderRow, 'id'> & { id: number }): EmbedderRecord {
  return {
    id: row.id,
    name: row.name,
    dimensions: row.dimensions,
    weightsHash: row.weights_hash,
    createdAt: fromTime(row.created_at),
  }
}
