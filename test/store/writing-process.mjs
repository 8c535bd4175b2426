// Writes to the database named by its first argument until it is killed; run compiled, as every process of Docent is.
import { v7 as uuid } from 'uuid'
import { createLogger } from '../../dist/log.js'
import { SqliteStore } from '../../dist/store/sqlite/sqlite-store.js'

const [path, mode] = process.argv.slice(2)
const store = await SqliteStore.open({ path, log: createLogger('silent') })

const pieces = Array.from({ length: 100 }, (_, index) => `word${index} `)
const text = pieces.join('')

async function addDocument({ documents, chunks, embedders }, collectionId) {
  const now = new Date()
  if (!(await embedders.current())) {
    const about = { name: 'embedder-1', dimensions: 384, weightsHash: '', createdAt: now }
    await embedders.makeCurrent((await embedders.insert(about)).id, now)
  }
  const document = {
    id: uuid(),
    collectionId,
    externalId: null,
    title: '',
    mediaType: 'text/plain',
    metadata: {},
    currentVersion: 1,
    status: 'READY',
    createdAt: now,
    updatedAt: now,
  }
  const version = {
    documentId: document.id,
    version: 1,
    canonicalText: text,
    textHash: '',
    originalHash: '',
    mediaType: 'text/plain',
    sections: [],
    createdAt: now,
  }
  await documents.insert(document)
  await documents.insertVersion(version)
  let start = 0
  const spans = pieces.map((piece) => {
    const span = { start, end: start + piece.length, tokenCount: 1, headingPath: [], vector: new Float32Array(384) }
    start = span.end
    return span
  })
  await chunks.replace(document, version, spans, 1)
}

if (mode === 'stop-in-the-middle') {
  await store.transact(({ collections }) => collections.insert({ id: uuid(), name: 'before', createdAt: new Date() }))
  await store.transact(async (transactor) => {
    const id = uuid()
    await transactor.collections.insert({ id, name: 'never', createdAt: new Date() })
    await addDocument(transactor, id)
    process.send('in the middle')
    await new Promise(() => {})
  })
}

let collection = (await store.reader.collections.all())[0]
if (!collection) {
  collection = { id: uuid(), name: 'only', createdAt: new Date() }
  await store.transact(({ collections }) => collections.insert(collection))
}
let committed = (await store.reader.documents.page({ first: 1000 })).items.length
for (;;) {
  await store.transact((transactor) => addDocument(transactor, collection.id))
  process.send(++committed)
}
