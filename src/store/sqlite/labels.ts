import type { Kysely } from 'kysely'
import type { Label } from '../../domain.js'
import type { LabelReader, LabelWriter } from '../store.js'
import { fromJson, fromTime, type LabelRow, orNull, type Schema, toJson, toTime } from './schema.js'

export class LabelReads implements LabelReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async all(): Promise<Label[]> {
    const rows = await this.database.selectFrom('labels').selectAll().orderBy('id').execute()
    return rows.map(fromRow)
  }

  async count(): Promise<number> {
    const query = this.database.selectFrom('labels').select(({ fn }) => fn.countAll<number>().as('count'))
    return (await query.executeTakeFirstOrThrow()).count
  }
}

export class Labels extends LabelReads implements LabelWriter {
  async insert(label: Label): Promise<void> {
    await this.database
      .insertInto('labels')
      .values({
        id: label.id,
        correction_id: label.correctionId,
        question: label.question,
        document_id: label.documentId,
        document_version: label.documentVersion,
        context_start: label.contextStart,
        context_end: label.contextEnd,
        answer: orNull(label.answer, toJson),
        created_at: toTime(label.createdAt),
      })
      .execute()
  }
}

function fromRow(row: LabelRow): Label {
  return {
    id: row.id,
    correctionId: row.correction_id,
    question: row.question,
    documentId: row.document_id,
    documentVersion: row.document_version,
    contextStart: row.context_start,
    contextEnd: row.context_end,
    answer: orNull(row.answer, (json) => fromJson<NonNullable<Label['answer']>>(json)),
    createdAt: fromTime(row.created_at),
  }
}
