import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { HnswIndex } from '../../dist/index/hnsw/hnsw-index.js'
import { createLogger } from '../../dist/log.js'
import { SqliteStore } from '../../dist/store/sqlite/sqlite-store.js'
import { randomStream } from '../../dist/train/random.js'

export const describe =
  'the vector index at 10,000 and 100,000 chunks (--n N: at that number alone): store and merge, add, search, load, memory, recall'

const DIMENSIONS = 384
const SIZES = [10_000, 100_000]
/** A subject for every hundred chunks; around each, vectors of cosine about 0.6 to it, as passages of one subject have. */
const PER_CLUSTER = 100
const SPREAD = 1.3
const CHUNKS_PER_DOCUMENT = 500
const QUERIES = 1000
const RECALL_QUERIES = 100

export async function run({ n, log }) {
  const rows = []
  for (const size of n ? [n] : SIZES) rows.push(...(await measure(size, log)))
  return rows
}

async function measure(size, log) {
  const folder = await mkdtemp(join(os.tmpdir(), 'docent-bench-index-'))
  const label = (what) => `${size.toLocaleString('en')}: ${what}`
  try {
    const vectors = clusteredVectors(size)
    const opened = await openIndex(folder)
    const storing = performance.now()
    await fill(opened, vectors, size, log)
    await opened.index.idle()
    const stored = performance.now() - storing
    log(`${size} chunks stored and merged in ${(stored / 1000).toFixed(0)} s`)
    const adding = performance.now()
    await addDocument(opened, vectors, 10)
    const added = performance.now() - adding
    await opened.close()

    // As the next start finds it.
    const before = process.memoryUsage().rss
    const again = await openIndex(folder)
    const loading = performance.now()
    await again.index.search(again.collectionId, vectors(), 10)
    const loaded = performance.now() - loading
    const queries = Array.from({ length: QUERIES }, vectors)
    const times = []
    for (const query of queries) {
      const from = performance.now()
      await again.index.search(again.collectionId, query, 10)
      times.push(performance.now() - from)
    }
    times.sort((a, b) => a - b)
    const memory = process.memoryUsage().rss - before
    const { base } = await again.index.verify(again.collectionId)
    const recall = await recallAt10(again, queries.slice(0, RECALL_QUERIES))
    await again.close()
    return [
      [label('stored and merged'), (stored / 1000).toFixed(1), 's'],
      [label('in the base'), base, 'chunks'],
      [label('a document of 10 chunks added and found'), added.toFixed(1), 'ms'],
      [label('first search after a start (load)'), loaded.toFixed(0), 'ms'],
      [label('search p50'), times[Math.floor(QUERIES * 0.5)].toFixed(2), 'ms'],
      [label('search p99'), times[Math.floor(QUERIES * 0.99)].toFixed(2), 'ms'],
      [label('recall@10 against exact search'), recall.toFixed(4), ''],
      [label('memory of the opened index'), Math.round(memory / 2 ** 20), 'MiB'],
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Draws from the same clusters for ever: chunks and questions are of one kind. */
function clusteredVectors(size) {
  const random = randomStream(1, 1)
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const unit = (vector) => {
    const norm = Math.hypot(...vector)
    return vector.map((value) => value / norm)
  }
  const draw = () => unit(Float32Array.from({ length: DIMENSIONS }, gaussian))
  const centres = Array.from({ length: Math.ceil(size / PER_CLUSTER) }, draw)
  return () => {
    const centre = centres[Math.floor(random() * centres.length)]
    const noise = draw()
    return unit(centre.map((value, at) => value + SPREAD * noise[at]))
  }
}

async function openIndex(folder) {
  const log = createLogger('warn')
  const store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  const embedder = await store.transact(async ({ embedders }) => {
    const about = { name: 'bench', dimensions: DIMENSIONS, weightsHash: '', createdAt: new Date() }
    const record = (await embedders.byName(about.name)) ?? (await embedders.insert(about))
    await embedders.makeCurrent(record.id, new Date())
    return record
  })
  const index = new HnswIndex({ store, indexDir: join(folder, 'indexes'), embedder, log })
  const [known] = await store.reader.collections.all()
  const collectionId = known?.id ?? 'bench'
  if (!known) {
    await store.transact(({ collections }) =>
      collections.insert({ id: collectionId, name: 'bench', createdAt: new Date() }),
    )
  }
  return {
    ...{ store, index, embedder, collectionId },
    close: async () => {
      await index[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function fill(opened, vectors, size, log) {
  for (let done = 0; done < size; done += CHUNKS_PER_DOCUMENT) {
    await addDocument(opened, vectors, Math.min(CHUNKS_PER_DOCUMENT, size - done))
    if ((done / CHUNKS_PER_DOCUMENT) % 40 === 0) log(`  ${done} of ${size}`)
  }
}

let documents = 0

async function addDocument({ store, index, embedder, collectionId }, vectors, count) {
  const now = new Date()
  const id = `document ${documents++} of ${now.getTime()}`
  const document = {
    ...{ id, collectionId, externalId: null, title: 'x', mediaType: 'text/plain', metadata: {} },
    ...{ currentVersion: 1, status: 'READY', createdAt: now, updatedAt: now },
  }
  const canonicalText = 'x'.repeat(count)
  const version = {
    ...{ documentId: id, version: 1, canonicalText, textHash: id, originalHash: id, mediaType: 'text/plain' },
    ...{ sections: [], createdAt: now },
  }
  const chunks = Array.from({ length: count }, (_, at) => ({
    ...{ start: at, end: at + 1, tokenCount: 1, headingPath: [], vector: vectors() },
  }))
  const { added } = await store.transact(async (transactor) => {
    await transactor.documents.insert(document)
    await transactor.documents.insertVersion(version)
    return transactor.chunks.replace(document, version, chunks, embedder.id)
  })
  await index.apply(collectionId, {
    added: added.map((seq, at) => ({ seq, vector: chunks[at].vector })),
    removed: [],
  })
}

/** One pass over the store, for all questions together. */
async function recallAt10({ store, index, embedder, collectionId }, queries) {
  const nearest = queries.map(() => [])
  for (let after = 0; ; ) {
    const rows = await store.reader.chunks.vectorsAfter(embedder.id, collectionId, after, 5000)
    for (const [at, query] of queries.entries()) {
      const scored = rows.map(({ seq, vector }) => ({ seq, score: dot(vector, query) }))
      nearest[at] = [...nearest[at], ...scored].sort((a, b) => b.score - a.score).slice(0, 10)
    }
    if (rows.length < 5000) break
    after = rows.at(-1).seq
  }
  let found = 0
  for (const [at, query] of queries.entries()) {
    const hits = new Set((await index.search(collectionId, query, 10)).map(({ seq }) => seq))
    found += nearest[at].filter(({ seq }) => hits.has(seq)).length
  }
  return found / (10 * queries.length)
}

function dot(a, b) {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at]
  return sum
}
