/** From a question to a stored interaction, over a real store, index, retriever and reader, but for the model. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Answering } from '../../src/answer/answering.js'
import { HnswIndex } from '../../src/index/hnsw/hnsw-index.js'
import { createLogger } from '../../src/log.js'
import { DEFAULT_READER_SETTINGS, Reader } from '../../src/read/reader.js'
import { AnswerCalibrations } from '../../src/registry/answer-calibrations.js'
import type { ModelVersion } from '../../src/registry/registry.js'
import { RETRIEVAL_SETTINGS, Retriever } from '../../src/retrieve/retriever.js'
import { queuedJob } from '../../src/store/queued-job.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { addCollection, addDocument, chunksOf, EMBEDDER_ID } from '../conformance/rows.js'
import { keywordHost } from '../read/hosts.js'
import { draft } from '../registry/seed.js'

const log = createLogger('silent')
const PIECES = ['The library opens at nine. ', 'The director is Anna Keller 😀. ', 'A card costs ten cents.']
const key = { reader: 'reader-1', form: 'int8', embedder: 'embedder-1', retrieval: RETRIEVAL_SETTINGS }
const calibration = {
  answerable: { bias: -2, margin: 0.5, similarity: 1 },
  exact: { bias: 0, share: 0.5, margin: 0, similarity: 0 },
  minLogOdds: 0,
}

/** Directors lie apart from everything else. */
const embed = (text: string): Float32Array =>
  Float32Array.of(Number(/director/i.test(text)), Number(!/director/i.test(text)))

let folder: string
let store: SqliteStore
let index: HnswIndex
let calibrations: AnswerCalibrations
let answering: Answering
let documentId: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-answering-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  const indexed = { id: EMBEDDER_ID, name: 'embedder-1', dimensions: 2 }
  index = new HnswIndex({ store, indexDir: join(folder, 'indexes'), embedder: indexed, log })
  const { id: collectionId } = await addCollection(store)
  const chunks = chunksOf(PIECES, (at) => embed(PIECES[at] as string))
  const added = await store.transact((transactor) => addDocument(transactor, collectionId, PIECES, {}, chunks))
  documentId = added.document.id
  const vectors = added.seqs.map((seq, at) => ({ seq, vector: embed(PIECES[at] as string) }))
  await index.apply(collectionId, { added: vectors, removed: [] })

  const tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
  const ofReader = { temperature: 1, noAnswerThreshold: 0 }
  const reader = new Reader({
    host: await keywordHost(tokenizer, 'anna', 'keller'),
    tokenizer,
    settings: DEFAULT_READER_SETTINGS,
    calibration: ofReader,
  })
  const version = { id: 'reader-1', folder, manifest: draft() } as unknown as ModelVersion
  calibrations = new AnswerCalibrations({ modelsDir: join(folder, 'models') })
  const retriever = new Retriever({
    reader: store.reader,
    index,
    embedder: { embed: async (texts) => texts.map(embed) },
  })
  answering = new Answering({
    ...{ store, calibrations },
    retriever: {
      retrieve: async (query, options) => ({
        ...(await retriever.retrieve(query, options)),
        embedderVersion: 'embedder-1',
      }),
    },
    servingReader: {
      read: async (question, passages) => {
        return { ...(await reader.read(question, passages)), version, form: 'int8', calibration: ofReader }
      },
    },
  })
})
afterEach(async () => {
  await index[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const calibrate = () =>
  calibrations.create(key, {
    questions: { source: 'a test', answerable: 1, unanswerable: 1 },
    fits: [{ topK: 8, calibration }],
  })

test('an answer is a slice of the document, and its interaction keeps what its confidence was computed from', async () => {
  await calibrate()
  const { interaction } = await answering.ask({ question: 'Who is the director?' })
  const [answer] = interaction.answers
  const start = PIECES.join('').indexOf('Anna')
  expect(answer).toMatchObject({ text: 'Anna Keller', documentId, start, end: start + 'Anna Keller'.length })
  const features = { margin: 10, similarity: expect.closeTo(1, 5), agreeing: 1 }
  expect(interaction.decision).toMatchObject({
    calibration: expect.stringMatching(/^reader-1\.int8\.embedder-1\.[0-9a-f]{8}@8$/),
    features,
  })
  // -2 + 0.5 * 10 + 1 * 1
  expect(interaction.noAnswerProbability).toBeCloseTo(1 / (1 + Math.exp(4)), 5)
  expect(answer?.confidence).toBeLessThan(1 - interaction.noAnswerProbability)
  const stored = await store.reader.interactions.get(interaction.id)
  expect(stored).toEqual(interaction)
})

test('the calibration of other settings is not used: the reader vouches for itself', async () => {
  await calibrations.create(
    { ...key, embedder: 'embedder-2' },
    { questions: { source: 'a test', answerable: 1, unanswerable: 1 }, fits: [{ topK: 8, calibration }] },
  )
  const { interaction } = await answering.ask({ question: 'Who is the director?' })
  expect(interaction).toMatchObject({ abstained: false, decision: { calibration: null, features: { margin: 10 } } })
})

test('answers that are less sure than was asked for are left out', async () => {
  await calibrate()
  const question = 'Who is the director?'
  const { interaction: all } = await answering.ask({ question })
  const confidence = all.answers[0]?.confidence as number
  const { interaction: same } = await answering.ask({ question, minConfidence: confidence })
  expect(same.answers.map(({ text }) => text)).toEqual(['Anna Keller'])
  const { interaction: none } = await answering.ask({ question, minConfidence: Math.min(1, confidence + 1e-6) })
  expect(none).toMatchObject({ answers: [], abstained: true, noAnswerProbability: all.noAnswerProbability })
})

test('without documents it abstains for certain, and says that nothing was weighed', async () => {
  const { interaction } = await answering.ask({ question: 'Who?', filter: { documentIds: ['none'] } })
  const nothing = { calibration: null, features: null }
  expect(interaction).toMatchObject({ abstained: true, noAnswerProbability: 1, answers: [], decision: nothing })
})

test('who gets no answer is told why there may be none', async () => {
  const ask = async (filter = {}) => (await answering.ask({ question: 'Who wrote the unknown book?', filter })).notices
  expect(await ask({ documentIds: ['none'] })).toEqual(['NOTHING_MATCHES_FILTER'])
  expect((await answering.ask({ question: 'Who is the director?' })).notices).toEqual([])
  await store.transact(({ jobs }) => jobs.insert(queuedJob('ingest', {})))
  expect(await ask({ documentIds: ['none'] })).toEqual(['NOTHING_MATCHES_FILTER', 'DOCUMENTS_WAITING'])
  expect((await answering.ask({ question: 'Who is the director?' })).notices).toEqual([])
})

test('passages of one document are limited where that is asked for, and the interaction says so', async () => {
  const { id: collectionId } = await addCollection(store)
  const other = ['A director reads.']
  const chunks = chunksOf(other, (at) => embed(other[at] as string))
  const added = await store.transact((transactor) => addDocument(transactor, collectionId, other, {}, chunks))
  await index.apply(collectionId, {
    added: added.seqs.map((seq, at) => ({ seq, vector: embed(other[at] as string) })),
    removed: [],
  })
  const question = 'When does the library open, and what does a card cost?'
  const { interaction: free } = await answering.ask({ question, topK: 2 })
  expect(new Set(free.passages.map((passage) => passage.documentId))).toEqual(new Set([documentId]))
  expect(free.settings).toEqual({ topK: 2, maxAnswers: 3, minConfidence: 0 })
  const { interaction: limited } = await answering.ask({ question, topK: 2, perDocument: 1 })
  expect(limited.passages.map((passage) => passage.documentId)).toEqual([documentId, added.document.id])
  expect(limited.settings).toMatchObject({ topK: 2, perDocument: 1 })
  expect(await answering.search(question, { first: 2, perDocument: 1 })).toHaveLength(2)
  await expect(answering.search(question, { perDocument: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('a search is reranked by the reader only when it is asked for', async () => {
  const plain = await answering.search('Who is the director?')
  expect(plain.every((passage) => passage.rerankScore === undefined)).toBe(true)
  const reranked = await answering.search('Who is the director?', { rerank: true, first: 1 })
  const [first] = reranked
  expect(first?.text).toContain('Anna Keller')
  expect(first?.rerankScore).toBeCloseTo((first?.score ?? 0) + 0.03 * 10)
})
