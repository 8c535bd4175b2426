/** The job over a real store, a real queue and a random encoder of a few kB; test/server/reembed.test.ts has a whole server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/domain.js'
import { embeddingKey } from '../../src/embed/embedding-key.js'
import { embeddingText } from '../../src/ingest/embedding-text.js'
import { importEmbedder } from '../../src/jobs/import/import-embedder.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { ReembedJobs } from '../../src/jobs/reembed.js'
import { createLogger } from '../../src/log.js'
import { Embedders } from '../../src/registry/embedders.js'
import {
  currentEmbedder,
  type EmbedderParts,
  openEmbedder,
  openIndex,
  removeOtherIndexes,
  startEmbedder,
} from '../../src/retrieve/open-embedder.js'
import { ServingEmbedder } from '../../src/retrieve/serving-embedder.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { addCollection, addDocument, chunksOf, EMBEDDER_ID, embedderRow } from '../conformance/rows.js'
import { SourceFolder } from './import/source-folder.js'

const log = createLogger('silent')
const WANTED = 'tiny'
/** A process is started twice, and a base is built. */
const LONG_MS = 240_000

let models: string
let embedders: Embedders
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'docent-reembed-models-'))
  embedders = new Embedders({ modelsDir: models })
  const { path } = await SourceFolder.of('bert', await mkdtemp(join(models, 'source-')))
  const context = { signal: new AbortController().signal, progress: async () => {} }
  await importEmbedder({ source: path, id: WANTED, embedders, hub: { endpoint: null, token: null }, context })
})
afterAll(() => rm(models, { recursive: true, force: true }))

let folder: string
let store: SqliteStore
let parts: EmbedderParts
let serving: ServingEmbedder
let jobs: ReembedJobs
let collectionId: string
let toldServing: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-reembed-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  parts = { store, embedders, indexDir: join(folder, 'indexes'), log }
  serving = new ServingEmbedder({
    current: () => currentEmbedder(parts, WANTED),
    open: (record) => openEmbedder(record, parts),
    collectionIds: async () => [collectionId],
    log,
  })
  toldServing = 0
  jobs = new ReembedJobs({
    ...{ store, embedders, wanted: WANTED, serving, onQueued: () => {} },
    startEmbedder: (record) => startEmbedder(record, parts, { niceness: 10 }),
    openIndex: (record) => openIndex(record, parts),
    removeOtherIndexes: (record) => removeOtherIndexes(record, parts),
    onServing: async () => void toldServing++,
  })
  collectionId = (await addCollection(store)).id
})
afterEach(async () => {
  await serving[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const addPieces = (pieces: readonly string[], chunks = chunksOf(pieces)) =>
  store.transact((transactor) => addDocument(transactor, collectionId, pieces, { title: 'Prices' }, chunks))
const wantedId = async () => (await store.reader.embedders.byName(WANTED))?.id ?? 0

/** To its end; `onState` sees every state on the way. */
async function run(job: Job | undefined, onState: (job: Job, queue: JobQueue) => Promise<unknown> = async () => {}) {
  await using queue = new JobQueue({ store, kinds: [jobs], log })
  await queue.start()
  let last: Job | undefined
  for await (const state of queue.watch(job?.id ?? '')) {
    last = state
    await onState(state, queue)
  }
  return last as Job
}

test('every chunk is embedded as it would be ingested, table headers included, and the old vectors go', async () => {
  const pieces = ['The harbour opens at six. ', 'Blue | 3 ']
  const chunks = chunksOf(pieces).map((chunk, at) => (at === 1 ? { ...chunk, tableHeader: 'Colour | Price' } : chunk))
  const { seqs } = await addPieces(pieces, chunks)
  const job = await jobs.request()
  expect(await jobs.request()).toBeUndefined()
  expect(await jobs.next()).toBe(WANTED)
  expect(await run(job)).toMatchObject({ status: 'SUCCEEDED', progress: { stage: `${WANTED} serves` } })
  expect([await jobs.next(), toldServing, serving.record?.name]).toEqual([null, 1, WANTED])
  const texts = [
    embeddingText('Prices', [], 'The harbour opens at six. '),
    embeddingText('Prices', [], 'Blue | 3 ', 'Colour | Price'),
  ]
  const expected = await (await serving.get()).embed(texts)
  const rows = await store.reader.chunks.vectorsAfter(await wantedId(), collectionId, 0, 9)
  expect(rows).toEqual(seqs.map((seq, at) => ({ seq, vector: expected[at] })))
  const keys = texts.map((text) => embeddingKey(WANTED, text))
  expect((await store.reader.chunks.vectorsByKey(collectionId, keys)).size).toBe(2)
  expect(await store.reader.chunks.vectorsAfter(EMBEDDER_ID, collectionId, 0, 9)).toEqual([])
  expect(await jobs.request()).toBeUndefined()
})

test('cancelled, it leaves the old one serving and what it made, which the next one goes on from', {
  timeout: LONG_MS,
}, async () => {
  const { seqs } = await addPieces(Array.from({ length: 700 }, (_, at) => `The boat number ${at} leaves at nine. `))
  const cancelled = await run(await jobs.request(), async ({ id, status, progress: { done } }, queue) => {
    if (status === 'RUNNING' && done > 0) await queue.cancel(id).catch(() => undefined)
  })
  expect(cancelled).toMatchObject({ status: 'CANCELLED' })
  expect(await store.reader.embedders.current()).toMatchObject({ id: EMBEDDER_ID })
  const missing = await store.reader.chunks.countWithoutVector(await wantedId())
  expect(missing).toBeGreaterThan(0)
  expect(missing).toBeLessThan(seqs.length)

  const dones: number[] = []
  const ended = await run(await jobs.request(), async ({ progress: { done, stage } }) => {
    if (stage.startsWith('embedding')) dones.push(done)
  })
  expect(ended).toMatchObject({ status: 'SUCCEEDED' })
  expect(dones[0]).toBeGreaterThanOrEqual(seqs.length - missing)
  // A base was built before the switch, of the new vectors.
  expect(await store.reader.indexBases.current(await wantedId(), collectionId)).toMatchObject({ count: seqs.length })
  expect(await serving.index.verify(collectionId)).toMatchObject({ live: seqs.length, base: seqs.length })
})

test('a folder that is not the model that it was before is refused by name', async () => {
  await addPieces(['one'])
  await store.transact((transactor) => transactor.embedders.insert(embedderRow({ name: WANTED, dimensions: 32 })))
  expect(await run(await jobs.request())).toMatchObject({ status: 'FAILED', error: { code: 'EMBEDDER_REPLACED' } })
  expect(await store.reader.embedders.current()).toMatchObject({ id: EMBEDDER_ID })
})

test('a job for an embedder that is not wanted any more is cancelled, and what it made is removed by the next', async () => {
  const { seqs } = await addPieces(['one ', 'two'])
  const other = await store.transact(({ embedders: rows }) =>
    rows.insert(embedderRow({ name: 'other', dimensions: 5 })),
  )
  const vectors = seqs.map((seq) => ({ seq, vector: new Float32Array(5), embeddingKey: null }))
  await store.transact(({ chunks }) => chunks.addVectors(other, vectors))
  const stale = (await jobs.request()) as Job
  await store.transact((transactor) => transactor.jobs.update(stale.id, { payload: { embedder: 'other' } }))
  expect(await run(stale)).toMatchObject({ status: 'CANCELLED', error: { code: 'CANCELLED' } })
  expect(await run(await jobs.request())).toMatchObject({ status: 'SUCCEEDED' })
  expect(await store.reader.chunks.hasOtherVectors(await wantedId())).toBe(false)
})
