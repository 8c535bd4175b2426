/**
 * Thread program: holds what every collection is searched in. A collection is made ready beside the one that serves
 * (begin, loadBase, apply to `next`) and put in its place at once (commit).
 */
import type { EmbedderRecord } from '../../domain.js'
import { serveThread } from '../../thread.js'
import type { VectorHit } from '../vector-index.js'
import type { BaseManifest } from './base-folder.js'
import { LiveVectors, type Sizes } from './live-vectors.js'

export interface SearchThreadData {
  readonly embedder: Pick<EmbedderRecord, 'name' | 'dimensions'>
}

/** Vectors as one matrix, row by row: one buffer to move between threads. */
export interface VectorRows {
  readonly seqs: Float64Array
  readonly matrix: Float32Array
}

serveThread<SearchThreadData>(({ embedder }) => {
  const serving = new Map<string, LiveVectors>()
  const next = new Map<string, LiveVectors>()
  const removedEarly = new Map<string, Set<number>>()
  const get = (from: Map<string, LiveVectors>, collectionId: string) => {
    const vectors = from.get(collectionId)
    if (!vectors) throw new Error(`collection ${collectionId} is not loaded`)
    return vectors
  }

  return {
    handlers: {
      begin: ({ collectionId }: { collectionId: string }) => {
        const early = removedEarly.get(collectionId) ?? new Set()
        removedEarly.set(collectionId, early)
        next.set(collectionId, new LiveVectors(embedder, early))
      },
      loadBase: (request: {
        collectionId: string
        folder: string
        lastSeq: number
        count: number
        live: Float64Array
      }): BaseManifest => get(next, request.collectionId).loadBase(request.folder, request, request.live),
      replay: ({ collectionId, rows }: { collectionId: string; rows: VectorRows }) => {
        get(next, collectionId).add(rows.seqs, rows.matrix)
      },
      commit: ({ collectionId }: { collectionId: string }): Sizes => {
        const ready = get(next, collectionId)
        serving.set(collectionId, ready)
        next.delete(collectionId)
        return ready.sizes
      },
      apply: (request: { collectionId: string; added: VectorRows; removed: readonly number[] }): Sizes => {
        const vectors = get(serving, request.collectionId)
        vectors.add(request.added.seqs, request.added.matrix)
        vectors.remove(request.removed)
        return vectors.sizes
      },
      search: (request: {
        collectionId: string
        vector: Float32Array
        k: number
        allowed?: Float64Array
      }): VectorHit[] => get(serving, request.collectionId).search(request.vector, request.k, request.allowed),
    },
  }
})
