/**
 * retrieve/: enters a question, leave the passages that could answer it, best first. Called by answer/.
 *
 * The question is searched twice, by meaning (embedding and vector index) and by words (BM25), and the two lists are
 * fused into one score. Everything a passage shows is read from the store afterwards, so that a chunk which was replaced or
 * deleted a moment ago is left out, whatever the index said.
 */
import { type DocumentFilter, isEmptyFilter, type Passage } from '../domain.js'
import { DocentError } from '../errors.js'
import type { VectorHit, VectorIndex } from '../index/vector-index.js'
import type { Reader } from '../store/store.js'
import { type Fused, fuse, LEXICAL_WEIGHT } from './fusion.js'
import { DistinctPassages } from './near-duplicates.js'

/** How many chunks each search brings to the fusion: a passage that both find low can still rise above one that one finds. */
const SEARCH_DEPTH = 50

/** What the passages of a question depend on, beside embedder and index: calibrations are keyed by it. */
export const RETRIEVAL_SETTINGS = {
  fusion: 'cosine + weighted BM25 / sqrt(best)',
  lexicalWeight: LEXICAL_WEIGHT,
  searchDepth: SEARCH_DEPTH,
} as const

/** What retrieval needs of an embedder: one unit vector for each text. */
export interface QueryEmbedder {
  embed(texts: string[], options: { priority: 'interactive' | 'bulk' }): Promise<Float32Array[]>
}

export interface RetrieveOptions {
  /** Empty: all collections. */
  readonly collectionIds: readonly string[]
  readonly filter: DocumentFilter
  readonly topK: number
  /** Passages of one document at most, while others have any to take their places; no limit unless told. */
  readonly perDocument?: number | undefined
}

export interface Retrieval {
  readonly passages: Passage[]
  readonly embedMs: number
  /** Everything but the embedding. */
  readonly retrieveMs: number
}

export class Retriever {
  readonly #reader: Reader
  readonly #index: VectorIndex
  readonly #embedder: QueryEmbedder

  constructor({ reader, index, embedder }: { reader: Reader; index: VectorIndex; embedder: QueryEmbedder }) {
    this.#reader = reader
    this.#index = index
    this.#embedder = embedder
  }

  /** At most `topK` passages. @throws COLLECTION_NOT_FOUND, INVALID_INPUT for a `topK` or `perDocument` below 1. */
  async retrieve(query: string, options: RetrieveOptions): Promise<Retrieval> {
    const { collectionIds, filter, topK, perDocument } = options
    requireCount('topK', topK)
    if (perDocument !== undefined) requireCount('perDocument', perDocument)
    const startedAt = performance.now()
    const collections = await this.#collections(collectionIds)
    const limit = Math.max(SEARCH_DEPTH, topK)
    const embeddingAt = performance.now()
    const [vector] = await this.#embedder.embed([query], { priority: 'interactive' })
    const embedMs = performance.now() - embeddingAt
    if (!vector) throw new DocentError('INTERNAL', 'the embedder returned no vector')
    const [dense, lexical] = await Promise.all([
      this.#searchDense(vector, collections, filter, limit),
      this.#reader.chunks.searchLexical(query, { collectionIds, filter, limit }),
    ])
    const fused = fuse({ hits: dense, limit }, { hits: lexical, limit })
    const passages = await this.#toPassages(fused, topK, perDocument ?? Number.POSITIVE_INFINITY)
    return { passages, embedMs, retrieveMs: performance.now() - startedAt - embedMs }
  }

  async #collections(collectionIds: readonly string[]): Promise<readonly string[]> {
    const all = (await this.#reader.collections.all()).map(({ id }) => id)
    if (collectionIds.length === 0) return all
    const unknown = collectionIds.find((id) => !all.includes(id))
    if (unknown !== undefined) throw new DocentError('COLLECTION_NOT_FOUND', `there is no collection ${unknown}`)
    return [...new Set(collectionIds)]
  }

  async #searchDense(
    vector: Float32Array,
    collections: readonly string[],
    filter: DocumentFilter,
    limit: number,
  ): Promise<VectorHit[]> {
    const hits = await Promise.all(
      collections.map(async (collectionId) => {
        const allowed = isEmptyFilter(filter) ? undefined : await this.#reader.chunks.liveSeqs(collectionId, filter)
        return this.#index.search(collectionId, vector, limit, allowed)
      }),
    )
    return hits
      .flat()
      .sort((a, b) => b.score - a.score || a.seq - b.seq)
      .slice(0, limit)
  }

  async #toPassages(fused: readonly Fused[], topK: number, perDocument: number): Promise<Passage[]> {
    const { chunks, documents } = this.#reader
    const live = new Map((await chunks.bySeq(fused.map(({ seq }) => seq))).map((chunk) => [chunk.seq, chunk]))
    const passages = new DistinctPassages()
    const surplus: Passage[] = []
    // A document may be deleted between two reads, or say what one above it says: then the next passage moves up.
    for (let at = 0; passages.count < topK && at < fused.length; ) {
      const candidates = fused.slice(at, at + topK - passages.count)
      at += candidates.length
      const found = await Promise.all(
        candidates.map(async ({ seq, dense, lexical, score }): Promise<Passage[]> => {
          const chunk = live.get(seq)
          if (!chunk) return []
          const [document, text] = await Promise.all([
            documents.get(chunk.documentId),
            documents.slice(chunk.documentId, chunk.version, chunk.start, chunk.end),
          ])
          if (!document || text === undefined) return []
          const ranks = { denseRank: dense?.rank ?? null, lexicalRank: lexical?.rank ?? null }
          const scores = { denseScore: dense?.score ?? null, lexicalScore: lexical?.score ?? null }
          return [{ chunk, documentTitle: document.title, text, ...ranks, ...scores, score, duplicates: [] }]
        }),
      )
      for (const passage of found.flat()) {
        if (passages.countOf(passage.chunk.documentId) < perDocument) passages.add(passage)
        else surplus.push(passage)
      }
    }
    // Nobody gains from an empty place.
    for (const passage of surplus) if (passages.count < topK) passages.add(passage)
    return passages.passages().sort((a, b) => b.score - a.score)
  }
}

function requireCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new DocentError('INVALID_INPUT', `${name}: ${count} is not a whole number above 0`)
}
