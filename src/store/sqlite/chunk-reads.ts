import { type Kysely, sql } from 'kysely'
import type { Chunk, DocumentFilter } from '../../domain.js'
import type { ChunkReader, LexicalHit } from '../store.js'
import { documentCondition } from './document-filter.js'
import { matchedTerms, searchLexical } from './lexical.js'
import { oneOf } from './one-of.js'
import { type ChunkRow, fromJson, type Schema } from './schema.js'

/** 1.5 MB of vectors: no answer of the thread holds the whole of a book. */
const KEYS_PER_QUERY = 1000

export class ChunkReads implements ChunkReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async bySeq(seqs: readonly number[]): Promise<Chunk[]> {
    const rows = await this.database.selectFrom('chunks').selectAll().where('seq', 'in', oneOf(seqs)).execute()
    const found = new Map(rows.map((row) => [row.seq, fromRow(row)]))
    return seqs.flatMap((seq) => found.get(seq) ?? [])
  }

  async ofDocument(documentId: string): Promise<Chunk[]> {
    const rows = await this.database
      .selectFrom('chunks')
      .selectAll()
      .where('document_id', '=', documentId)
      .orderBy('ordinal')
      .execute()
    return rows.map(fromRow)
  }

  async vectorsAfter(
    embedderId: number,
    collectionId: string,
    afterSeq: number,
    limit: number,
  ): Promise<{ seq: number; vector: Float32Array }[]> {
    const rows = await this.database
      .selectFrom('chunks')
      .innerJoin('chunk_vectors', 'chunk_vectors.seq', 'chunks.seq')
      .select(['chunks.seq', 'chunk_vectors.vector'])
      .where('chunk_vectors.embedder_id', '=', embedderId)
      .where('chunks.collection_id', '=', collectionId)
      .where('chunks.seq', '>', afterSeq)
      .orderBy('chunks.seq')
      .limit(limit)
      .execute()
    return rows.map(({ seq, vector }) => ({ seq, vector: fromBytes(vector) }))
  }

  async vectorsOf(embedderId: number, seqs: readonly number[]): Promise<{ seq: number; vector: Float32Array }[]> {
    const rows = await this.database
      .selectFrom('chunk_vectors')
      .select(['seq', 'vector'])
      .where('embedder_id', '=', embedderId)
      .where('seq', 'in', oneOf(seqs))
      .orderBy('seq')
      .execute()
    return rows.map(({ seq, vector }) => ({ seq, vector: fromBytes(vector) }))
  }

  async vectorsByKey(collectionId: string, keys: readonly string[]): Promise<ReadonlyMap<string, Float32Array>> {
    const found = new Map<string, Float32Array>()
    for (let at = 0; at < keys.length; at += KEYS_PER_QUERY) {
      const rows = await this.database
        .selectFrom('chunk_vectors')
        .select(['embedding_key', 'vector'])
        .where('embedding_key', 'in', oneOf(keys.slice(at, at + KEYS_PER_QUERY)))
        // A join would read the whole collection for a bloom filter first.
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom('chunks')
              .select('chunks.seq')
              .whereRef('chunks.seq', '=', 'chunk_vectors.seq')
              .where('chunks.collection_id', '=', collectionId),
          ),
        )
        .execute()
      for (const { embedding_key: key, vector } of rows) if (key !== null) found.set(key, fromBytes(vector))
    }
    return found
  }

  async withoutVector(embedderId: number, afterSeq: number, limit: number, collectionId?: string): Promise<Chunk[]> {
    let query = this.database
      .selectFrom('chunks')
      .selectAll()
      .where('seq', '>', afterSeq)
      .where(lacksVectorOf(embedderId))
    if (collectionId !== undefined) query = query.where('collection_id', '=', collectionId)
    const rows = await query.orderBy('seq').limit(limit).execute()
    return rows.map(fromRow)
  }

  async countWithoutVector(embedderId: number): Promise<number> {
    const counted = await this.database
      .selectFrom('chunks')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where(lacksVectorOf(embedderId))
      .executeTakeFirstOrThrow()
    return counted.count
  }

  async hasOtherVectors(embedderId: number): Promise<boolean> {
    const row = await this.database
      .selectFrom('chunk_vectors')
      .select('seq')
      .where('embedder_id', '!=', embedderId)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  async liveSeqs(collectionId: string, filter: DocumentFilter = {}): Promise<Float64Array> {
    const condition = documentCondition(filter)
    const { rows } = await sql<{ seq: number }>`
      select seq from chunks
      where collection_id = ${collectionId}
      ${condition ? sql`and document_id in (select id from documents where ${condition})` : sql``}
      order by seq`.execute(this.database)
    return Float64Array.from(rows, (row) => row.seq)
  }

  async count(collectionId?: string): Promise<number> {
    let query = this.database.selectFrom('chunks').select(({ fn }) => fn.countAll<number>().as('count'))
    if (collectionId !== undefined) query = query.where('collection_id', '=', collectionId)
    return (await query.executeTakeFirstOrThrow()).count
  }

  searchLexical(
    query: string,
    options: { collectionIds: readonly string[]; filter: DocumentFilter; limit: number },
  ): Promise<LexicalHit[]> {
    return searchLexical(this.database, query, options)
  }

  matchedTerms(query: string, seq: number): Promise<string[]> {
    return matchedTerms(this.database, query, seq)
  }
}

const lacksVectorOf = (embedderId: number) =>
  sql<boolean>`not exists (
    select 1 from chunk_vectors where chunk_vectors.seq = chunks.seq and chunk_vectors.embedder_id = ${embedderId}
  )`

function fromRow(row: Omit<ChunkRow, 'seq'> & { seq: number }): Chunk {
  return {
    seq: row.seq,
    documentId: row.document_id,
    version: row.version,
    collectionId: row.collection_id,
    ordinal: row.ordinal,
    start: row.start,
    end: row.end,
    tokenCount: row.token_count,
    headingPath: fromJson(row.heading_path),
    tableHeader: row.table_header,
  }
}

/** The bytes of a blob have a buffer of their own (database-thread.ts), so the floats in it lie aligned. */
function fromBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT)
}
