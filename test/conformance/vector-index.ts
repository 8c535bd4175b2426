/** What every VectorIndex must do, over a real store. `open` gives an index of the vectors of an embedder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EmbedderRecord } from '../../src/domain.js'
import type { VectorHit, VectorIndex } from '../../src/index/vector-index.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import type { Store } from '../../src/store/store.js'
import { addCollection, addDocument, chunksOf, EMBEDDER_ID, embedderRow, unitVector } from './rows.js'

export const INDEX_DIMENSIONS = 16
/** Every merge starts a thread; on a busy machine that adds up. */
const SEQUENCES_TIMEOUT_MS = 240_000

export type IndexedEmbedder = Pick<EmbedderRecord, 'id' | 'name' | 'dimensions'>
export const INDEX_EMBEDDER: IndexedEmbedder = { id: EMBEDDER_ID, name: 'embedder-1', dimensions: INDEX_DIMENSIONS }

export interface OpenedIndex {
  readonly index: VectorIndex
  /** Resolves when nothing is done in the background any more. */
  settle(): Promise<void>
}

let nextSeed = 1
/** A vector that no other call has returned. */
export const newVector = (): Float32Array => unitVector(nextSeed++, INDEX_DIMENSIONS)

/** Stores a document with these vectors as its chunks and tells the index. */
export async function addVectors(
  { store, index }: { store: Store; index?: VectorIndex },
  collectionId: string,
  vectors: readonly Float32Array[],
): Promise<{ documentId: string; seqs: readonly number[] }> {
  const pieces = vectors.map((_, at) => `piece ${at} `)
  const chunks = chunksOf(pieces, (at) => vectors[at] as Float32Array)
  const { document, seqs } = await store.transact((transactor) =>
    addDocument(transactor, collectionId, pieces, {}, chunks),
  )
  const added = seqs.map((seq, at) => ({ seq, vector: vectors[at] as Float32Array }))
  await index?.apply(collectionId, { added, removed: [] })
  return { documentId: document.id, seqs }
}

export async function removeVectors(
  { store, index }: { store: Store; index?: VectorIndex },
  collectionId: string,
  documentId: string,
): Promise<void> {
  const removed = await store.transact(({ documents }) => documents.remove(documentId))
  await index?.apply(collectionId, { added: [], removed })
}

/** The nearest by the plainest means, from what the store holds. */
export async function bruteForce(
  store: Store,
  collectionId: string,
  query: Float32Array,
  k: number,
  allowed?: ReadonlySet<number>,
  embedderId = EMBEDDER_ID,
): Promise<VectorHit[]> {
  const rows = await store.reader.chunks.vectorsAfter(embedderId, collectionId, 0, 1_000_000)
  return rows
    .filter(({ seq }) => !allowed || allowed.has(seq))
    .map(({ seq, vector }) => ({ seq, score: vector.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0) }))
    .sort((a, b) => b.score - a.score || a.seq - b.seq)
    .slice(0, k)
}

/** The same seqs in the same order, and scores that differ by no more than float32 sums do. */
export function expectSameHits(found: readonly VectorHit[], expected: readonly VectorHit[]): void {
  expect(found.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq))
  found.forEach(({ score }, at) => {
    expect(score).toBeCloseTo(expected[at]?.score ?? Number.NaN, 5)
  })
}

export function describeVectorIndex(
  name: string,
  open: (context: { store: Store; indexDir: string; embedder: IndexedEmbedder }) => OpenedIndex,
): void {
  describe(`the vector index contract on ${name}`, () => {
    let folder: string
    let store: Store
    let collectionId: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'docent-index-'))
      store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log: createLogger('silent') })
    })
    afterAll(async () => {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    })
    beforeEach(async () => {
      collectionId = (await addCollection(store)).id
    })

    const opened = (embedder = INDEX_EMBEDDER) => open({ store, indexDir: join(folder, 'indexes'), embedder })
    const expectExact = async (index: VectorIndex, k = 10) => {
      const query = newVector()
      expectSameHits(await index.search(collectionId, query, k), await bruteForce(store, collectionId, query, k))
    }

    it('finds nothing in an empty collection', async () => {
      const { index } = opened()
      await using _ = index
      expect(await index.search(collectionId, newVector(), 10)).toEqual([])
      expect(await index.verify(collectionId)).toEqual({ live: 0, base: 0, recallAt10: 1 })
      await index.rebuild(collectionId)
      expect(await index.search(collectionId, newVector(), 10)).toEqual([])
    })

    it('finds what was added, by cosine, the moment it is applied, and not what was removed', async () => {
      const { index } = opened()
      await using _ = index
      const vectors = Array.from({ length: 40 }, newVector)
      const { documentId, seqs } = await addVectors({ store, index }, collectionId, vectors)
      const found = await index.search(collectionId, vectors[3] as Float32Array, 1)
      expect(found).toEqual([{ seq: seqs[3], score: expect.closeTo(1, 5) }])
      await expectExact(index)
      await addVectors({ store, index }, collectionId, [newVector()])
      await expectExact(index, 100)
      await removeVectors({ store, index }, collectionId, documentId)
      await expectExact(index, 100)
    })

    it('keeps collections apart', async () => {
      const { index } = opened()
      await using _ = index
      const other = await addCollection(store)
      await addVectors({ store, index }, collectionId, [newVector(), newVector()])
      await addVectors({ store, index }, other.id, [newVector()])
      await expectExact(index)
      expect(await index.search(other.id, newVector(), 10)).toHaveLength(1)
    })

    it('finds only what is allowed, be that little or much', async () => {
      const { index, settle } = opened()
      await using _ = index
      const { seqs } = await addVectors({ store, index }, collectionId, Array.from({ length: 120 }, newVector))
      await settle()
      await addVectors({ store, index }, collectionId, Array.from({ length: 10 }, newVector))
      for (const modulus of [1, 2, 40, 1000]) {
        const allowed = Float64Array.from(seqs.filter((_, at) => at % modulus === 1 % modulus))
        const query = newVector()
        const found = await index.search(collectionId, query, 5, allowed)
        expectSameHits(found, await bruteForce(store, collectionId, query, 5, new Set(allowed)))
      }
      expect(await index.search(collectionId, newVector(), 5, new Float64Array(0))).toEqual([])
    })

    it('bears repeated changes and changes that are told in another order', async () => {
      const { index } = opened()
      await using _ = index
      await index.search(collectionId, newVector(), 1)
      const vectors = [newVector(), newVector()]
      const { documentId, seqs } = await addVectors({ store }, collectionId, vectors)
      const added = seqs.map((seq, at) => ({ seq, vector: vectors[at] as Float32Array }))
      for (let i = 0; i < 2; i++) await index.apply(collectionId, { added, removed: [] })
      await expectExact(index)

      const late = [newVector()]
      const second = await addVectors({ store }, collectionId, late)
      await removeVectors({ store, index }, collectionId, second.documentId)
      await index.apply(collectionId, {
        added: [{ seq: second.seqs[0] as number, vector: late[0] as Float32Array }],
        removed: [],
      })
      await expectExact(index)
      for (let i = 0; i < 2; i++) await removeVectors({ store, index }, collectionId, documentId)
      await index.apply(collectionId, { added: [], removed: [...seqs] })
      expect(await index.search(collectionId, newVector(), 10)).toEqual([])
    })

    it('finds everything that the store holds when it is opened again', async () => {
      {
        const { index } = opened()
        await using _ = index
        await addVectors({ store, index }, collectionId, Array.from({ length: 60 }, newVector))
      }
      await addVectors({ store }, collectionId, [newVector(), newVector()])
      const { index } = opened()
      await using _ = index
      await expectExact(index, 100)
    })

    it('searches the vectors of its own embedder, of another length beside those of the one that serves', async () => {
      const { index, settle } = opened()
      await using _ = index
      const { documentId, seqs } = await addVectors(
        { store, index },
        collectionId,
        Array.from({ length: 60 }, newVector),
      )
      const dimensions = 5
      const name = `embedder of ${collectionId}`
      const next = await store.transact(({ embedders }) => embedders.insert(embedderRow({ name, dimensions })))
      const vectors = seqs.map((seq) => ({ seq, vector: unitVector(seq, dimensions), embeddingKey: null }))
      await store.transact(({ chunks }) => chunks.addVectors(next, vectors.slice(0, 50)))
      const other = opened(next)
      await using __ = other.index
      await other.index.prepare(collectionId)
      await store.transact(({ chunks }) => chunks.addVectors(next, vectors.slice(50)))
      await other.index.apply(collectionId, { added: vectors.slice(50), removed: [] })
      await other.settle()
      await settle()
      await expectExact(index)
      const expectOther = async () => {
        const query = unitVector(nextSeed++, dimensions)
        const expected = await bruteForce(store, collectionId, query, 10, undefined, next.id)
        expectSameHits(await other.index.search(collectionId, query, 10), expected)
        const allowed = Float64Array.from(seqs.slice(0, 2))
        const narrowed = await bruteForce(store, collectionId, query, 10, new Set(allowed), next.id)
        expectSameHits(await other.index.search(collectionId, query, 10, allowed), narrowed)
      }
      await expectOther()
      expect(await other.index.verify(collectionId)).toMatchObject({ live: 60, recallAt10: 1 })
      await other.index.rebuild(collectionId)
      await expectOther()
      await removeVectors({ store, index: other.index }, collectionId, documentId)
      expect(await other.index.search(collectionId, unitVector(nextSeed++, dimensions), 10)).toEqual([])
    })

    it('is ready, and right, where the first chunks have no vector of its embedder yet', async () => {
      const { seqs } = await addVectors({ store }, collectionId, Array.from({ length: 40 }, newVector))
      const name = `embedder of ${collectionId}`
      const next = await store.transact(({ embedders }) => embedders.insert(embedderRow({ name, dimensions: 5 })))
      const vectors = seqs.map((seq) => ({ seq, vector: unitVector(seq, 5), embeddingKey: null }))
      await store.transact(({ chunks }) => chunks.addVectors(next, vectors.slice(3)))
      const { index, settle } = opened(next)
      await using _ = index
      await index.prepare(collectionId)
      const expectAll = async () => {
        const query = unitVector(nextSeed++, 5)
        const expected = await bruteForce(store, collectionId, query, 50, undefined, next.id)
        expectSameHits(await index.search(collectionId, query, 50), expected)
      }
      await expectAll()
      await store.transact(({ chunks }) => chunks.addVectors(next, vectors.slice(0, 3)))
      await index.apply(collectionId, { added: vectors.slice(0, 3), removed: [] })
      await settle()
      await expectAll()
    })

    it('answers while it is rebuilt, and reports what it holds', async () => {
      const { index } = opened()
      await using _ = index
      const { documentId } = await addVectors({ store, index }, collectionId, Array.from({ length: 30 }, newVector))
      await addVectors({ store, index }, collectionId, Array.from({ length: 50 }, newVector))
      const rebuilt = index.rebuild(collectionId)
      await expectExact(index)
      await removeVectors({ store, index }, collectionId, documentId)
      await addVectors({ store, index }, collectionId, Array.from({ length: 5 }, newVector))
      await expectExact(index)
      await rebuilt
      await expectExact(index)
      expect(await index.verify(collectionId)).toMatchObject({ live: 55, recallAt10: 1 })
    })

    it(
      'equals an exact search after any sequence of changes, merges and openings',
      async () => {
        type Step =
          | { do: 'add'; count: number }
          | { do: 'remove'; which: number }
          | { do: 'settle' | 'rebuild' | 'reopen' }
        const step: fc.Arbitrary<Step> = fc.oneof(
          {
            weight: 4,
            arbitrary: fc.record({ do: fc.constant('add' as const), count: fc.integer({ min: 1, max: 12 }) }),
          },
          { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(50) }) },
          { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'settle' }, { do: 'rebuild' }, { do: 'reopen' }) },
        )
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
            collectionId = (await addCollection(store)).id
            const documentIds: string[] = []
            let current = opened()
            try {
              for (const one of steps) {
                const { index } = current
                if (one.do === 'add') {
                  const vectors = Array.from({ length: one.count }, newVector)
                  documentIds.push((await addVectors({ store, index }, collectionId, vectors)).documentId)
                } else if (one.do === 'remove') {
                  const [documentId] = documentIds.splice(one.which % Math.max(1, documentIds.length), 1)
                  if (documentId) await removeVectors({ store, index }, collectionId, documentId)
                } else if (one.do === 'settle') await current.settle()
                else if (one.do === 'rebuild') await index.rebuild(collectionId)
                else {
                  await index[Symbol.asyncDispose]()
                  current = opened()
                }
                await expectExact(current.index, 20)
              }
            } finally {
              await current.index[Symbol.asyncDispose]()
            }
          }),
          { numRuns: 8 },
        )
      },
      SEQUENCES_TIMEOUT_MS,
    )
  })
}
