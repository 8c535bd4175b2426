import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Document, DocumentVersion } from '../../src/domain.js'
import { Documents } from '../../src/ingest/documents.js'
import { Originals } from '../../src/ingest/originals.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import type { Store } from '../../src/store/store.js'
import { embedderOf } from '../conformance/rows.js'

let folder: string
let store: Store
let documents: Documents
let queued: number
let removed: { collectionId: string; seqs: readonly number[] }[]
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-documents-'))
  store = await SqliteStore.open({ path: path.join(folder, 'docent.db'), log: createLogger('silent') })
  queued = 0
  removed = []
  documents = new Documents({
    store,
    originals: new Originals(path.join(folder, 'originals')),
    maxUploadBytes: 1000,
    onQueued: () => {
      queued++
    },
    onRemoved: async (collectionId, seqs) => {
      removed.push({ collectionId, seqs })
    },
  })
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const originals = async () => (await readdir(path.join(folder, 'originals'))).filter((name) => name !== '.incoming')
const documentOf = async (job: { payload: Record<string, unknown> }) =>
  (await store.reader.documents.get(job.payload.documentId as string)) as Document

/** What the ingest job leaves behind. */
async function ingest(document: Document, canonicalText: string, originalHash = 'original'): Promise<void> {
  const version: DocumentVersion = {
    documentId: document.id,
    version: document.currentVersion + 1,
    canonicalText,
    textHash: 'text',
    originalHash,
    mediaType: document.mediaType,
    ...{ fileName: null, ownTitle: null, ownMetadata: {} },
    sections: [{ start: 0, end: canonicalText.length, headingPath: [] }],
    createdAt: new Date(),
  }
  const vector = new Float32Array(384)
  vector[0] = 1
  await store.transact(async (transactor) => {
    await transactor.documents.insertVersion(version)
    await transactor.documents.update(document.id, { currentVersion: version.version, status: 'READY' })
    const chunk = { start: 0, end: canonicalText.length, tokenCount: 1, headingPath: [], vector, embeddingKey: null }
    await transactor.chunks.replace(document, version, [chunk], (await embedderOf(transactor)).id)
  })
}

describe('adding a document', () => {
  it('keeps the original, a document that is processing and a queued job', async () => {
    const job = await documents.add({ fileName: 'a.md', content: Readable.from(['# A']), metadata: { team: 'x' } })
    const document = await documentOf(job)
    expect(document).toMatchObject({
      title: 'a.md',
      mediaType: 'text/markdown',
      metadata: { team: 'x' },
      currentVersion: 0,
      status: 'PROCESSING',
      externalId: null,
    })
    expect(job).toMatchObject({ kind: 'ingest', status: 'QUEUED', attempts: 0 })
    expect(job.payload).toMatchObject({ mediaType: 'text/markdown', fileName: 'a.md', reparse: false })
    expect(await store.reader.jobs.get(job.id)).toEqual(job)
    expect(await originals()).toEqual([job.payload.originalHash])
    expect(queued).toBe(1)
  })

  it('makes a collection of a name on first use, and finds it by name and by id', async () => {
    const first = await documentOf(await documents.add({ title: 'A', content: 'a', collection: 'policies' }))
    const second = await documentOf(await documents.add({ title: 'B', content: 'b', collection: 'policies' }))
    const third = await documentOf(await documents.add({ title: 'C', content: 'c', collection: first.collectionId }))
    const fourth = await documentOf(await documents.add({ title: 'D', content: 'd' }))
    expect(second.collectionId).toBe(first.collectionId)
    expect(third.collectionId).toBe(first.collectionId)
    expect((await store.reader.collections.get(fourth.collectionId))?.name).toBe('default')
    expect((await store.reader.collections.all()).map(({ name }) => name).sort()).toEqual(['default', 'policies'])
  })

  it('makes the next version of a document that has the same external id, which goes on answering', async () => {
    const document = await documentOf(await documents.add({ externalId: 'x', content: 'one' }))
    await ingest(document, 'one')
    const again = await documents.add({ externalId: 'x', content: 'two', metadata: { new: true } })
    expect(await documentOf(again)).toMatchObject({
      id: document.id,
      status: 'READY',
      currentVersion: 1,
      metadata: { new: true },
    })
    expect((await documents.text(document.id)).text).toBe('one')
    const elsewhere = await documents.add({ externalId: 'x', content: 'two', collection: 'other' })
    expect(elsewhere.payload.documentId).not.toBe(document.id)
  })

  it('tries a document again whose first version failed', async () => {
    const document = await documentOf(await documents.add({ externalId: 'x', content: 'one' }))
    await store.transact((transactor) => transactor.documents.update(document.id, { status: 'FAILED' }))
    expect(await documentOf(await documents.add({ externalId: 'x', content: 'two' }))).toMatchObject({
      id: document.id,
      status: 'PROCESSING',
    })
  })

  it('makes a new document of an external id whose document was deleted', async () => {
    const document = await documentOf(await documents.add({ externalId: 'x', content: 'one' }))
    await documents.remove(document.id)
    const job = await documents.add({ externalId: 'x', content: 'one' })
    expect(job.payload.documentId).not.toBe(document.id)
  })

  it.each([
    ['a file that is too large', { fileName: 'a.txt', content: 'x'.repeat(1001) }, 'TOO_LARGE'],
    ['an empty file', { fileName: 'a.txt', content: '' }, 'EMPTY_DOCUMENT'],
    ['a binary posing as text', { fileName: 'a.txt', content: 'GIF89a\u0001\u0000\u0001\u0000' }, 'CONTENT_MISMATCH'],
    ['a type that nobody reads', { fileName: 'a.mp4', content: 'x' }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['content that is not what it is called', { fileName: 'a.docx', content: 'x' }, 'CONTENT_MISMATCH'],
    ['an external id without characters', { externalId: ' ', content: 'x' }, 'INVALID_INPUT'],
    ['a title without end', { title: 'x'.repeat(501), content: 'x' }, 'INVALID_INPUT'],
  ])('refuses %s and keeps nothing of it', async (_, upload, code) => {
    await expect(documents.add(upload)).rejects.toMatchObject({ code })
    expect((await store.reader.documents.page({ first: 10 })).items).toEqual([])
    expect((await store.reader.jobs.page({ first: 10 })).items).toEqual([])
    expect(await originals().catch(() => [])).toEqual([])
    expect(queued).toBe(0)
  })
})

describe('removing a document', () => {
  it('leaves a tombstone without text, and tells the index which chunks are gone', async () => {
    const document = await documentOf(await documents.add({ title: 'A', content: 'text' }))
    await ingest(document, 'text')
    const seqs = (await store.reader.chunks.ofDocument(document.id)).map(({ seq }) => seq)
    expect(await documents.remove(document.id)).toMatchObject({ id: document.id, status: 'DELETED', title: '' })
    expect(removed).toEqual([{ collectionId: document.collectionId, seqs }])
    await expect(documents.text(document.id)).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
  })

  it('removes the originals of all its versions with the last document that holds them', async () => {
    const upload = async (externalId: string, content: string) => {
      const job = await documents.add({ externalId, content })
      const document = await documentOf(job)
      await ingest(document, content, job.payload.originalHash as string)
      return { id: document.id, hash: job.payload.originalHash as string }
    }
    const shared = await upload('x', 'shared')
    const own = await upload('x', 'own')
    const other = await upload('y', 'shared')
    const failed = await documents.add({ externalId: 'z', content: 'never read' })
    expect([shared.id, shared.hash]).toEqual([own.id, other.hash])
    expect(await originals()).toHaveLength(3)
    await documents.remove(own.id)
    expect((await originals()).sort()).toEqual([shared.hash, failed.payload.originalHash as string].sort())
    await documents.remove(other.id)
    await documents.remove(failed.payload.documentId as string)
    expect(await originals()).toEqual([])
  })

  it('never loses the original of an upload of the same bytes that comes meanwhile', async () => {
    let last = await documents.add({ content: 'the same bytes' })
    for (let round = 0; round < 30; round++) {
      const [next] = await Promise.all([
        // In another collection each time: within one they would be one document.
        documents.add({ content: 'the same bytes', collection: `${round}` }),
        documents.remove(last.payload.documentId as string),
      ])
      expect(await originals()).toEqual([next.payload.originalHash])
      last = next
    }
  })

  it('twice changes nothing, and of an unknown id fails', async () => {
    const document = await documentOf(await documents.add({ title: 'A', content: 'text' }))
    await documents.remove(document.id)
    expect((await documents.remove(document.id)).status).toBe('DELETED')
    await expect(documents.remove('nothing')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
  })
})

describe('the text of a document', () => {
  it('is that of the current version, or of the one asked for', async () => {
    const document = await documentOf(await documents.add({ externalId: 'x', content: 'one' }))
    await expect(documents.text(document.id)).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
    await ingest(document, 'one')
    await ingest({ ...document, currentVersion: 1 }, 'two')
    expect(await documents.text(document.id)).toEqual({ text: 'two', version: 2 })
    expect(await documents.text(document.id, 1)).toEqual({ text: 'one', version: 1 })
    await expect(documents.text(document.id, 3)).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
  })
})
