import type { Kysely } from 'kysely'
import type { Correction, Page, ReviewStatus } from '../../domain.js'
import type { CorrectionReader, CorrectionWriter, PageRequest } from '../store.js'
import { readPage } from './pages.js'
import { type CorrectionRow, fromJson, fromTime, orNull, type Schema, toJson, toTime } from './schema.js'

export class CorrectionReads implements CorrectionReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Correction | undefined> {
    const row = await this.database.selectFrom('corrections').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async byIdempotencyKey(key: string): Promise<Correction | undefined> {
    const row = await this.database
      .selectFrom('corrections')
      .selectAll()
      .where('idempotency_key', '=', key)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  page({ status, ...request }: PageRequest & { status?: ReviewStatus | undefined }): Promise<Page<Correction>> {
    const query = this.database.selectFrom('corrections').selectAll()
    return readPage(status === undefined ? query : query.where('status', '=', status), request, fromRow)
  }
}

export class Corrections extends CorrectionReads implements CorrectionWriter {
  async insert(correction: Correction): Promise<void> {
    await this.database
      .insertInto('corrections')
      .values({
        id: correction.id,
        interaction_id: correction.interactionId,
        answer_id: correction.answerId,
        verdict: correction.verdict,
        span: orNull(correction.span, toJson),
        comment: correction.comment,
        idempotency_key: correction.idempotencyKey,
        status: correction.status,
        review_reason: correction.reviewReason,
        created_at: toTime(correction.createdAt),
        reviewed_at: orNull(correction.reviewedAt, toTime),
      })
      .execute()
  }

  async review(id: string, status: 'ACCEPTED' | 'REJECTED', reason: string | null, at: Date): Promise<boolean> {
    const result = await this.database
      .updateTable('corrections')
      .set({ status, review_reason: reason, reviewed_at: toTime(at) })
      .where('id', '=', id)
      .where('status', '=', 'PENDING')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  }
}

function fromRow(row: CorrectionRow): Correction {
  return {
    id: row.id,
    interactionId: row.interaction_id,
    answerId: row.answer_id,
    verdict: row.verdict,
    span: orNull(row.span, (json) => fromJson<NonNullable<Correction['span']>>(json)),
    comment: row.comment,
    idempotencyKey: row.idempotency_key,
    status: row.status,
    reviewReason: row.review_reason,
    createdAt: fromTime(row.created_at),
    reviewedAt: orNull(row.reviewed_at, fromTime),
  }
}
