import type { Kysely } from 'kysely'
import type { DocumentVersion } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { ChunkWriter, EmbeddedChunk } from '../store.js'
import { ChunkReads } from './chunk-reads.js'
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
  ): Promise<{ added: number[]; removed: number[] }> {
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
    return { added, removed }
  }

  removeOfDocument(documentId: string): Promise<number[]> {
    return removeChunksOf(this.database, documentId)
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
          embedding_key: chunk.embeddingKey,
        })),
      )
      .returning(['seq', 'ordinal'])
      .execute()
    // SQL does not promise that returned rows come in the order of the inserted ones.
    const seqs = new Array<number>(chunks.length)
    for (const { seq, ordinal } of rows) seqs[ordinal - firstOrdinal] = seq
    const labelled = chunks.map((chunk, index) => ({ chunk, seq: seqs[index] as number }))
    await this.database
      .insertInto('chunk_vectors')
      .values(labelled.map(({ chunk, seq }) => ({ seq, vector: toBytes(chunk.vector) })))
      .execute()
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
