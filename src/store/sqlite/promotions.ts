import type { Kysely } from 'kysely'
import type { Promotion } from '../../domain.js'
import type { PromotionReader, PromotionWriter } from '../store.js'
import { fromTime, type PromotionRow, type Schema, toTime } from './schema.js'

export class PromotionReads implements PromotionReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async current(): Promise<Promotion | undefined> {
    const row = await this.database
      .selectFrom('promotions')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  async history(): Promise<Promotion[]> {
    const rows = await this.database.selectFrom('promotions').selectAll().orderBy('id', 'desc').execute()
    return rows.map(fromRow)
  }
}

export class Promotions extends PromotionReads implements PromotionWriter {
  async append(promotion: Omit<Promotion, 'id'>): Promise<Promotion> {
    const row = await this.database
      .insertInto('promotions')
      .values({
        model_version: promotion.modelVersion,
        kind: promotion.kind,
        reason: promotion.reason,
        created_at: toTime(promotion.createdAt),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    return fromRow(row)
  }
}

function fromRow(row: Omit<PromotionRow, 'id'> & { id: number }): Promotion {
  return {
    id: row.id,
    modelVersion: row.model_version,
    kind: row.kind,
    reason: row.reason,
    createdAt: fromTime(row.created_at),
  }
}
