/**
 * retrieve/: enters a question, leaves the passages that could answer it, with the scores they were chosen by. Two rankings,
 * dense (what means the same) and lexical (what says the same), fused by rank. Called by answer/.
 */
import type { Chunk, DocumentFilter, Passage } from '../domain.js'
import type { VectorIndex } from '../index/vector-index.js'
import type { Reader } from '../store/store.js'
import { fuseRankings } from './fusion.js'

/** Chunks taken of each ranking before fusion: what one ranking has at 40 and the other at 2 should have its chance. */
export const RANKING_DEPTH = 50

export interface QueryEmbedder {
  embed(texts: readonly string[], options: { readonly priority: 'interactive' }): Promise<Float32Array[]>
}

export interface RetrieveOptions {
  /** Ids; empty: all collections. */
  readonly collectionIds: readonly string[]
  readonly filter: DocumentFilter
  /** Passages at most. */
  readonly topK: number
}

export interface Retrieved {
  /** Best first. */
  readonly passages: Passage[]
  readonly embedMs: number
  readonly retrieveMs: number
}

interface Scored {
  readonly seq: number
  readonly score: number
}

export class Retriever {
  readonly #reader: Reader
  readonly #index: Pick<VectorIndex, 'search'>
  readonly #embedder: QueryEmbedder

  constructor(options: { reader: Reader; index: Pick<VectorIndex, 'search'>; embedder: QueryEmbedder }) {
    this.#reader = options.reader
    this.#index = options.index
    this.#embedder = options.embedder
  }

  async retrieve(query: string, options: RetrieveOptions): Promise<Retrieved> {
    const startedAt = performance.now()
    const { collectionIds, filter, topK } = options
    const depth = Math.max(RANKING_DEPTH, topK)
    const lexicalHits = this.#reader.chunks.searchLexical(query, { collectionIds, filter, limit: depth })
    const embedding = this.#embedder.embed([query], { priority: 'interactive' })
    const [[vector]] = (await Promise.all([embedding, lexicalHits])) as [[Float32Array], unknown]
    const embeddedAt = performance.now()
    const dense = await this.#searchDense(vector, collectionIds, filter, depth)
    const passages = await this.#toPassages(dense, await lexicalHits, topK)
    return { passages, embedMs: embeddedAt - startedAt, retrieveMs: performance.now() - embeddedAt }
  }

  /** Each collection has an index of its own; their cosines compare. */
  async #searchDense(
    vector: Float32Array,
    collectionIds: readonly string[],
    filter: DocumentFilter,
    depth: number,
  ): Promise<Scored[]> {
    const ids =
      collectionIds.length > 0
        ? collectionIds
        : (await this.#reader.collections.all()).map((collection) => collection.id)
    const ofCollection = async (id: string) => {
      const allowed = filter.documentIds ? await this.#reader.chunks.liveSeqs(id, filter) : undefined
      return this.#index.search(id, vector, depth, allowed)
    }
    const hits = (await Promise.all(ids.map(ofCollection))).flat()
    return hits.sort((left, right) => right.score - left.score || left.seq - right.seq).slice(0, depth)
  }

  async #toPassages(dense: readonly Scored[], lexical: readonly Scored[], topK: number): Promise<Passage[]> {
    const fused = fuseRankings([dense, lexical].map((ranking) => ranking.map(({ seq }) => seq)))
    const [ranksOfDense, ranksOfLexical] = [rankOf(dense), rankOf(lexical)]
    const scores = new Map(fused.map(({ seq, score }) => [seq, score]))
    // A chunk may be gone by now (its document was deleted or replaced): ask for all, keep the first that are there.
    const chunks = await this.#reader.chunks.bySeq(fused.map(({ seq }) => seq))
    const passages: Passage[] = []
    for (const chunk of chunks) {
      if (passages.length === topK) break
      const shown = await this.#textOf(chunk)
      if (!shown) continue
      passages.push({
        chunk,
        ...shown,
        denseRank: ranksOfDense.get(chunk.seq)?.rank ?? null,
        denseScore: ranksOfDense.get(chunk.seq)?.score ?? null,
        lexicalRank: ranksOfLexical.get(chunk.seq)?.rank ?? null,
        lexicalScore: ranksOfLexical.get(chunk.seq)?.score ?? null,
        score: scores.get(chunk.seq) as number,
      })
    }
    return passages
  }

  /** Undefined when the document was deleted meanwhile. */
  async #textOf(chunk: Chunk): Promise<{ documentTitle: string; text: string } | undefined> {
    const [document, text] = await Promise.all([
      this.#reader.documents.get(chunk.documentId),
      this.#reader.documents.slice(chunk.documentId, chunk.version, chunk.start, chunk.end),
    ])
    return document && text !== undefined ? { documentTitle: document.title, text } : undefined
  }
}

function rankOf(ranking: readonly Scored[]): Map<number, { rank: number; score: number }> {
  return new Map(ranking.map(({ seq, score }, index) => [seq, { rank: index + 1, score }]))
}
