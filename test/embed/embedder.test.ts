import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { Embedder } from '../../src/embed/embedder.js'

const modelFolder = join(packageRoot, 'models/embedder/all-MiniLM-L6-v2')
let embedder: Embedder

beforeAll(async () => {
  embedder = await Embedder.start({ modelFolder })
})
afterAll(() => embedder[Symbol.asyncDispose]())

const dot = (left: Float32Array, right: Float32Array) =>
  left.reduce((sum, value, index) => sum + value * (right[index] as number), 0)

test('a vector has 384 numbers and the L2 norm 1, also that of an empty text', async () => {
  for (const vector of await embedder.embed(['a text', '', '\ud800 half a character'])) {
    expect(vector).toHaveLength(384)
    expect(dot(vector, vector)).toBeCloseTo(1, 4)
  }
})

test('texts that mean the same are nearer than texts that do not', async () => {
  const [question, near, far] = (await embedder.embed([
    'How do I get my money back?',
    'Refunds are paid to the card that was used.',
    'The choir rehearses on Thursdays.',
  ])) as [Float32Array, Float32Array, Float32Array]
  expect(dot(question, near)).toBeGreaterThan(dot(question, far) + 0.1)
})

test('marks on letters that are not Latin are taken off as the model was trained', async () => {
  const [marked, bare] = (await embedder.embed(['です', 'てす'])) as [Float32Array, Float32Array]
  expect([...marked]).toEqual([...bare])
})

test('what stands after the 256th token does not count', async () => {
  const long = 'word '.repeat(300)
  const [first, second] = (await embedder.embed([long, `${long} and something else`])) as [Float32Array, Float32Array]
  expect([...first]).toEqual([...second])
})

test('a question is answered while an ingest runs, with the vector that it has alone', async () => {
  const [alone] = await embedder.embed(['What is asked?'])
  let done = 0
  const chunks = Array.from({ length: 24 }, (_, index) => `chunk ${index} `.repeat(60))
  const ingest = embedder.embed(chunks, { priority: 'bulk', onProgress: (count) => (done = count) })
  const [meanwhile] = await embedder.embed(['What is asked?'], { priority: 'interactive' })
  expect(done).toBeLessThan(chunks.length)
  expect([...(meanwhile as Float32Array)]).toEqual([...(alone as Float32Array)])
  expect(await ingest).toHaveLength(chunks.length)
})

test('a killed process fails what it was doing and is started again', async () => {
  const inFlight = embedder.embed(Array.from({ length: 50 }, () => 'many words '.repeat(100)))
  process.kill(embedder.pids[0] as number, 'SIGKILL')
  await expect(inFlight).rejects.toMatchObject({ code: 'MODEL_PROCESS_ENDED' })
  expect(await embedder.embed(['again'])).toHaveLength(1)
})

test('several processes share many texts, and give the vectors that one gives', async () => {
  const texts = Array.from({ length: 24 }, (_, index) => `chunk ${index} `.repeat(60))
  await using several = await Embedder.start({ modelFolder, processes: 2, threads: 1 })
  expect(several.pids).toHaveLength(1)
  const [alone, shared] = [await embedder.embed(texts), await several.embed(texts, { priority: 'bulk' })]
  expect(several.pids).toHaveLength(2)
  expect(shared.map((vector) => [...vector])).toEqual(alone.map((vector) => [...vector]))
})

test('a folder without a model is refused', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'docent-empty-'))
  await expect(Embedder.start({ modelFolder: empty })).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  await rm(empty, { recursive: true })
})
