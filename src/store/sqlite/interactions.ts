import type { Kysely } from 'kysely'
import type { Interaction, Page } from '../../domain.js'
import type { InteractionReader, InteractionWriter, PageRequest } from '../store.js'
import { readPage } from './pages.js'
import { citeDocuments } from './quotes.js'
import { fromJson, fromTime, type InteractionRow, type Schema, toJson, toTime } from './schema.js'

export class InteractionReads implements InteractionReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Interaction | undefined> {
    const row = await this.database.selectFrom('interactions').selectAll().where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  page(request: PageRequest): Promise<Page<Interaction>> {
    return readPage(this.database.selectFrom('interactions').selectAll(), request, fromRow)
  }
}

export class Interactions extends InteractionReads implements InteractionWriter {
  async insert(interaction: Interaction): Promise<void> {
    const { answers, citations } = await citeDocuments(this.database, interaction)
    await this.database
      .insertInto('interactions')
      .values({
        id: interaction.id,
        question: interaction.question,
        resolved_question: interaction.resolvedQuestion,
        history: toJson(interaction.history),
        collection_ids: toJson(interaction.collectionIds),
        filter: toJson(interaction.filter),
        settings: toJson(interaction.settings),
        passages: toJson(interaction.passages),
        answers: toJson(answers),
        abstained: Number(interaction.abstained),
        no_answer_probability: interaction.noAnswerProbability,
        decision: toJson(interaction.decision),
        reader_version: interaction.readerVersion,
        embedder_version: interaction.embedderVersion,
        timings: toJson(interaction.timings),
        created_at: toTime(interaction.createdAt),
      })
      .execute()
    if (citations.length > 0) await this.database.insertInto('citations').values(citations).execute()
  }
}

function fromRow(row: InteractionRow): Interaction {
  return {
    id: row.id,
    question: row.question,
    resolvedQuestion: row.resolved_question,
    history: fromJson(row.history),
    collectionIds: fromJson(row.collection_ids),
    filter: fromJson(row.filter),
    settings: fromJson(row.settings),
    passages: fromJson(row.passages),
    answers: fromJson(row.answers),
    abstained: row.abstained === 1,
    noAnswerProbability: row.no_answer_probability,
    decision: fromJson(row.decision),
    readerVersion: row.reader_version,
    embedderVersion: row.embedder_version,
    timings: fromJson(row.timings),
    createdAt: fromTime(row.created_at),
  }
}
