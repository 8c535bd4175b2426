import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Document } from '../../../src/domain.js'
import { NearDocuments, type NearRequest } from '../../../src/index/near-documents/near-documents.js'
import { createLogger } from '../../../src/log.js'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.js'
import { addCollection, addDocument, chunksOf, EMBEDDER_ID, versionRow } from '../../conformance/rows.js'

const log = createLogger('silent')

let folder: string
let store: SqliteStore
let near: NearDocuments
let collectionId: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-near-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
  near = new NearDocuments({ reader: store.reader, log })
  collectionId = (await addCollection(store)).id
})
afterEach(async () => {
  await near[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const rulesOf = (subject: string) =>
  Array.from({ length: 40 }, (_, at) => `Rule ${at} of ${subject} holds on day ${at * 7}.`).join('\n')

const add = async (text: string, collection = collectionId): Promise<Document> =>
  (await store.transact((transactor) => addDocument(transactor, collection, [text]))).document

const replace = (document: Document, text: string) =>
  store.transact(async (transactor) => {
    const version = versionRow(document.id, text, 2)
    await transactor.documents.insertVersion(version)
    await transactor.documents.update(document.id, { currentVersion: 2 })
    await transactor.chunks.replace(document, version, chunksOf([text]), EMBEDDER_ID)
  })

const page = (request: Partial<NearRequest> = {}) =>
  near.page({ collectionIds: [collectionId], first: 100, ...request })

/** Newer document -> older ones. */
const found = async (request: Partial<NearRequest> = {}) =>
  (await page(request)).items.map(({ documentId, matches }) => [
    documentId,
    ...matches.map((match) => match.documentId),
  ])

it('a document is reported with the older ones that it repeats, and with what differs', async () => {
  const leave = await add(rulesOf('leave'))
  await add(rulesOf('travel'))
  const changed = await add(rulesOf('leave').replace('day 49', 'day 50'))
  const { items, nextCursor } = await page()
  expect(nextCursor).toBeNull()
  expect(items).toMatchObject([
    {
      ...{ documentId: changed.id, version: 1 },
      matches: [{ documentId: leave.id, version: 1, onlyHere: [{ text: '50' }], onlyThere: [{ text: '49' }] }],
    },
  ])
  const share = items[0]?.matches[0]?.share ?? 0
  expect(share).toBeGreaterThan(0.95)
  expect(share).toBeLessThan(1)
})

it('never across collections, also when both are asked for', async () => {
  const other = (await addCollection(store)).id
  await add(rulesOf('leave'))
  await add(rulesOf('leave'), other)
  expect(await found({ collectionIds: [collectionId, other] })).toEqual([])
  const copy = await add(rulesOf('leave'), other)
  expect((await found({ collectionIds: [collectionId, other] })).map(([id]) => id)).toEqual([copy.id])
})

it('what is deleted or replaced is never shown, and what it becomes is', async () => {
  const [first, second, third] = [await add(rulesOf('leave')), await add(rulesOf('leave')), await add(rulesOf('leave'))]
  expect(await found()).toEqual([
    [third.id, first.id, second.id],
    [second.id, first.id],
  ])
  await store.transact(({ documents }) => documents.remove(first.id))
  expect(await found()).toEqual([[third.id, second.id]])
  await replace(second, rulesOf('travel'))
  expect(await found()).toEqual([])
  const travel = await add(rulesOf('travel'))
  expect(await page()).toMatchObject({
    items: [{ documentId: travel.id, matches: [{ documentId: second.id, version: 2 }] }],
  })
})

it('pages go on where the last one ended, newest first', async () => {
  const documents: Document[] = []
  for (let at = 0; at < 5; at++) documents.push(await add(`${rulesOf('leave')} Copy ${at}.`))
  const ids: string[] = []
  for (let after: string | undefined, pages = 0; ; pages++) {
    const { items, nextCursor } = await page({ first: 2, after })
    ids.push(...items.map(({ documentId }) => documentId))
    if (nextCursor === null) {
      expect(pages).toBe(1)
      break
    }
    after = nextCursor
  }
  expect(ids).toEqual(
    documents
      .slice(1)
      .map(({ id }) => id)
      .toReversed(),
  )
})

it('nearest first, and nothing below the share that is asked for', async () => {
  const half = rulesOf('leave').split('\n').slice(0, 28).join('\n')
  const far = await add(half)
  const same = await add(rulesOf('leave'))
  const newest = await add(`${rulesOf('leave')} One word more.`)
  expect(await found({ minShare: 0.6 })).toEqual([
    [newest.id, same.id, far.id],
    [same.id, far.id],
  ])
  expect(await found()).toEqual([[newest.id, same.id]])
  expect(await found({ minShare: 1 })).toEqual([])
  for (const minShare of [0.4, 1.1, Number.NaN]) {
    await expect(page({ minShare })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }
  await expect(page({ after: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

it('of many copies each is reported, with as many others as are compared', async () => {
  for (let at = 0; at < 105; at++) await add(`${rulesOf('leave')} Copy ${at}.`)
  const { items } = await page({ first: 200 })
  expect(items).toHaveLength(104)
  for (const [at, { matches }] of items.toReversed().entries()) expect(matches).toHaveLength(Math.min(20, at + 1))
})

it('says how far it is, and reads once what did not change', async () => {
  for (let at = 0; at < 3; at++) await add(rulesOf(`subject ${at}`))
  const progress = async () => {
    const seen: object[] = []
    for await (const each of near.prepare([collectionId])) seen.push(each)
    return seen
  }
  expect((await progress()).at(-1)).toEqual({ done: 3, total: 3 })
  await add(rulesOf('another'))
  expect((await progress()).at(-1)).toEqual({ done: 1, total: 1 })
  expect((await progress()).at(-1)).toEqual({ done: 0, total: 0 })
})

it('texts without words, and texts that are too long, are near to nothing and hold nobody up', async () => {
  for (let at = 0; at < 2; at++) await add('– – –')
  const long = `${'x'.repeat(5_000_000)} y`
  for (let at = 0; at < 2; at++) await add(long)
  expect(await found()).toEqual([])
})

it('a watcher who leaves holds nobody up', async () => {
  await add(rulesOf('leave'))
  const watch = near.prepare([collectionId])
  await watch.next()
  const copy = await add(rulesOf('leave'))
  expect((await found()).map(([id]) => id)).toEqual([copy.id])
  await watch.return()
})
