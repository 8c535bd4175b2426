import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Document, Job } from '../../src/domain.js'
import type { VectorChanges } from '../../src/index/vector-index.js'
import { Documents, type Upload } from '../../src/ingest/documents.js'
import { Originals } from '../../src/ingest/originals.js'
import { type OriginalFile, prepareFile } from '../../src/ingest/prepare.js'
import { IngestJobs } from '../../src/jobs/ingest.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { createLogger } from '../../src/log.js'
import type { OpenedEmbedder } from '../../src/retrieve/serving-embedder.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { DIMENSIONS, EMBEDDER_ID, embedderOf, embedderRow } from '../conformance/rows.js'

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
let serving: OpenedEmbedder
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
    return texts.map((text) => new Float32Array(DIMENSIONS).fill(text.length))
  }
  // An ingest job asks it for nothing else.
  serving = { record: await store.transact(embedderOf), embed } as unknown as OpenedEmbedder
  const prepare = (file: OriginalFile) => {
    parsed++
    return prepareFile(file, tokenizer)
  }
  const ingest = new IngestJobs({
    ...{ store, originals },
    embedder: { get: async () => serving, apply: async (_, __, changes) => void indexed.push(changes) },
    preparer: async () => ({ prepare }),
    partsDir: join(folder, 'parts'),
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
    const vectors = await store.reader.chunks.vectorsOf(
      EMBEDDER_ID,
      chunks.map(({ seq }) => seq),
    )
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

  it('are those of the embedder that serves when they are stored, although another began', async () => {
    const next = await store.transact(({ embedders }) => embedders.insert(embedderRow({ name: 'next', dimensions: 5 })))
    const asked: string[] = []
    const before = serving
    const embed = async (texts: readonly string[]) => {
      asked.push('before')
      serving = {
        ...before,
        record: next,
        embed: async (again: readonly string[]) => {
          asked.push('next')
          return again.map(() => new Float32Array(5).fill(1))
        },
      }
      await store.transact(({ embedders }) => embedders.makeCurrent(next.id, new Date()))
      return texts.map(() => new Float32Array(DIMENSIONS))
    }
    serving = { ...before, embed }
    const { job, document } = await add({ fileName: 'one.md', content: 'The library opens at nine.' })
    expect(job).toMatchObject({ status: 'SUCCEEDED', attempts: 1 })
    expect(asked).toEqual(['before', 'next'])
    const [chunk] = await store.reader.chunks.ofDocument(document.id)
    const rows = [{ seq: chunk?.seq, vector: new Float32Array(5).fill(1) }]
    expect(await store.reader.chunks.vectorsAfter(next.id, document.collectionId, 0, 9)).toEqual(rows)
    expect(await store.reader.chunks.vectorsAfter(EMBEDDER_ID, document.collectionId, 0, 9)).toEqual([])
    expect(indexed).toEqual([{ added: rows, removed: [] }])
  })

  it('of another collection are never taken', async () => {
    await add({ externalId: 'a', content: HANDBOOK, collection: 'one' })
    const all = embedded.length
    await add({ externalId: 'a', content: HANDBOOK, collection: 'two' })
    expect(embedded).toHaveLength(all)
  })
})

const titleOf = async (id: string) => (await store.reader.documents.get(id))?.title
const namesOf = (id: string) => store.reader.documents.namesOf(id)
const update = async (id: string, change: Parameters<Documents['update']>[1]) => {
  embedded.length = 0
  parsed = 0
  return ended(await documents.update(id, change))
}

describe('the same bytes again', () => {
  it('are not even parsed, unless that is asked for; what reads the same makes no version then', async () => {
    const first = await add({ externalId: 'a.md', fileName: 'a.md', content: HANDBOOK })
    const again = await add({ externalId: 'a.md', fileName: 'a.md', content: HANDBOOK })
    expect(again.job.progress.stage).toBe('nothing new')
    expect(parsed).toBe(0)
    const reparsed = await add({ externalId: 'a.md', fileName: 'a.md', content: HANDBOOK, reparse: true })
    expect(reparsed.job.progress.stage).toBe('nothing new')
    expect([parsed, embedded.length]).toEqual([1, 0])
    expect(await documentOf(again.job)).toMatchObject({ id: first.document.id, currentVersion: 1, status: 'READY' })
  })

  it('make a version when another parser reads them otherwise', async () => {
    const { document } = await add({ externalId: 'a', mediaType: 'text/plain', content: '# *A*' })
    expect((await documents.text(document.id)).text).toBe('# *A*')
    await add({ externalId: 'a', mediaType: 'text/markdown', content: '# *A*' })
    expect(await documents.text(document.id)).toEqual({ text: 'A', version: 2 })
  })

  it('of a version that is past are read again', async () => {
    const { document } = await add({ externalId: 'a', content: 'one' })
    await add({ externalId: 'a', content: 'two' })
    await add({ externalId: 'a', content: 'one' })
    expect(await documents.text(document.id)).toEqual({ text: 'one', version: 3 })
  })
})

describe('what is said of a document', () => {
  it('changes without its file: a title in the index too, metadata at once, and nothing is embedded for nothing', async () => {
    const content = '---\nlanguage: en\n---\n\n# Leave\n\nTwelve weeks.'
    const { document } = await add({ fileName: 'leave.md', content, metadata: { team: 'hr' } })
    expect(document).toMatchObject({ title: 'Leave', metadata: { language: 'en', team: 'hr' } })
    const accepted = await documents.update(document.id, { metadata: { team: 'people' } })
    const { givenMetadata, metadata } = await documentOf(accepted)
    expect([givenMetadata, metadata]).toEqual([{ team: 'people' }, { language: 'en', team: 'people' }])
    expect((await ended(accepted)).progress.stage).toBe('nothing new')

    await update(document.id, { title: 'Parental leave' })
    expect(await documentOf(accepted)).toMatchObject({ title: 'Parental leave', currentVersion: 2 })
    expect(parsed).toBe(1)
    const options = { collectionIds: [], filter: {}, limit: 5 }
    expect(await store.reader.chunks.searchLexical('parental', options)).toHaveLength(1)
    // It stays when the file changes, and goes when it is taken back.
    await update(document.id, { content: content.replace('Twelve', 'Ten') })
    expect(await titleOf(document.id)).toBe('Parental leave')
    await update(document.id, { title: '' })
    expect(await documentOf(accepted)).toMatchObject({ title: 'Leave', metadata: { language: 'en', team: 'people' } })
  })

  it('is not outranked by what an earlier file said of itself', async () => {
    const { document } = await add({ fileName: 'a.md', content: '---\nlanguage: en\n---\n\nHello.' })
    await update(document.id, { content: '---\nlanguage: de\n---\n\nHallo.' })
    expect(await store.reader.documents.get(document.id)).toMatchObject({ metadata: { language: 'de' } })
  })

  it('outranks the language that its text is found to have, which filters know, and comes back when it is taken back', async () => {
    const content =
      'The office is open to visitors from nine in the morning; whoever comes later rings twice at the back door.'
    const { document } = await add({ fileName: 'a.md', content })
    expect(document.metadata).toEqual({ language: 'en', languageDetected: true })
    const found = async (language: string) =>
      (await store.reader.documents.page({ first: 5, filter: { language } })).items.map(({ id }) => id)
    expect([await found('en'), await found('fr')]).toEqual([[document.id], []])
    const given = await documentOf(await documents.update(document.id, { metadata: { language: 'fr' } }))
    expect(given.metadata).toEqual({ language: 'fr' })
    expect([await found('en'), await found('fr')]).toEqual([[], [document.id]])
    await update(document.id, { content: content.replace('nine', 'ten') })
    expect(await store.reader.documents.get(document.id)).toMatchObject({ metadata: { language: 'fr' } })
    const back = await documentOf(await documents.update(document.id, { metadata: {} }))
    expect(back.metadata).toEqual({ language: 'en', languageDetected: true })
  })

  it('is refused of a document that is not there, was deleted, or never had a file that could be read', async () => {
    await expect(documents.update('none', {})).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
    const { document } = await add({ content: '  \n' })
    expect(document.status).toBe('FAILED')
    await expect(documents.update(document.id, { title: 'A' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect((await update(document.id, { content: 'text' })).status).toBe('SUCCEEDED')
    await documents.remove(document.id)
    await expect(documents.update(document.id, { content: 'x' })).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
  })
})

describe('an earlier version', () => {
  it('is restored as the next one, from its own file', async () => {
    const { document } = await add({ fileName: 'a.md', content: '# One\n\nFirst.' })
    await update(document.id, { content: 'Second.', mediaType: 'text/plain' })
    const job = await ended(await documents.restore(document.id, 1))
    expect(job.status).toBe('SUCCEEDED')
    expect(await documents.text(document.id)).toEqual({ text: 'One\n\nFirst.', version: 3 })
    expect((await documents.text(document.id, 2)).text).toBe('Second.')
    const versions = await store.reader.documents.versions(document.id)
    expect(versions.map(({ version, mediaType, fileName }) => [version, mediaType, fileName])).toEqual([
      [3, 'text/markdown', 'a.md'],
      [2, 'text/plain', null],
      [1, 'text/markdown', 'a.md'],
    ])
    expect(versions[0]?.originalHash).toBe(versions[2]?.originalHash)
  })

  it('cannot be restored when there is none, or of a deleted document', async () => {
    const { document } = await add({ content: 'text' })
    await expect(documents.restore(document.id, 2)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })
    await documents.remove(document.id)
    await expect(documents.restore(document.id, 1)).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
  })
})

describe('exact duplicates', () => {
  it('are one document with several names, which is read once', async () => {
    const [first, second] = await Promise.all([
      documents.add({ externalId: 'a.md', fileName: 'a.md', content: 'The same.' }),
      documents.add({ externalId: 'b.md', fileName: 'b.md', content: 'The same.' }),
    ])
    await Promise.all([ended(first), ended(second)])
    const { document } = await add({ externalId: 'c.md', fileName: 'c.md', content: 'The same.' })
    expect([first, second].map(({ payload }) => payload.documentId)).toEqual([document.id, document.id])
    expect((await namesOf(document.id)).sort()).toEqual(['a.md', 'b.md', 'c.md'])
    expect(document).toMatchObject({ currentVersion: 1, externalId: expect.stringMatching(/^[ab]\.md$/) })
    expect(parsed).toBe(0)
    for (const name of ['a.md', 'b.md', 'c.md']) {
      const found = await store.reader.documents.byExternalId(document.collectionId, name)
      expect(found?.id).toBe(document.id)
    }
  })

  it('are not looked for in another collection, nor joined when something else is said of them', async () => {
    const upload = { externalId: 'a.md', fileName: 'a.md', content: 'The same.' }
    const ids = [
      await add(upload),
      await add({ ...upload, externalId: 'b.md', collection: 'other' }),
      await add({ ...upload, externalId: 'c.md', title: 'C' }),
      await add({ ...upload, externalId: 'd.md', metadata: { team: 'x' } }),
      await add({ ...upload, externalId: 'e.md', mediaType: 'text/plain', fileName: 'e.txt' }),
      await add({ ...upload, externalId: undefined }),
    ].map(({ document }) => document.id)
    expect(new Set(ids).size).toBe(6)
    expect((await add({ ...upload, externalId: 'f.md', metadata: { team: 'x' } })).document.id).toBe(ids[3])
    expect((await add({ ...upload, externalId: undefined })).document.id).toBe(ids[5])
  })

  it('part when one of them changes, with what was said of them', async () => {
    const same = { fileName: 'a.md', content: 'The same.', metadata: { team: 'x' } }
    const { document } = await add({ ...same, externalId: 'a.md' })
    await add({ ...same, externalId: 'b.md' })
    const changed = await add({ externalId: 'a.md', fileName: 'a.md', content: 'Another.' })
    expect(changed.document).toMatchObject({ externalId: 'a.md', currentVersion: 1, metadata: { team: 'x' } })
    expect(changed.document.id).not.toBe(document.id)
    expect(await documents.text(document.id)).toEqual({ text: 'The same.', version: 1 })
    expect(await namesOf(document.id)).toEqual(['b.md'])
    // The last name is the document itself.
    const last = await add({ externalId: 'b.md', fileName: 'b.md', content: 'A third.' })
    expect(last.document).toMatchObject({ id: document.id, currentVersion: 2 })
  })

  it('lose a name at a time; the last one takes the document with it', async () => {
    const { document } = await add({ externalId: 'a', content: 'The same.' })
    await add({ externalId: 'b', content: 'The same.' })
    const remove = (name: string) => documents.removeName(document.collectionId, name)
    expect(await remove('a')).toMatchObject({ id: document.id, status: 'READY', externalId: 'b' })
    await expect(remove('a')).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
    expect(await remove('b')).toMatchObject({ id: document.id, status: 'DELETED', externalId: null })
    expect((await add({ externalId: 'b', content: 'The same.' })).document.id).not.toBe(document.id)
  })
})
