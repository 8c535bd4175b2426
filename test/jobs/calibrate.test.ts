import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/domain.js'
import { readRetrievedSet } from '../../src/evaluate/retrieved-set.js'
import { CalibrateJobs, RETRIEVED_SET_FILE } from '../../src/jobs/calibrate.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { createLogger } from '../../src/log.js'
import { AnswerCalibrations } from '../../src/registry/answer-calibrations.js'
import { Registry } from '../../src/registry/registry.js'
import { RETRIEVAL_SETTINGS } from '../../src/retrieve/retriever.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { makeModelsDir } from '../support/tiny-models.js'
import { priceTag } from './reader-lab.js'

const log = createLogger('silent')
const key = { reader: 'tiny-1', form: 'int8', embedder: 'embedder-1', retrieval: RETRIEVAL_SETTINGS }

let folder: string
let store: SqliteStore
let modelsDir: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-calibrate-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  modelsDir = await makeModelsDir(folder)
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Each question with two passages, the second of which answers; then again with the first alone. */
async function calibrating(embedder: string) {
  const retrievedSetFile = join(folder, 'set.json')
  const tags = Array.from({ length: 12 }, (_, index) => priceTag(index))
  const passage = (context: number) => ({
    ...{ context, start: 0, end: tags[context]?.context.length ?? 0, score: 1, similarity: 0.5 },
  })
  const questions = tags.flatMap(({ price }, index) => {
    const other = passage((index + 1) % tags.length)
    const question = 'How much does it cost?'
    return [
      { question, golds: [price], passages: [other, passage(index)] },
      { question, golds: [], passages: [other] },
    ]
  })
  const contexts = tags.map(({ context }) => context)
  const head = { source: 'tags', licence: 'none', embedder, retrieval: RETRIEVAL_SETTINGS }
  await writeFile(retrievedSetFile, JSON.stringify({ ...head, contexts, questions }))
  const calibrations = new AnswerCalibrations({ modelsDir })
  const registry = new Registry({ modelsDir })
  const retrievedBy: string[] = []
  const jobs = new CalibrateJobs({
    retrieve: async (name) => {
      retrievedBy.push(name)
      return { contexts, questions: questions.slice(0, 16) }
    },
    ...{ store, registry, calibrations, retrievedSetFile },
    embedderVersion: async () => 'embedder-1',
    onQueued: () => {},
  })
  return { jobs, calibrations, retrievedBy, version: await registry.get('tiny-1') }
}

async function ended(jobs: CalibrateJobs, { id }: Job): Promise<Job | undefined> {
  await using queue = new JobQueue({ store, kinds: [jobs], log })
  await queue.start()
  let last: Job | undefined
  for await (const job of queue.watch(id)) last = job
  return last
}

test('a reader that serves is calibrated once, for every number of passages', async () => {
  const { jobs, calibrations, version } = await calibrating('embedder-1')
  const job = await jobs.request(version)
  expect(await jobs.request(version)).toBeUndefined()
  expect(await ended(jobs, job as Job)).toMatchObject({ status: 'SUCCEEDED', progress: { done: 24, total: 24 } })
  expect(await calibrations.get(key)).toMatchObject({
    questions: { source: 'tags', answerable: 12, unanswerable: 12 },
    fits: [{ topK: 1 }, { topK: 2 }, { topK: 4 }, { topK: 8 }],
  })
  // In the form that serves here. The other may serve elsewhere, so it is looked at again, and nothing is read.
  const again = await jobs.request(version)
  expect(await ended(jobs, again as Job)).toMatchObject({ status: 'SUCCEEDED', progress: { total: 0 } })
})

test('with another embedder than that of the set that ships, passages are retrieved by the one that serves', async () => {
  const { jobs, calibrations, version, retrievedBy } = await calibrating('embedder-2')
  const job = await jobs.request(version)
  expect(await ended(jobs, job as Job)).toMatchObject({ status: 'SUCCEEDED' })
  expect(retrievedBy).toEqual(['embedder-1'])
  expect(await calibrations.get(key)).toMatchObject({ questions: { answerable: 8, unanswerable: 8 } })
})

test('the set that ships is of the embedder and the settings that serve, and its passages are in its contexts', async () => {
  const { embedder, retrieval, contexts, questions } = await readRetrievedSet(RETRIEVED_SET_FILE)
  expect({ embedder, retrieval }).toEqual({ embedder: 'all-MiniLM-L6-v2', retrieval: RETRIEVAL_SETTINGS })
  expect(questions.filter(({ golds }) => golds.length > 0).length).toBeGreaterThan(250)
  for (const { passages } of questions) {
    expect(passages.length).toBeGreaterThan(0)
    for (const { context, start, end } of passages) {
      const passage = contexts[context]?.slice(start, end) ?? ''
      expect(passage.length).toBe(end - start)
      expect(passage.trim()).toBe(passage)
    }
  }
})
