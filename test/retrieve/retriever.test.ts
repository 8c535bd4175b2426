import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Passage } from '../../src/domain.js'
import { HnswIndex } from '../../src/index/hnsw/hnsw-index.js'
import { HNSW_SETTINGS } from '../../src/index/hnsw/settings.js'
import { createLogger } from '../../src/log.js'
import { LEXICAL_WEIGHT } from '../../src/retrieve/fusion.js'
import { type QueryEmbedder, Retriever } from '../../src/retrieve/retriever.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { addCollection, addDocument, chunksOf, EMBEDDER_ID, versionRow } from '../conformance/rows.js'

const DIMENSIONS = 64

/** A real embedding, if a plain one: counts of letter pairs. Texts that share words lie near. */
function embedText(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS)
  const letters = text.toLowerCase().replace(/[^a-z]/g, ' ')
  for (let at = 0; at + 1 < letters.length; at++) {
    const bucket = (letters.charCodeAt(at) * 31 + letters.charCodeAt(at + 1)) % DIMENSIONS
    vector[bucket] = (vector[bucket] ?? 0) + 1
  }
  const norm = Math.hypot(...vector) || 1
  return vector.map((value) => value / norm)
}
const embedder: QueryEmbedder = { embed: async (texts) => texts.map(embedText) }

describe('retrieval', () => {
  let folder: string
  let store: SqliteStore
  let index: HnswIndex
  let retriever: Retriever
  let collectionId: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docent-retrieve-'))
    const log = createLogger('silent')
    store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
    const settings = { ...HNSW_SETTINGS, exactUpTo: 20, exactAllowedUpTo: 5 }
    const indexed = { id: EMBEDDER_ID, name: 'embedder-1', dimensions: DIMENSIONS }
    index = new HnswIndex({ store, indexDir: join(folder, 'indexes'), embedder: indexed, log, settings })
    retriever = new Retriever({ reader: store.reader, index, embedder })
  })
  afterAll(async () => {
    await index[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  beforeEach(async () => {
    collectionId = (await addCollection(store)).id
  })
  afterEach(() => index.idle())

  const chunked = (pieces: readonly string[]) => chunksOf(pieces, (at) => embedText(pieces[at] as string))
  const add = async (pieces: readonly string[], title = 'A title', collection = collectionId) => {
    const chunks = chunked(pieces)
    const stored = await store.transact((transactor) => addDocument(transactor, collection, pieces, { title }, chunks))
    const added = stored.seqs.map((seq, at) => ({ seq, vector: chunks[at]?.vector as Float32Array }))
    await index.apply(collection, { added, removed: [] })
    return stored
  }
  const retrieve = (
    query: string,
    options: { topK?: number; perDocument?: number; documentIds?: string[]; collectionIds?: string[] } = {},
  ) => {
    const { topK = 8, perDocument, documentIds, collectionIds = [collectionId] } = options
    return retriever.retrieve(query, { collectionIds, filter: documentIds ? { documentIds } : {}, topK, perDocument })
  }

  it('finds the passage, with its text, its place and how it was found', async () => {
    const pieces = ['Gophers dig tunnels under lawns. ', 'The cafeteria opens at noon. ', 'Zebras have 😀 stripes.']
    const { document, seqs } = await add(pieces, 'Animals')
    const { passages, embedMs, retrieveMs } = await retrieve('When does the cafeteria open?')
    expect(passages[0]).toMatchObject({
      documentTitle: 'Animals',
      text: pieces[1],
      denseRank: 1,
      lexicalRank: 1,
      chunk: { seq: seqs[1], documentId: document.id, version: 1, collectionId, ordinal: 1 },
    })
    const { denseScore, lexicalScore, score } = passages[0] as Passage
    expect(denseScore).toBeGreaterThan(0)
    expect(lexicalScore).toBeGreaterThan(0)
    // It is the best by its words.
    expect(score).toBeCloseTo((denseScore as number) + LEXICAL_WEIGHT * Math.sqrt(lexicalScore as number))
    expect(embedMs).toBeGreaterThanOrEqual(0)
    expect(retrieveMs).toBeGreaterThan(0)
    const zebra = (await retrieve('zebras stripes')).passages[0]
    expect(zebra?.text).toBe(pieces[2])
  })

  it('gives no passage twice, at most topK, best first, each a slice of its document', async () => {
    const pieces = Array.from({ length: 40 }, (_, at) => `Paragraph number ${at} speaks of taxes and fees. `)
    const { version } = await add(pieces)
    await index.idle()
    const { passages } = await retrieve('taxes and fees of paragraph 7', { topK: 30 })
    expect(passages).toHaveLength(30)
    expect(new Set(passages.map(({ chunk }) => chunk.seq)).size).toBe(30)
    const scores = passages.map(({ score }) => score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    for (const { chunk, text } of passages) expect(text).toBe(version.canonicalText.slice(chunk.start, chunk.end))
    expect((await retrieve('taxes', { topK: 1 })).passages).toHaveLength(1)
    expect((await retrieve('taxes', { topK: 100 })).passages).toHaveLength(40)
  })

  it('lets the best of near-equal passages stand for the others, unless a number or a negation differs', async () => {
    const policy =
      'Employees who travel by train are paid back the full price of the ticket when they hand in the receipt within ' +
      'thirty days of the journey, and may choose the first class on journeys that take longer than three hours'
    const other = await addCollection(store)
    const original = await add([`${policy}.`])
    const copy = await add([`${policy} indeed.`])
    const limited = await add([`${policy}, up to 500 dollars.`])
    const negated = await add([policy.replace('may choose', 'may not choose')])
    const elsewhere = await add([`${policy}.`], 'A title', other.id)
    const found = async (collectionIds: string[], topK = 8) =>
      (await retrieve(policy, { collectionIds, topK })).passages.map(({ chunk, duplicates }) => [
        chunk.documentId,
        ...duplicates,
      ])
    const here = await found([collectionId])
    expect(here.map(([first]) => first).sort()).toEqual(
      [original, limited, negated].map((one) => one.document.id).sort(),
    )
    expect(here).toContainEqual([original.document.id, copy.document.id])
    expect(await found([collectionId], 1)).toEqual([[original.document.id]])
    expect(await found([collectionId, other.id])).toHaveLength(4)
    expect(await found([other.id])).toEqual([[elsewhere.document.id]])
  })

  it('lets one document take all places, or where that is asked for no more of them than others leave empty', async () => {
    const book = await add(Array.from({ length: 9 }, (_, at) => `Badgers dig setts and badgers dig on, page ${at}. `))
    const others = await Promise.all([
      add(['A badger was seen by the gardener of the town hall. ']),
      add(['The mayor speaks of bees, of a badger and of the new bridge. ']),
    ])
    const ids = [book, ...others].map(({ document }) => document.id)
    const found = async (options: Parameters<typeof retrieve>[1]) => {
      const { passages } = await retrieve('badgers dig setts', options)
      expect(passages.map(({ score }) => score)).toEqual(passages.map(({ score }) => score).sort((a, b) => b - a))
      expect(new Set(passages.map(({ chunk }) => chunk.seq)).size).toBe(passages.length)
      return ids.map((id) => passages.filter(({ chunk }) => chunk.documentId === id).length)
    }
    expect(await found({ topK: 4 })).toEqual([4, 0, 0])
    expect(await found({ topK: 4, perDocument: 2 })).toEqual([2, 1, 1])
    expect(await found({ topK: 8, perDocument: 2 })).toEqual([6, 1, 1])
    expect(await found({ topK: 50, perDocument: 1 })).toEqual([9, 1, 1])
    expect(await found({ topK: 4, perDocument: 1, documentIds: [book.document.id] })).toEqual([4, 0, 0])
    const [unlimited, limited] = await Promise.all([
      retrieve('badgers dig'),
      retrieve('badgers dig', { perDocument: 8 }),
    ])
    expect(limited.passages).toEqual(unlimited.passages)
  })

  it('keeps to the documents and the collections it is given; none given means all', async () => {
    const a = await add(['Walruses sleep on the ice. '], 'A')
    const b = await add(['Walruses eat clams. '], 'B')
    const other = await addCollection(store)
    const c = await add(['Walruses dive deep. '], 'C', other.id)
    const titles = async (options: Parameters<typeof retrieve>[1]) =>
      (await retrieve('walruses', options)).passages.map(({ documentTitle }) => documentTitle).sort()
    expect(await titles({})).toEqual(['A', 'B'])
    expect(await titles({ collectionIds: [other.id] })).toEqual(['C'])
    expect(await titles({ collectionIds: [collectionId, other.id] })).toEqual(['A', 'B', 'C'])
    expect(await titles({ documentIds: [b.document.id] })).toEqual(['B'])
    expect(await titles({ documentIds: [] })).toEqual([])
    const everywhere = (await retrieve('walruses', { collectionIds: [] })).passages.map(({ chunk }) => chunk.documentId)
    expect(everywhere).toEqual(expect.arrayContaining([a.document.id, b.document.id, c.document.id]))
  })

  it('leaves out what was replaced or deleted, even before the index is told', async () => {
    const { document } = await add(['Otters hold hands while they sleep. '])
    const gone = await add(['Otters are loud. '])
    await store.transact(({ documents }) => documents.remove(gone.document.id))
    const version = versionRow(document.id, 'Otters use stones as tools. ', 2)
    await store.transact(async (transactor) => {
      await transactor.documents.insertVersion(version)
      await transactor.chunks.replace(document, version, chunked([version.canonicalText]), EMBEDDER_ID)
    })
    const { passages } = await retrieve('otters')
    expect(passages.map(({ text }) => text)).toEqual([version.canonicalText])
    expect(passages[0]).toMatchObject({ denseRank: null, denseScore: null, lexicalRank: 1, chunk: { version: 2 } })
  })

  it('finds by meaning alone where no word can match', async () => {
    await add(['Penguins waddle. '])
    const { passages } = await retrieve('penguinswaddling')
    expect(passages[0]).toMatchObject({ lexicalRank: null, lexicalScore: null, denseRank: 1 })
  })

  it('finds nothing in an empty collection, and refuses what makes no sense', async () => {
    expect((await retrieve('anything')).passages).toEqual([])
    await expect(retrieve('x', { collectionIds: ['none'] })).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' })
    await expect(retrieve('x', { topK: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(retrieve('x', { perDocument: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
