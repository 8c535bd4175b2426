import type { Kysely } from 'kysely'
import type { DocumentVersion, EmbedderRecord } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { ChunkVector, ChunkWriter, EmbeddedChunk } from '../store.js'
import { ChunkReads } from './chunk-reads.js'
import { EmbedderReads } from './embedders.js'
import { oneOf } from './one-of.js'
import { type Schema, toJson } from './schema.js'

/** Rows of one insert: few round trips to the thread, and a statement text that repeats. */
const ROWS_PER_INSERT = 64

interface ChunkOwner {
  readonly id: string
  readonly collectionId: string
  readonly title: string
}

export class Chunks extends ChunkReads implements ChunkWriter {
  async replace(
    document: ChunkOwner,
    version: DocumentVersion,
    chunks: readonly EmbeddedChunk[],
    embedderId: number,
  ): Promise<{ added: number[]; removed: number[] }> {
    const embedder = await new EmbedderReads(this.database).current()
    if (embedder?.id !== embedderId) {
      throw new DocentError('EMBEDDER_CHANGED', `${embedder?.name ?? 'none'} is the embedder by now`)
    }
    const living = await this.database
      .selectFrom('documents')
      .select('id')
      .where('id', '=', document.id)
      .where('status', '!=', 'DELETED')
      .executeTakeFirst()
    if (!living) throw new DocentError('DOCUMENT_NOT_FOUND', `document ${document.id} does not exist any more`)
    const removed = await removeChunksOf(this.database, document.id)
    const added: number[] = []
    for (let at = 0; at < chunks.length; at += ROWS_PER_INSERT) {
      added.push(...(await this.#insert(document, version, chunks.slice(at, at + ROWS_PER_INSERT), at)))
    }
    await this.#insertVectors(
      embedder,
      chunks.map(({ vector, embeddingKey }, at) => ({ seq: added[at] as number, vector, embeddingKey })),
    )
    return { added, removed }
  }

  removeOfDocument(documentId: string): Promise<number[]> {
    return removeChunksOf(this.database, documentId)
  }

  async addVectors(embedder: EmbedderRecord, vectors: readonly ChunkVector[]): Promise<void> {
    const rows = await this.database
      .selectFrom('chunks')
      .select('seq')
      .where('seq', 'in', oneOf(vectors.map(({ seq }) => seq)))
      .execute()
    const living = new Set(rows.map(({ seq }) => seq))
    await this.#insertVectors(
      embedder,
      vectors.filter(({ seq }) => living.has(seq)),
    )
  }

  async removeOtherVectors(embedderId: number, afterSeq: number, limit: number): Promise<number | undefined> {
    const rows = await this.database
      .selectFrom('chunk_vectors')
      .select('seq')
      .where('seq', '>', afterSeq)
      .where('embedder_id', '!=', embedderId)
      .orderBy('seq')
      .limit(limit)
      .execute()
    const last = rows.at(-1)?.seq
    if (last === undefined) return undefined
    await this.database
      .deleteFrom('chunk_vectors')
      .where('seq', '>', afterSeq)
      .where('seq', '<=', last)
      .where('embedder_id', '!=', embedderId)
      .execute()
    return last
  }

  async #insertVectors({ id, name, dimensions }: EmbedderRecord, vectors: readonly ChunkVector[]): Promise<void> {
    const other = vectors.find(({ vector }) => vector.length !== dimensions)
    if (other) {
      throw new DocentError('INTERNAL', `a vector of ${other.vector.length} numbers, and ${name} gives ${dimensions}`)
    }
    for (let at = 0; at < vectors.length; at += ROWS_PER_INSERT) {
      const rows = vectors.slice(at, at + ROWS_PER_INSERT)
      await this.database
        .insertInto('chunk_vectors')
        .values(
          rows.map(({ seq, vector, embeddingKey }) => ({
            ...{ seq, embedder_id: id, embedding_key: embeddingKey },
            vector: toBytes(vector),
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }

  /** @returns the seqs in the order of `chunks`. */
  async #insert(
    document: ChunkOwner,
    version: DocumentVersion,
    chunks: readonly EmbeddedChunk[],
    firstOrdinal: number,
  ): Promise<number[]> {
    const rows = await this.database
      .insertInto('chunks')
      .values(
        chunks.map((chunk, index) => ({
          document_id: document.id,
          version: version.version,
          collection_id: document.collectionId,
          ordinal: firstOrdinal + index,
          start: chunk.start,
          end: chunk.end,
          token_count: chunk.tokenCount,
          heading_path: toJson(chunk.headingPath),
          table_header: chunk.tableHeader || null,
        })),
      )
      .returning(['seq', 'ordinal'])
      .execute()
    // SQL does not promise that returned rows come in the order of the inserted ones.
    const seqs = new Array<number>(chunks.length)
    for (const { seq, ordinal } of rows) seqs[ordinal - firstOrdinal] = seq
    const labelled = chunks.map((chunk, index) => ({ chunk, seq: seqs[index] as number }))
    await this.database
      .insertInto('chunk_words')
      .values(
        labelled.map(({ chunk, seq }) => ({
          rowid: seq,
          title: document.title,
          headings: [...chunk.headingPath, ...(chunk.tableHeader ? [chunk.tableHeader] : [])].join('\n'),
          body: version.canonicalText.slice(chunk.start, chunk.end),
        })),
      )
      .execute()
    return seqs
  }
}

/** Their vectors go with the rows (`on delete cascade`). @returns the seqs that were removed, rising. */
export async function removeChunksOf(database: Kysely<Schema>, documentId: string): Promise<number[]> {
  const rows = await database
    .selectFrom('chunks')
    .select('seq')
    .where('document_id', '=', documentId)
    .orderBy('seq')
    .execute()
  await database
    .deleteFrom('chunk_words')
    .where('rowid', 'in', (chunks) => chunks.selectFrom('chunks').select('seq').where('document_id', '=', documentId))
    .execute()
  await database.deleteFrom('chunks').where('document_id', '=', documentId).execute()
  return rows.map((row) => row.seq)
}

/** A copy: a vector is often a view into a batch, and the whole batch would travel to the thread with each of its rows. */
function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.slice().buffer)
}
