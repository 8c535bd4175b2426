import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MergeStep } from '../../src/index/hnsw/base-builder.js'
import { HnswIndex } from '../../src/index/hnsw/hnsw-index.js'
import { HNSW_SETTINGS, type HnswSettings } from '../../src/index/hnsw/settings.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import type { Store } from '../../src/store/store.js'
import { addCollection } from '../conformance/rows.js'
import {
  addVectors,
  bruteForce,
  describeVectorIndex,
  expectSameHits,
  INDEX_DIMENSIONS,
  INDEX_EMBEDDER,
  type IndexedEmbedder,
  newVector,
  removeVectors,
} from '../conformance/vector-index.js'

const log = createLogger('silent')
const mergingProcess = fileURLToPath(new URL('merging-process.mjs', import.meta.url))

/** Small collections get a base too, which is merged often; and the graph is asked even where little is allowed. */
const EAGER: HnswSettings = { ...HNSW_SETTINGS, exactUpTo: 8, exactAllowedUpTo: 2 }

const openWith =
  (settings: HnswSettings) =>
  ({ embedder, ...context }: { store: Store; indexDir: string; embedder: IndexedEmbedder }) => {
    const index = new HnswIndex({ ...context, embedder, log, settings })
    return { index, settle: () => index.idle() }
  }

describeVectorIndex('hnswlib, merging often', openWith(EAGER))
describeVectorIndex('hnswlib, as it is set', openWith(HNSW_SETTINGS))

describe('the bases of the hnswlib index', () => {
  let folder: string
  let indexDir: string
  let store: Store
  let collectionId: string
  let index: HnswIndex

  const openStore = async () => {
    store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  }
  const openIndex = () => {
    index = openWith(EAGER)({ store, indexDir, embedder: INDEX_EMBEDDER }).index
  }
  const reopen = async () => {
    await index[Symbol.asyncDispose]()
    openIndex()
  }
  /** @returns the thread that searches */
  const reopenWatched = async (): Promise<Worker> => {
    await index[Symbol.asyncDispose]()
    const started = once(process, 'worker')
    openIndex()
    return (await started)[0]
  }
  const add = (count: number) => addVectors({ store, index }, collectionId, Array.from({ length: count }, newVector))
  const current = () => store.reader.indexBases.current(INDEX_EMBEDDER.id, collectionId)
  const collectionFolder = () => join(indexDir, collectionId, INDEX_EMBEDDER.name)
  const basePath = async (file = '') => join(collectionFolder(), (await current())?.folder ?? 'none', file)
  const expectExact = async () => {
    for (let i = 0; i < 3; i++) {
      const query = newVector()
      expectSameHits(await index.search(collectionId, query, 20), await bruteForce(store, collectionId, query, 20))
    }
  }
  /** The folder of a collection holds its current base and nothing else. */
  const expectTidy = async () => {
    const base = await current()
    expect(await readdir(collectionFolder())).toEqual(base ? [base.folder] : [])
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docent-bases-'))
    indexDir = join(folder, 'indexes')
    await openStore()
    openIndex()
    collectionId = (await addCollection(store)).id
  })
  afterEach(async () => {
    await index[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('has none for a small collection, and one that says what it is for a larger', async () => {
    await add(EAGER.exactUpTo)
    await index.idle()
    expect(await current()).toBeUndefined()
    const { seqs } = await add(20)
    await index.idle()
    expect(await current()).toMatchObject({ lastSeq: seqs.at(-1), count: 28 })
    const manifest = JSON.parse(await readFile(await basePath('manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      formatVersion: 2,
      embedder: INDEX_EMBEDDER.name,
      space: 'ip',
      dimensions: INDEX_DIMENSIONS,
      M: EAGER.M,
      efConstruction: EAGER.efConstruction,
      lastSeq: seqs.at(-1),
      count: 28,
      recallAt10: 1,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await index.verify(collectionId)).toEqual({ live: 28, base: 28, recallAt10: 1 })
    await expectTidy()
  })

  it('is opened again by the next search when the thread that searches has died', async () => {
    const searching = await reopenWatched()
    await add(40)
    await index.idle()
    await add(3) // in the rows after the base

    const cutOff = index.search(collectionId, newVector(), 5)
    const ended = searching.terminate()
    await expect(cutOff).rejects.toMatchObject({ code: 'INDEX_THREAD_ENDED', status: 503 })
    await ended
    await expectExact()
    expect(await index.verify(collectionId)).toMatchObject({ live: 43, base: 40, recallAt10: 1 })
    await add(60)
    await index.idle()
    expect(await current()).toMatchObject({ count: 103 })
    await expectExact()
    await expectTidy()
  })

  it('goes on with a merge that the death of the thread cut off', async () => {
    const searching = await reopenWatched()
    await add(40)
    await searching.terminate()
    await index.idle()
    await expectExact()
    expect(await current()).toMatchObject({ count: 40 })
    await expectTidy()
  })

  it('grows into the next one when the rows after it are many, and keeps those after it when they are few', async () => {
    await add(100)
    await index.idle()
    const first = await current()
    await add(10)
    await index.idle()
    expect(await current()).toEqual(first)
    await expectExact()
    await add(30)
    await index.idle()
    expect(await current()).toMatchObject({ count: 140 })
    await expectExact()
    await expectTidy()
  })

  it('is made anew without what was removed once that is much, and given up when little is left', async () => {
    const first = await add(40)
    await add(60)
    await index.idle()
    await removeVectors({ store, index }, collectionId, first.documentId)
    await index.idle()
    expect(await current()).toMatchObject({ count: 60 })
    await expectExact()
    for (const { id } of (await store.reader.documents.page({ first: 9, status: 'READY' })).items) {
      await removeVectors({ store, index }, collectionId, id)
    }
    await add(3)
    await index.idle()
    expect(await current()).toBeUndefined()
    await expectExact()
    await expectTidy()
  })

  const damages: Record<string, () => Promise<unknown>> = {
    'its folder is gone': async () => rm(await basePath(), { recursive: true }),
    'all indexes are gone': () => rm(indexDir, { recursive: true }),
    'its manifest is gone': async () => rm(await basePath('manifest.json')),
    'its manifest is no JSON': async () => writeFile(await basePath('manifest.json'), '{'),
    'its index is cut short': async () => truncate(await basePath('index.hnsw'), 500),
    'its index has more bytes': async () => appendFile(await basePath('index.hnsw'), 'x'),
    'a byte of its index has changed': async () => {
      const bytes = await readFile(await basePath('index.hnsw'))
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      await writeFile(await basePath('index.hnsw'), bytes)
    },
    'its vectors are of another embedder': async () => {
      const manifest = JSON.parse(await readFile(await basePath('manifest.json'), 'utf8'))
      await writeFile(await basePath('manifest.json'), JSON.stringify({ ...manifest, embedder: 'another' }))
    },
    'it lacks a chunk that the store holds': async () => {
      const base = await current()
      if (base) await store.transact(({ indexBases }) => indexBases.setCurrent({ ...base, lastSeq: base.lastSeq + 3 }))
    },
  }
  for (const [damage, inflict] of Object.entries(damages)) {
    it(`is made again from the store when ${damage}`, async () => {
      await add(50)
      await index.idle()
      await add(3)
      await inflict()
      await reopen()
      await expectExact()
      await index.idle()
      expect(await current()).toMatchObject({ count: 53 })
      await expectExact()
      expect(await index.verify(collectionId)).toMatchObject({ live: 53, base: 53, recallAt10: 1 })
      await expectTidy()
    })
  }

  it('sweeps away what a killed merge left behind', async () => {
    await add(50)
    await index.idle()
    await mkdir(join(collectionFolder(), '.building-left-behind'))
    await writeFile(join(collectionFolder(), '.building-left-behind', 'index.hnsw'), 'half')
    await reopen()
    await expectExact()
    await expectTidy()
  })

  const steps: MergeStep[] = [
    'built',
    'index-written',
    'manifest-written',
    'renamed',
    'current-set',
    'switched',
    'swept',
  ]
  for (const step of steps) {
    it(`is the old one or the new one after a kill at "${step}"`, async () => {
      await add(50)
      await index.idle()
      const before = await current()
      await index[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()

      const child = fork(mergingProcess, [folder, collectionId, step], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const [, signal] = await once(child, 'exit')
      expect(signal).toBe('SIGKILL')

      await openStore()
      openIndex()
      const after = await current()
      const isNew = steps.indexOf(step) >= steps.indexOf('current-set')
      if (isNew) expect(after).toMatchObject({ count: 80 })
      else expect(after).toEqual(before)
      expect(await store.reader.chunks.count(collectionId)).toBe(80)
      await expectExact()
      await index.idle()
      expect(await current()).toMatchObject({ count: 80 })
      await expectExact()
      await expectTidy()
    })
  }

  it('gives a merge up when it is closed, and takes it up again when it is opened', async () => {
    await add(200)
    await reopen()
    await expectExact()
    await index.idle()
    expect(await current()).toMatchObject({ count: 200 })
    await expectTidy()
  })
})
