// Adds chunks to the collection named by its arguments until a merge is due, and dies at the named step of that merge.
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { HnswIndex } from '../../dist/index/hnsw/hnsw-index.js'
import { HNSW_SETTINGS } from '../../dist/index/hnsw/settings.js'
import { createLogger } from '../../dist/log.js'
import { SqliteStore } from '../../dist/store/sqlite/sqlite-store.js'

const DIMENSIONS = 16
const COUNT = 30
const [folder, collectionId, fatalStep] = process.argv.slice(2)
const log = createLogger('silent')
const store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
let armed = false
const index = new HnswIndex({
  store,
  indexDir: join(folder, 'indexes'),
  embedder: { id: 1, name: 'embedder-1', dimensions: DIMENSIONS },
  log,
  settings: { ...HNSW_SETTINGS, exactUpTo: 8, exactAllowedUpTo: 2 },
  onMergeStep: (step) => {
    if (armed && step === fatalStep) process.kill(process.pid, 'SIGKILL')
  },
})

const vector = () => {
  const values = Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5)
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

await index.search(collectionId, vector(), 1)
armed = true
const now = new Date()
const common = { mediaType: 'text/plain', createdAt: now }
const document = {
  ...common,
  id: uuid(),
  collectionId,
  externalId: null,
  title: '',
  metadata: {},
  currentVersion: 1,
  status: 'READY',
  updatedAt: now,
}
const text = 'x'.repeat(COUNT)
const version = {
  ...common,
  documentId: document.id,
  version: 1,
  canonicalText: text,
  textHash: '',
  originalHash: '',
  sections: [],
}
const chunks = Array.from({ length: COUNT }, (_, at) => ({
  start: at,
  end: at + 1,
  tokenCount: 1,
  headingPath: [],
  vector: vector(),
}))
const seqs = await store.transact(async (transactor) => {
  await transactor.documents.insert(document)
  await transactor.documents.insertVersion(version)
  return (await transactor.chunks.replace(document, version, chunks, 1)).added
})
await index.apply(collectionId, { added: seqs.map((seq, at) => ({ seq, vector: chunks[at].vector })), removed: [] })
await index.idle()
