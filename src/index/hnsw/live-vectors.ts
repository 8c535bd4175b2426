/** What a collection is searched in: the base with its removed points marked, and the rows after it. */
import type hnswlib from 'hnswlib-node'
import type { EmbedderRecord, IndexBase } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { VectorHit } from '../vector-index.js'
import { type BaseManifest, checkBase } from './base-folder.js'
import { contains, ExactRows, Nearest } from './exact.js'
import { openGraph } from './files.js'

export interface Sizes {
  /** Points of the base, removed ones included. */
  readonly base: number
  readonly baseRemoved: number
  readonly tail: number
}

export class LiveVectors {
  readonly #embedder: Pick<EmbedderRecord, 'name' | 'dimensions'>
  readonly #tail: ExactRows
  #base: hnswlib.HierarchicalNSW | undefined
  #manifest: BaseManifest | undefined
  /** Points of the base that are still alive. */
  #baseLive = new Set<number>()
  readonly #removedEarly: Set<number>

  /** @param removedEarly seqs that were removed before they were added, since the two calls may come in the other order */
  constructor(embedder: Pick<EmbedderRecord, 'name' | 'dimensions'>, removedEarly: Set<number>) {
    this.#embedder = embedder
    this.#removedEarly = removedEarly
    this.#tail = new ExactRows(embedder.dimensions)
  }

  get sizes(): Sizes {
    const base = this.#manifest?.count ?? 0
    return { base, baseRemoved: base - this.#baseLive.size, tail: this.#tail.size }
  }

  /**
   * @param live seqs that the store holds, rising
   * @throws INDEX_CORRUPT when the base is not what it should be, or lacks a live chunk that it should hold.
   */
  loadBase(folder: string, row: Pick<IndexBase, 'lastSeq' | 'count'>, live: Float64Array): BaseManifest {
    const manifest = checkBase(folder, row, this.#embedder)
    const base = openGraph(folder, manifest)
    const expectedLive = new Set(live.filter((seq) => seq <= manifest.lastSeq))
    let held = 0
    for (const seq of base.getIdsList()) {
      if (expectedLive.has(seq)) held++
      else base.markDelete(seq)
    }
    if (held !== expectedLive.size) {
      throw new DocentError('INDEX_CORRUPT', `${folder} lacks ${expectedLive.size - held} chunks of the store`)
    }
    this.#base = base
    this.#manifest = manifest
    this.#baseLive = expectedLive
    return manifest
  }

  add(seqs: Float64Array, matrix: Float32Array): void {
    const { dimensions } = this.#embedder
    seqs.forEach((seq, row) => {
      if (seq <= (this.#manifest?.lastSeq ?? 0) || this.#removedEarly.delete(seq)) return
      this.#tail.add(seq, matrix.subarray(row * dimensions, (row + 1) * dimensions))
    })
  }

  remove(seqs: readonly number[]): void {
    for (const seq of seqs) {
      if (this.#baseLive.delete(seq)) this.#base?.markDelete(seq)
      else if (!this.#tail.remove(seq) && seq > (this.#manifest?.lastSeq ?? 0)) this.#removedEarly.add(seq)
    }
  }

  search(vector: Float32Array, k: number, allowed: Float64Array | undefined): VectorHit[] {
    const nearest = new Nearest(k)
    const isAllowed = allowed ? (seq: number) => contains(allowed, seq) : () => true
    this.#tail.search(vector, nearest, isAllowed)
    const fromBase = Math.min(k, this.#baseLive.size)
    if (this.#base && fromBase > 0) {
      const { neighbors, distances } = this.#base.searchKnn(
        Array.from(vector),
        fromBase,
        allowed ? isAllowed : undefined,
      )
      neighbors.forEach((seq, index) => {
        nearest.offer(seq, 1 - (distances[index] as number))
      })
    }
    return nearest.hits
  }
}
