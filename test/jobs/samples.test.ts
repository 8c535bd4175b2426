import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { Documents } from '../../src/ingest/documents.js'
import { Originals } from '../../src/ingest/originals.js'
import { queueSamples, SAMPLES_COLLECTION } from '../../src/jobs/samples.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'

const samplesDir = join(packageRoot, 'samples')

let dataDir: string
let store: SqliteStore
let documents: Documents
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'docent-samples-'))
  store = await SqliteStore.open({ path: join(dataDir, 'docent.sqlite'), log: createLogger('silent') })
  documents = new Documents({
    store,
    originals: new Originals(join(dataDir, 'originals')),
    maxUploadBytes: 1_000_000,
    onQueued: () => {},
    onRemoved: async () => {},
  })
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true })
})

const queue = () => queueSamples({ store, documents, samplesDir, dataDir })
const queued = async () => {
  const collection = await store.reader.collections.byName(SAMPLES_COLLECTION)
  const page = await store.reader.documents.page({ first: 1000, collectionId: collection?.id })
  return page.items.map(({ externalId }) => externalId).sort()
}

it('queues the pages of the two handbooks, and nothing that is about them', async () => {
  expect(await queue()).toBe(138)
  const pages = (await readdir(samplesDir, { recursive: true })).filter((name) => /^(18f|github)-.*\.md$/.test(name))
  expect(await queued()).toEqual(pages.sort())
  expect(await queue()).toBe(0)
})

it('queues what is missing when it was cut off, and nothing again that was deleted', async () => {
  const job = await documents.add({ externalId: 'a.md', content: 'a', collection: SAMPLES_COLLECTION })
  await documents.remove(job.payload.documentId as string)
  expect(await queue()).toBe(0)

  const page = '18f-handbook/pages/about.md'
  await documents.add({ externalId: page, content: 'about', collection: SAMPLES_COLLECTION })
  await writeFile(join(dataDir, 'samples-pending'), '')
  expect(await queue()).toBe(137)
  expect((await queued()).filter((externalId) => externalId === page)).toHaveLength(1)
  expect(await queue()).toBe(0)
})
