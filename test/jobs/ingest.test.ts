import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Document, Job } from '../../src/domain.js'
import { EMBEDDING_DIMENSIONS } from '../../src/embed/embedder.js'
import type { VectorChanges } from '../../src/index/vector-index.js'
import { Documents, type Upload } from '../../src/ingest/documents.js'
import { Originals } from '../../src/ingest/originals.js'
import { type OriginalFile, prepareFile } from '../../src/ingest/prepare.js'
import { IngestJobs } from '../../src/jobs/ingest.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { Tokenizer } from '../../src/text/tokenizer.js'

const log = createLogger('silent')

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
})

let folder: string
let store: SqliteStore
let queue: JobQueue
let documents: Documents
/** What the embedder was given, and how many files were parsed. */
let embedded: string[]
let parsed: number
let indexed: VectorChanges[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-ingest-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  const originals = new Originals(join(folder, 'originals'))
  embedded = []
  parsed = 0
  indexed = []
  const embed = async (texts: readonly string[]) => {
    embedded.push(...texts)
    return texts.map((text) => new Float32Array(EMBEDDING_DIMENSIONS).fill(text.length))
  }
  const prepare = (file: OriginalFile) => {
    parsed++
    return prepareFile(file, tokenizer)
  }
  const ingest = new IngestJobs({
    ...{ store, originals, embedder: { embed }, embedderVersion: 'test' },
    preparer: async () => ({ prepare }),
    partsDir: join(folder, 'parts'),
    // biome-ignore lint/suspicious/noExplicitAny: an ingest job tells the index and asks it nothing
    index: { apply: async (_: string, changes: VectorChanges) => void indexed.push(changes) } as any,
  })
  queue = new JobQueue({ store, kinds: [ingest], log })
  documents = new Documents({
    ...{ store, originals, maxUploadBytes: 100_000 },
    onQueued: () => queue.notify(),
    onRemoved: async () => {},
  })
  await queue.start()
})
afterEach(async () => {
  await queue[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
async function ended({ id }: Job): Promise<Job> {
  let last: Job | undefined
  for await (const job of queue.watch(id)) last = job
  return last as Job
}

const documentOf = async ({ payload }: Job) =>
  (await store.reader.documents.get(payload.documentId as string)) as Document

/** To the end of its job. What was embedded and parsed is counted anew. */
async function add(upload: Upload): Promise<{ job: Job; document: Document }> {
  embedded.length = 0
  parsed = 0
  const job = await ended(await documents.add(upload))
  return { job, document: await documentOf(job) }
}

const SECTIONS = ['Leave', 'Travel', 'Pay'].map(
  (name) => `# ${name}\n\n${Array.from({ length: 60 }, (_, at) => `The ${at}th rule of ${name} is a rule.`).join(' ')}`,
)
const HANDBOOK = SECTIONS.join('\n\n')

describe('embeddings', () => {
  it('of unchanged text are reused, so that a changed paragraph embeds at most its section', async () => {
    const first = await add({ externalId: 'handbook.md', fileName: 'handbook.md', content: HANDBOOK })
    const all = embedded.length
    expect(all).toBeGreaterThan(SECTIONS.length)
    const [leave, travel, pay] = SECTIONS as [string, string, string]
    const changed = [leave, travel.replace('7th rule', 'seventh rule'), pay].join('\n\n')
    const second = await add({ externalId: 'handbook.md', fileName: 'handbook.md', content: changed })
    expect(second.document).toMatchObject({ id: first.document.id, currentVersion: 2 })
    expect(embedded.length).toBeGreaterThan(0)
    expect(parsed).toBe(1)
    for (const text of embedded) expect(text).toContain('rule of Travel')
    const stage = `done (${all - embedded.length} of ${all} reused)`
    expect(second.job.progress).toEqual({ done: all, total: all, stage })
    // Every chunk has the vector of its own text, wherever that came from, and the index is told of all.
    const chunks = await store.reader.chunks.ofDocument(second.document.id)
    const vectors = await store.reader.chunks.vectorsOf(chunks.map(({ seq }) => seq))
    expect(indexed.at(-1)?.added).toEqual(vectors)
    expect(indexed.at(-1)?.removed).toEqual(indexed[0]?.added.map(({ seq }) => seq))
  })

  it('are made once for a text that a document repeats', async () => {
    const [leave] = SECTIONS
    await add({ fileName: 'once.md', content: `${leave}`, collection: 'once' })
    const once = embedded.length
    const { job } = await add({ fileName: 'twice.md', content: `${leave}\n\n${leave}`, collection: 'twice' })
    expect(embedded).toHaveLength(once)
    expect(job.progress.stage).toBe(`done (${once} of ${2 * once} reused)`)
  })

  it('of another collection are never taken', async () => {
    await add({ externalId: 'a', content: HANDBOOK, collection: 'one' })
    const all = embedded.length
    await add({ externalId: 'a', content: HANDBOOK, collection: 'two' })
    expect(embedded).toHaveLength(all)
  })
})
