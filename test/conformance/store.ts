/**
 * What every Store must do. `open` gives a store over the data of `folder`, made when there is none yet; the same folder
 * opened again holds the same rows.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  Answer,
  Collection,
  Correction,
  DocumentFilter,
  Job,
  JsonObject,
  MetadataCondition,
  Place,
} from '../../src/domain.js'
import { DocentError } from '../../src/errors.js'
import type { Store } from '../../src/store/store.js'
import {
  addCollection,
  addDocument,
  chunksOf,
  collectionRow,
  correctionRow,
  documentRow,
  EMBEDDER_ID,
  embedderOf,
  embedderRow,
  interactionRow,
  jobRow,
  labelRow,
  runRow,
  stepRow,
  unitVector,
  versionRow,
} from './rows.js'

export function describeStore(name: string, open: (folder: string) => Promise<Store>): void {
  describe(`the store contract on ${name}`, () => {
    let folder: string
    let store: Store
    let collection: Collection

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'docent-store-'))
      store = await open(folder)
      collection = await addCollection(store)
    })
    afterEach(async () => {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    })

    const document = (pieces: readonly string[], fields = {}) =>
      store.transact((transactor) => addDocument(transactor, collection.id, pieces, fields))
    const search = async (query: string, options: { collectionIds?: string[]; documentIds?: string[] } = {}) => {
      const { collectionIds = [], documentIds } = options
      const filter = documentIds ? { documentIds } : {}
      return (await store.reader.chunks.searchLexical(query, { collectionIds, filter, limit: 10 })).map(
        (hit) => hit.seq,
      )
    }

    describe('transactions', () => {
      it('returns what the work returns and shows its rows to the reader', async () => {
        const added = collectionRow()
        const result = await store.transact(async ({ collections }) => {
          await collections.insert(added)
          return 7
        })
        expect(result).toBe(7)
        expect(await store.reader.collections.get(added.id)).toEqual(added)
      })

      it('sees its own writes, which the reader does not see before the end', async () => {
        const added = collectionRow()
        await store.transact(async ({ collections }) => {
          await collections.insert(added)
          expect(await collections.get(added.id)).toEqual(added)
          expect(await store.reader.collections.get(added.id)).toBeUndefined()
        })
      })

      it('rolls everything back when the work throws, and works on', async () => {
        const added = collectionRow()
        const failing = store.transact(async (transactor) => {
          await transactor.collections.insert(added)
          await addDocument(transactor, added.id, ['some words'])
          throw new DocentError('INVALID_INPUT', 'changed my mind')
        })
        await expect(failing).rejects.toMatchObject({ code: 'INVALID_INPUT' })
        expect(await store.reader.collections.get(added.id)).toBeUndefined()
        expect(await store.reader.chunks.count()).toBe(0)
        expect(await search('words')).toEqual([])
        await store.transact(({ collections }) => collections.insert(added))
        expect(await store.reader.collections.get(added.id)).toEqual(added)
      })

      it('rolls everything back when a statement fails', async () => {
        const added = collectionRow()
        const failing = store.transact(async ({ collections }) => {
          await collections.insert(added)
          await collections.insert(collection)
        })
        await expect(failing).rejects.toMatchObject({ code: 'INTERNAL' })
        expect(await store.reader.collections.get(added.id)).toBeUndefined()
      })

      it('runs one after another, so that reading and then writing loses no update', async () => {
        const job = jobRow()
        await store.transact(({ jobs }) => jobs.insert(job))
        const increment = () =>
          store.transact(async ({ jobs }) => {
            const attempts = (await jobs.get(job.id))?.attempts ?? 0
            await jobs.update(job.id, { attempts: attempts + 1 })
          })
        await Promise.all(Array.from({ length: 20 }, increment))
        expect(await store.reader.jobs.get(job.id)).toMatchObject({ attempts: 20 })
      })

      it('lets no transactor write after its end', async () => {
        let late: (() => Promise<void>) | undefined
        await store.transact(async ({ collections }) => {
          late = () => collections.insert(collectionRow())
        })
        await expect(late?.()).rejects.toThrow()
        expect(await store.reader.collections.all()).toEqual([collection])
      })

      it('keeps every committed row when it is opened again', async () => {
        const { document: kept, seqs } = await document(['first words. ', 'second words.'])
        await store[Symbol.asyncDispose]()
        store = await open(folder)
        expect(await store.reader.documents.get(kept.id)).toEqual(kept)
        expect((await store.reader.chunks.ofDocument(kept.id)).map((chunk) => chunk.seq)).toEqual(seqs)
        expect(await search('second')).toEqual([seqs[1]])
      })

      it('gives a reader that has nothing to write with', () => {
        for (const noun of Object.values(store.reader)) {
          for (const verb of ['insert', 'update', 'replace', 'remove', 'append', 'setCurrent', 'review']) {
            expect(noun).not.toHaveProperty(verb)
          }
        }
      })
    })

    describe('pages', () => {
      it('gives every row once, newest first, and ends', async () => {
        const rows = Array.from({ length: 7 }, () => interactionRow())
        await store.transact(async ({ interactions }) => {
          for (const row of rows) await interactions.insert(row)
        })
        const seen: string[] = []
        let after: string | undefined
        do {
          const page = await store.reader.interactions.page({ first: 3, after })
          expect(page.items.length).toBeLessThanOrEqual(3)
          seen.push(...page.items.map((row) => row.id))
          after = page.nextCursor ?? undefined
        } while (after !== undefined)
        expect(seen).toEqual(rows.map((row) => row.id).reverse())
      })

      it('has no next page after a last one that is full', async () => {
        await store.transact(({ interactions }) => interactions.insert(interactionRow()))
        expect((await store.reader.interactions.page({ first: 1 })).nextCursor).toBeNull()
      })

      it('does not repeat or skip rows when new ones come in between', async () => {
        const rows = [jobRow(), jobRow(), jobRow()]
        await store.transact(async ({ jobs }) => {
          for (const row of rows) await jobs.insert(row)
        })
        const first = await store.reader.jobs.page({ first: 2 })
        await store.transact(({ jobs }) => jobs.insert(jobRow()))
        const second = await store.reader.jobs.page({ first: 2, after: first.nextCursor ?? undefined })
        expect([...first.items, ...second.items].map((job) => job.id)).toEqual(rows.map((row) => row.id).reverse())
      })

      it('filters, and refuses a cursor or a size that makes no sense', async () => {
        const { document: ready } = await document(['words'])
        await store.transact(({ documents }) => documents.insert(documentRow(collection.id)))
        const { documents } = store.reader
        expect((await documents.page({ first: 9, status: 'READY' })).items).toEqual([ready])
        expect((await documents.page({ first: 9, collectionId: collection.id })).items).toHaveLength(2)
        expect((await documents.page({ first: 9, collectionId: 'another' })).items).toEqual([])
        await expect(documents.page({ first: 9, after: 'no cursor!' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
        await expect(documents.page({ first: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      })
    })

    describe('documents', () => {
      it('keeps a document and its versions as they were given', async () => {
        const row = documentRow(collection.id, { externalId: 'e', metadata: { a: [1, 'ü'], b: { c: null } } })
        const texts = ['', 'Grüße 😀\nline\u0000two', 'x'.repeat(100_000)]
        const versions = texts.map((text, index) => versionRow(row.id, text, index + 1))
        await store.transact(async ({ documents }) => {
          await documents.insert(row)
          for (const version of versions) await documents.insertVersion(version)
        })
        const { documents } = store.reader
        expect(await documents.get(row.id)).toEqual(row)
        expect(await documents.byExternalId(collection.id, 'e')).toEqual(row)
        for (const version of versions) expect(await documents.version(row.id, version.version)).toEqual(version)
        expect(await documents.lastVersion(row.id)).toBe(3)
        expect(await documents.lastVersion('none')).toBe(0)
        expect(await documents.version(row.id, 4)).toBeUndefined()
      })

      it('tells which version of which document of a collection is current', async () => {
        const { document: first } = await document(['one'])
        const { document: second } = await document(['two'])
        const other = await addCollection(store)
        await store.transact(async (transactor) => {
          await addDocument(transactor, other.id, ['three'])
          await transactor.documents.insert(documentRow(collection.id))
          await transactor.documents.update(second.id, { currentVersion: 2, status: 'FAILED' })
        })
        const { documents } = store.reader
        expect(await documents.currentVersions(collection.id)).toEqual([
          { documentId: first.id, version: 1 },
          { documentId: second.id, version: 2 },
        ])
        await store.transact(({ documents }) => documents.remove(first.id))
        expect(await documents.currentVersions(collection.id)).toEqual([{ documentId: second.id, version: 2 }])
        expect(await documents.currentVersions('none')).toEqual([])
      })

      it('keeps what a document is called, by whom it was last given, and which bytes each name stands for', async () => {
        const { document: row } = await document(['words'], { externalId: 'docs/b' })
        const queue = (originalHash: string, status: Job['status'] = 'QUEUED') => {
          const source = { originalHash, mediaType: 'text/plain', fileName: 'b.txt' }
          const job = jobRow({ payload: { documentId: row.id, ...source }, subject: row.id, status })
          return store.transact(({ jobs }) => jobs.insert(job)).then(() => ({ job, source }))
        }
        const { documents } = store.reader
        const [stored] = await documents.versions(row.id)
        expect(stored).toEqual(await documents.versionSummary(row.id, 1))
        expect(stored).not.toHaveProperty('canonicalText')
        expect(await documents.lastUpload(row.id)).toMatchObject({ originalHash: 'a'.repeat(64), fileName: null })
        expect(await documents.lastUpload('none')).toBeUndefined()
        expect(await documents.holdersOf(collection.id, 'a'.repeat(64))).toEqual([row])
        expect(await documents.holdersOf('another', 'a'.repeat(64))).toEqual([])

        await store.transact(async ({ documents }) => {
          for (const name of ['docs/c', 'docs/a', 'docs', 'docs2/x']) await documents.addName(row.id, name)
        })
        await queue('b'.repeat(64), 'FAILED')
        const { job, source } = await queue('c'.repeat(64))
        expect(await documents.lastUpload(row.id)).toEqual(source)
        expect(await documents.namesOf(row.id)).toEqual(['docs/b', 'docs/c', 'docs/a', 'docs', 'docs2/x'])
        expect(await documents.get(row.id)).toMatchObject({ externalId: 'docs/b' })
        expect(await documents.byExternalId(collection.id, 'docs/a')).toEqual(row)
        const first = await documents.names(collection.id, { prefix: 'docs/', first: 2 })
        const after = first.nextCursor as string
        const rest = await documents.names(collection.id, { prefix: 'docs/', first: 2, after })
        const named = { documentId: row.id, originalHash: 'c'.repeat(64) }
        expect([...first.items, ...rest.items]).toEqual(
          ['a', 'b', 'c'].map((name) => ({ name: `docs/${name}`, ...named })),
        )
        expect(rest.nextCursor).toBeNull()

        await store.transact(async ({ documents, jobs }) => {
          await jobs.update(job.id, { status: 'CANCELLED' })
          await documents.removeName(collection.id, 'docs/b')
          await documents.removeName('another', 'docs/c')
        })
        expect(await documents.get(row.id)).toMatchObject({ externalId: 'docs/c' })
        const [now] = (await documents.names(collection.id, { prefix: 'docs/', first: 9 })).items
        expect(now).toEqual({ name: 'docs/a', documentId: row.id, originalHash: 'a'.repeat(64) })
        const taken = store.transact(({ documents }) =>
          documents.insert(documentRow(collection.id, { externalId: 'docs/a' })),
        )
        await expect(taken).rejects.toMatchObject({ code: 'INTERNAL' })
        await store.transact(({ documents }) => documents.remove(row.id))
        expect((await documents.names(collection.id, { prefix: '', first: 9 })).items).toEqual([])
      })

      it('finds where a span stands in its file, and the headings over it', async () => {
        const row = documentRow(collection.id)
        const common = { page: null, sheet: null, slide: null, row: null, isHeader: false, box: null }
        const places: Place[] = [
          { ...common, start: 0, end: 5, kind: 'heading', page: 1 },
          { ...common, start: 7, end: 12, kind: 'paragraph', page: 1, box: [72, 90.5, 300, 104] },
          { ...common, start: 13, end: 20, kind: 'paragraph', page: 2, box: [72, 20, 300, 34] },
          { ...common, start: 22, end: 26, kind: 'table', sheet: 'Prices', row: 4, isHeader: true },
        ]
        const sections = [
          { start: 0, end: 22, headingPath: ['One'] },
          { start: 22, end: 30, headingPath: ['One', 'Two'] },
        ]
        await store.transact(async ({ documents }) => {
          await documents.insert(row)
          await documents.insertVersion({ ...versionRow(row.id, 'x'.repeat(30)), sections }, places)
        })
        const { documents } = store.reader
        const at = (start: number, end: number) => documents.places(row.id, 1, start, end)
        expect(await at(0, 30)).toEqual(places)
        expect(await at(9, 14)).toEqual(places.slice(1, 3))
        expect(await at(8, 9)).toEqual([places[1]])
        expect(await at(12, 13)).toEqual([])
        expect(await at(26, 30)).toEqual([])
        expect(await documents.places(row.id, 2, 0, 30)).toEqual([])
        expect(await documents.headingPath(row.id, 1, 21)).toEqual(['One'])
        expect(await documents.headingPath(row.id, 1, 22)).toEqual(['One', 'Two'])
        expect(await documents.headingPath(row.id, 2, 0)).toEqual([])
        await store.transact(({ documents }) => documents.remove(row.id))
        expect(await at(0, 30)).toEqual([])
        expect(await documents.headingPath(row.id, 1, 22)).toEqual([])
      })

      it('filters by metadata, tags and language, with types kept apart', async () => {
        const add = (metadata: JsonObject) =>
          store.transact((transactor) => addDocument(transactor, collection.id, ['shared words'], { metadata }))
        const names = ['a', 'b', 'c', 'none'] as const
        const rows = {
          a: await add({ year: 2024, public: true, tags: ['hr', 'leave'], language: 'en-GB', reviewed: '2024-03-01' }),
          b: await add({ year: '2024', public: false, tags: ['hr'], language: 'de', reviewed: '2025-01-31' }),
          c: await add({ year: 2026.5, owner: null, 'odd key.$[0]': 1, language: 'EN' }),
          none: await add({}),
        }
        const found = async (filter: DocumentFilter) => {
          const seqs = new Set(await store.reader.chunks.liveSeqs(collection.id, filter))
          const options = { collectionIds: [], filter, limit: 50 }
          const lexical = await store.reader.chunks.searchLexical('shared', options)
          expect(new Set(lexical.map(({ seq }) => seq))).toEqual(seqs)
          const page = await store.reader.documents.page({ first: 50, filter })
          const listed = names.filter((name) => page.items.some(({ id }) => id === rows[name].document.id))
          const ofChunks = names.filter((name) => rows[name].seqs.every((seq) => seqs.has(seq)))
          expect(listed).toEqual(ofChunks)
          return ofChunks.join(' ')
        }
        const where = (condition: MetadataCondition) => found({ metadata: [condition] })
        expect(await found({})).toBe('a b c none')
        expect(await where({ key: 'year', eq: 2024 })).toBe('a')
        expect(await where({ key: 'year', eq: '2024' })).toBe('b')
        expect(await where({ key: 'year', in: [2024, '2024'] })).toBe('a b')
        expect(await where({ key: 'year', in: [] })).toBe('')
        expect(await where({ key: 'year', gt: 2024 })).toBe('c')
        expect(await where({ key: 'year', gt: 2000, lt: 2025 })).toBe('a')
        expect(await where({ key: 'reviewed', gt: '2024-12' })).toBe('b')
        expect(await where({ key: 'public', eq: true })).toBe('a')
        expect(await where({ key: 'public', eq: 1 })).toBe('')
        expect(await where({ key: 'owner', exists: true })).toBe('')
        expect(await where({ key: 'public', exists: false })).toBe('c none')
        expect(await where({ key: 'odd key.$[0]', eq: 1 })).toBe('c')
        expect(await where({ key: 'tags', eq: 'leave' })).toBe('a')
        expect(await found({ tags: ['hr'] })).toBe('a b')
        expect(await found({ tags: ['hr', 'leave'] })).toBe('a')
        expect(await found({ language: 'en' })).toBe('a c')
        expect(await found({ language: 'en-gb' })).toBe('a')
        expect(await found({ not: { tags: ['hr'] } })).toBe('c none')
        expect(await found({ or: [{ language: 'de' }, { metadata: [{ key: 'year', gt: 2025 }] }] })).toBe('b c')
        expect(await found({ and: [{ tags: ['hr'] }, { not: { language: 'de' } }] })).toBe('a')
        expect(await found({ or: [] })).toBe('')
        expect(await found({ not: {} })).toBe('')
        expect(await found({ documentIds: [rows.b.document.id, rows.c.document.id], language: 'en' })).toBe('c')
      })

      it('slices a long text as String.slice does, surrogate pairs and all', async () => {
        const text = '😀a'.repeat(30_000)
        const { document: row } = await document([text])
        const spans = [0, 1, 2, 3, 16_383, 16_384, 32_768, 49_152, 89_990, 90_000].flatMap((start) =>
          [0, 1, 2, 3, 5, 40_000].map((length) => ({ start, end: Math.min(start + length, text.length) })),
        )
        for (const { start, end } of spans) {
          if (start === text.length) continue
          expect(await store.reader.documents.slice(row.id, 1, start, end)).toBe(text.slice(start, end))
        }
        expect(await store.reader.documents.slice(row.id, 2, 0, 1)).toBeUndefined()
      })

      it('refuses a canonical text that is not well-formed', async () => {
        const row = documentRow(collection.id)
        const failing = store.transact(async ({ documents }) => {
          await documents.insert(row)
          await documents.insertVersion(versionRow(row.id, 'half a pair: \ud83d'))
        })
        await expect(failing).rejects.toThrow('well-formed')
      })

      it('changes only what is named', async () => {
        const { document: row } = await document(['words'])
        const update = (changes: object) => store.transact(({ documents }) => documents.update(row.id, changes))
        expect(await update({ title: 'Another', metadata: { a: 1 } })).toBe(true)
        expect(await update({})).toBe(true)
        const changed = await store.reader.documents.get(row.id)
        expect(changed).toEqual({ ...row, title: 'Another', metadata: { a: 1 }, updatedAt: changed?.updatedAt })
      })

      it('knows which originals are held: from the upload on, by versions, and by no tombstone', async () => {
        const [uploaded, first, second, never] = ['1', '2', '3', '4'].map((digit) => digit.repeat(64)) as [
          ...[string, string, string, string],
        ]
        const [one, two] = [documentRow(collection.id), documentRow(collection.id)]
        await store.transact(async ({ documents }) => {
          await documents.insert(one)
          await documents.insert(two)
          for (let times = 0; times < 2; times++) await documents.holdOriginal(one.id, uploaded)
          await documents.insertVersion({ ...versionRow(one.id, 'a', 1), originalHash: first })
          await documents.insertVersion({ ...versionRow(one.id, 'b', 2), originalHash: second })
          await documents.insertVersion({ ...versionRow(two.id, 'a', 1), originalHash: first })
        })
        const { documents } = store.reader
        const unused = () => documents.unusedOriginals([never, first, uploaded, second])
        expect(await documents.originalsOf(one.id)).toEqual([uploaded, first, second])
        expect(await unused()).toEqual([never])
        expect(await documents.unusedOriginals([])).toEqual([])

        await store.transact((transactor) => transactor.documents.remove(one.id))
        expect(await documents.originalsOf(one.id)).toEqual([])
        expect(await unused()).toEqual([never, uploaded, second])
        await store.transact((transactor) => transactor.documents.remove(two.id))
        expect(await unused()).toEqual([never, first, uploaded, second])
      })

      it('leaves a tombstone without texts, which nothing brings back', async () => {
        const { document: row, version, seqs } = await document(['secret words. ', 'more.'], { externalId: 'e' })
        const remove = () => store.transact(({ documents }) => documents.remove(row.id))
        expect(await remove()).toEqual(seqs)
        expect(await remove()).toEqual([])
        const { documents, chunks } = store.reader
        expect(await documents.get(row.id)).toMatchObject({
          id: row.id,
          status: 'DELETED',
          title: '',
          metadata: {},
          externalId: null,
          currentVersion: 1,
        })
        expect(await documents.version(row.id, 1)).toMatchObject({ canonicalText: '', sections: [] })
        expect(await documents.slice(row.id, 1, 0, 6)).toBeUndefined()
        expect(await documents.byExternalId(collection.id, 'e')).toBeUndefined()
        expect(await documents.lastVersion(row.id)).toBe(1)
        expect(await chunks.count()).toBe(0)
        expect(await chunks.vectorsAfter(EMBEDDER_ID, collection.id, 0, 10)).toEqual([])
        expect(await search('secret')).toEqual([])

        const revive = await store.transact((transactor) => transactor.documents.update(row.id, { status: 'READY' }))
        expect(revive).toBe(false)
        const replace = store.transact((transactor) =>
          transactor.chunks.replace(row, version, chunksOf(['secret']), EMBEDDER_ID),
        )
        await expect(replace).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' })
      })
    })

    describe('chunks', () => {
      it('keeps offsets, headings and vectors, in the order they were given', async () => {
        const pieces = Array.from({ length: 150 }, (_, index) => `piece ${index}. `)
        const vectors = pieces.map((_, index) => unitVector(index + 1))
        const spans = chunksOf(pieces, (index) => vectors[index] as Float32Array)
        const headed = spans.map((chunk, index) => ({ ...chunk, headingPath: ['Part', `${index}`] }))
        const { document: row, seqs } = await store.transact((transactor) =>
          addDocument(transactor, collection.id, pieces, {}, headed),
        )
        const stored = await store.reader.chunks.ofDocument(row.id)
        expect(stored).toEqual(
          headed.map(({ vector: _, embeddingKey: __, ...span }, ordinal) => ({
            ...span,
            tableHeader: null,
            seq: seqs[ordinal],
            documentId: row.id,
            version: 1,
            collectionId: collection.id,
            ordinal,
          })),
        )
        const replayed = await store.reader.chunks.vectorsAfter(EMBEDDER_ID, collection.id, 0, 1000)
        expect(replayed).toEqual(seqs.map((seq, index) => ({ seq, vector: vectors[index] })))
      })

      it('stores a vector that is a view into a batch as that vector alone', async () => {
        const batch = Float32Array.from({ length: 3 * 384 }, (_, index) => index)
        const pieces = ['a ', 'b ', 'c ']
        const chunks = chunksOf(pieces, (index) => batch.subarray(index * 384, (index + 1) * 384))
        await store.transact((transactor) => addDocument(transactor, collection.id, pieces, {}, chunks))
        const replayed = await store.reader.chunks.vectorsAfter(EMBEDDER_ID, collection.id, 0, 10)
        expect(replayed.map(({ vector }) => vector)).toEqual(chunks.map(({ vector }) => vector.slice()))
      })

      it('replaces the chunks of the version before, under seqs never used before', async () => {
        const { document: row, seqs } = await document(['old alpha. ', 'old beta.'])
        const version = versionRow(row.id, 'new gamma', 2)
        const result = await store.transact(async ({ documents, chunks }) => {
          await documents.insertVersion(version)
          await documents.update(row.id, { currentVersion: 2 })
          return chunks.replace(row, version, chunksOf(['new gamma']), EMBEDDER_ID)
        })
        expect(result.removed).toEqual(seqs)
        expect(result.added[0]).toBeGreaterThan(Math.max(...seqs))
        expect(await search('alpha beta old')).toEqual([])
        expect(await search('gamma')).toEqual(result.added)
        expect(await store.reader.documents.slice(row.id, 1, 0, 9)).toBe('old alpha')

        await store.transact(({ chunks }) => chunks.removeOfDocument(row.id))
        const again = await store.transact(({ chunks }) =>
          chunks.replace(row, version, chunksOf(['new gamma']), EMBEDDER_ID),
        )
        expect(again.added[0]).toBeGreaterThan(Math.max(...result.added))
      })

      it('finds by seq in the order asked for, leaving out what is gone', async () => {
        const { seqs } = await document(['one ', 'two ', 'three'])
        const [one, two, three] = seqs as [number, number, number]
        const found = await store.reader.chunks.bySeq([three, 9_999_999, one, two])
        expect(found.map((chunk) => chunk.seq)).toEqual([three, one, two])
      })

      it('replays vectors in pages that rise and end', async () => {
        const { seqs } = await document(['one ', 'two ', 'three'])
        const other = await addCollection(store)
        await store.transact((transactor) => addDocument(transactor, other.id, ['elsewhere']))
        const first = await store.reader.chunks.vectorsAfter(EMBEDDER_ID, collection.id, 0, 2)
        const rest = await store.reader.chunks.vectorsAfter(EMBEDDER_ID, collection.id, seqs[1] as number, 2)
        expect([...first, ...rest].map(({ seq }) => seq)).toEqual(seqs)
        const some = await store.reader.chunks.vectorsOf(EMBEDDER_ID, [seqs[2] as number, 9_999_999, seqs[0] as number])
        expect(some).toEqual([first[0], rest[0]])
      })

      it('finds the vectors of live chunks by what was embedded, in their own collection only', async () => {
        const keyed = (keys: readonly string[], seed: number) =>
          chunksOf(keys, (index) => unitVector(seed + index)).map((chunk, at) => ({
            ...chunk,
            embeddingKey: keys[at] as string,
          }))
        const other = await addCollection(store)
        const { document: row } = await store.transact((transactor) =>
          addDocument(transactor, collection.id, ['a', 'b'], {}, keyed(['a', 'b'], 1)),
        )
        await store.transact((transactor) => addDocument(transactor, other.id, ['c'], {}, keyed(['c'], 9)))
        await document(['no key'])
        const find = (collectionId: string, keys: string[]) => store.reader.chunks.vectorsByKey(collectionId, keys)
        const many = Array.from({ length: 2500 }, (_, at) => `none ${at}`)
        expect(await find(collection.id, [...many, 'b', 'c', 'a'])).toEqual(
          new Map([
            ['a', unitVector(1)],
            ['b', unitVector(2)],
          ]),
        )
        expect(await find(other.id, ['a', 'c'])).toEqual(new Map([['c', unitVector(9)]]))
        expect(await find(collection.id, [])).toEqual(new Map())
        await store.transact(({ documents }) => documents.remove(row.id))
        expect(await find(collection.id, ['a', 'b'])).toEqual(new Map())
      })

      it('lists live seqs, narrowed to documents', async () => {
        const a = await document(['one ', 'two'])
        const b = await document(['three'])
        const { chunks } = store.reader
        expect([...(await chunks.liveSeqs(collection.id))]).toEqual([...a.seqs, ...b.seqs])
        expect([...(await chunks.liveSeqs(collection.id, { documentIds: [b.document.id] }))]).toEqual(b.seqs)
        expect([...(await chunks.liveSeqs(collection.id, { documentIds: [] }))]).toEqual([])
        expect(await chunks.count(collection.id)).toBe(3)
        expect(await chunks.count('another')).toBe(0)
      })
    })

    describe('embedders', () => {
      const insert = (fields: Parameters<typeof embedderRow>[0]) =>
        store.transact(({ embedders }) => embedders.insert(embedderRow(fields)))
      const makeCurrent = (id: number) => store.transact(({ embedders }) => embedders.makeCurrent(id, new Date()))
      const vectorsOf = async (embedderId: number) =>
        (await store.reader.chunks.vectorsAfter(embedderId, collection.id, 0, 100)).map(({ seq, vector }) => [
          seq,
          vector,
        ])
      const small = (seq: number) => unitVector(seq, 5)
      const withVector = (seqs: readonly number[]) =>
        seqs.map((seq) => ({ seq, vector: small(seq), embeddingKey: `key of ${seq}` }))

      it('is none until one is made current, and then the one that was made so last', async () => {
        const { embedders } = store.reader
        expect(await embedders.current()).toBeUndefined()
        const [one, two] = [await insert({ name: 'one' }), await insert({ name: 'two', dimensions: 5 })]
        expect(await embedders.current()).toBeUndefined()
        expect(await embedders.byName('two')).toEqual(two)
        expect(await embedders.byName('three')).toBeUndefined()
        for (const record of [one, two, one]) {
          expect(await makeCurrent(record.id)).toBe(true)
          expect(await embedders.current()).toEqual(record)
        }
        await expect(insert({ name: 'two' })).rejects.toThrow()
      })

      it('keeps vectors of another beside those that are searched, and switches once every chunk has one', async () => {
        const { seqs } = await document(['one ', 'two ', 'three'])
        const [one, two, three] = seqs as [number, number, number]
        const next = await insert({ name: 'next', dimensions: 5 })
        const { chunks, embedders } = store.reader
        const missing = async (after = 0, limit = 10) =>
          (await chunks.withoutVector(next.id, after, limit)).map(({ seq }) => seq)
        expect(await missing(one, 1)).toEqual([two])
        const elsewhere = await addCollection(store)
        expect(await chunks.withoutVector(next.id, 0, 10, elsewhere.id)).toEqual([])
        expect(await chunks.withoutVector(next.id, 0, 10, collection.id)).toHaveLength(3)
        const before = await vectorsOf(EMBEDDER_ID)
        await store.transact((transactor) => transactor.chunks.addVectors(next, withVector([two, 9_999_999])))
        expect([await missing(), await chunks.countWithoutVector(next.id)]).toEqual([[one, three], 2])
        expect([await makeCurrent(next.id), (await embedders.current())?.id]).toEqual([false, EMBEDDER_ID])

        // Those that are there stay as they are, whoever comes second.
        const again = withVector([one, two]).map((row) => ({ ...row, vector: small(row.seq + 1000) }))
        await store.transact((transactor) => transactor.chunks.addVectors(next, again))
        expect(await vectorsOf(EMBEDDER_ID)).toEqual(before)
        await store.transact((transactor) => transactor.chunks.addVectors(next, withVector([three])))
        expect(await makeCurrent(next.id)).toBe(true)
        expect(await embedders.current()).toEqual(next)
        const expected = [
          [one, small(one + 1000)],
          [two, small(two)],
          [three, small(three)],
        ]
        expect(await vectorsOf(next.id)).toEqual(expected)
        expect(await chunks.vectorsOf(next.id, [three])).toEqual([{ seq: three, vector: small(three) }])
        expect(await chunks.vectorsByKey(collection.id, [`key of ${two}`])).toEqual(
          new Map([[`key of ${two}`, small(two)]]),
        )
      })

      it('takes chunks of the current one alone, and vectors of its length alone', async () => {
        const { document: row, version } = await document(['one'])
        const next = await insert({ name: 'next', dimensions: 5 })
        const replace = (embedderId: number, vector: Float32Array) =>
          store.transact(({ chunks }) =>
            chunks.replace(
              row,
              version,
              chunksOf(['one'], () => vector),
              embedderId,
            ),
          )
        await expect(replace(next.id, small(1))).rejects.toMatchObject({ code: 'EMBEDDER_CHANGED' })
        await expect(replace(EMBEDDER_ID, small(1))).rejects.toThrow('5 numbers')
        const long = store.transact(({ chunks }) =>
          chunks.addVectors(next, [{ seq: 1, vector: unitVector(1), embeddingKey: null }]),
        )
        await expect(long).rejects.toThrow('gives 5')
        expect(await store.reader.chunks.count()).toBe(1)
        await replace(EMBEDDER_ID, unitVector(2))
      })

      it('takes the vectors of every embedder along when chunks go, and those of others when they are not wanted', async () => {
        const { document: row, seqs } = await document(['one ', 'two ', 'three'])
        const gone = await document(['four'])
        const next = await insert({ name: 'next', dimensions: 5 })
        const { chunks } = store.reader
        expect(await chunks.hasOtherVectors(EMBEDDER_ID)).toBe(false)
        await store.transact((transactor) => transactor.chunks.addVectors(next, withVector([...seqs, ...gone.seqs])))
        await store.transact(({ documents }) => documents.remove(gone.document.id))
        expect([await vectorsOf(EMBEDDER_ID), await vectorsOf(next.id)]).toMatchObject([{ length: 3 }, { length: 3 }])

        expect(await chunks.hasOtherVectors(EMBEDDER_ID)).toBe(true)
        const removeAfter = (after: number) =>
          store.transact((transactor) => transactor.chunks.removeOtherVectors(EMBEDDER_ID, after, 2))
        expect(await removeAfter(0)).toBe(seqs[1])
        expect(await vectorsOf(next.id)).toHaveLength(1)
        expect(await removeAfter(seqs[1] as number)).toBe(seqs[2])
        expect(await removeAfter(seqs[2] as number)).toBeUndefined()
        expect([await vectorsOf(EMBEDDER_ID), await vectorsOf(next.id)]).toMatchObject([{ length: 3 }, []])
        expect(await chunks.hasOtherVectors(EMBEDDER_ID)).toBe(false)
        await store.transact(({ documents }) => documents.remove(row.id))
        expect(await vectorsOf(EMBEDDER_ID)).toEqual([])
      })
    })

    describe('lexical search', () => {
      it('ranks by how rare the matching words are, and needs only one of them', async () => {
        const { seqs } = await document(['the cat sat on the mat. ', 'the dog sat on the log. ', 'the dog sat here.'])
        const hits = await store.reader.chunks.searchLexical('Who sat where the dog left a log?', {
          collectionIds: [],
          filter: {},
          limit: 10,
        })
        expect(hits.map((hit) => hit.seq)).toEqual([seqs[1], seqs[2], seqs[0]])
        expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a))
        expect(hits.every((hit) => hit.score > 0)).toBe(true)
        const limited = await store.reader.chunks.searchLexical('sat', { collectionIds: [], filter: {}, limit: 2 })
        expect(limited).toHaveLength(2)
      })

      it('asks for common words only where there are no others', async () => {
        const { seqs } = await document(['To be, or not to be. ', 'The whale is white. '])
        expect(await search('what is the whale to be')).toEqual([seqs[1]])
        expect(await search('to be or not to be')).toContain(seqs[0])
      })

      it('finds other forms of an English word', async () => {
        const { seqs } = await document(['Employees are reimbursed for travelling. ', 'Nothing of that.'])
        expect(await search('reimbursing an employee')).toEqual([seqs[0]])
      })

      it('finds words without their accents and in any case', async () => {
        const { seqs } = await document(['Die Gebühren für Ärzte. ', 'Crème brûlée.'])
        expect(await search('gebuhren')).toEqual([seqs[0]])
        expect(await search('CREME BRÛLÉE')).toEqual([seqs[1]])
        expect(await search('crème'.normalize('NFD'))).toEqual([seqs[1]])
      })

      it('finds a chunk by the title of its document and by its headings', async () => {
        const chunks = chunksOf(['Nothing here.']).map((chunk) => ({ ...chunk, headingPath: ['Travel', 'Per diem'] }))
        const { seqs } = await store.transact((transactor) =>
          addDocument(transactor, collection.id, ['Nothing here.'], { title: 'Handbook' }, chunks),
        )
        expect(await search('handbook')).toEqual(seqs)
        expect(await search('diem')).toEqual(seqs)
      })

      it('finds a chunk by the header of the table that it goes on with, which is no part of its text', async () => {
        const chunks = chunksOf(['Blue | 3']).map((chunk) => ({ ...chunk, tableHeader: 'Colour | Price' }))
        const { seqs } = await store.transact((transactor) =>
          addDocument(transactor, collection.id, ['Blue | 3'], {}, chunks),
        )
        expect(await search('colour')).toEqual(seqs)
        expect((await store.reader.chunks.bySeq(seqs))[0]).toMatchObject({ tableHeader: 'Colour | Price', end: 8 })
      })

      it('takes operators, quotes and punctuation as the plain text they are', async () => {
        const { seqs } = await document(['fish AND chips NEAR the sea. ', 'title: a "quoted" word. '])
        for (const query of [
          '"',
          '""',
          '"chips',
          "chips' OR ''='",
          'chips AND',
          'chips NOT fish',
          'NEAR(chips, 2)',
          'chips*',
          '^chips',
          'title:chips',
          '{title body}: chips',
          'chips -fish +',
          '(chips',
          'chips; drop table chunks; --',
          'ch\u0000ips chips',
          '\ud83d chips',
        ]) {
          const found = await search(query)
          if (/chips/.test(query)) expect(found, query).toContain(seqs[0])
          else expect(found, query).toEqual([])
        }
        expect(await search('')).toEqual([])
        expect(await search('?!… 😀')).toEqual([])
        expect(await search('sea '.repeat(20_000))).toEqual([seqs[0]])
        const manyWords = Array.from({ length: 5000 }, (_, index) => `word${index}`).join(' ')
        expect(await search(`sea ${manyWords}`)).toEqual([seqs[0]])
      })

      it('keeps to the collections and the documents it is given', async () => {
        const a = await document(['shared word'])
        const b = await document(['shared word'])
        const other = await addCollection(store)
        const c = await store.transact((transactor) => addDocument(transactor, other.id, ['shared word']))
        expect(new Set(await search('shared'))).toEqual(new Set([...a.seqs, ...b.seqs, ...c.seqs]))
        expect(await search('shared', { collectionIds: [other.id] })).toEqual(c.seqs)
        expect(await search('shared', { documentIds: [b.document.id] })).toEqual(b.seqs)
        expect(await search('shared', { collectionIds: [other.id], documentIds: [b.document.id] })).toEqual([])
        const [seq] = b.seqs as [number]
        expect(await store.reader.chunks.matchedTerms('What is SHARED by the unknown?', seq)).toEqual(['shared'])
        expect(await store.reader.chunks.matchedTerms('"*', seq)).toEqual([])
        expect(await search('shared', { documentIds: [] })).toEqual([])
      })
    })

    describe('answers and corrections', () => {
      it('keeps an interaction as it was', async () => {
        const row = interactionRow()
        await store.transact(({ interactions }) => interactions.insert(row))
        expect(await store.reader.interactions.get(row.id)).toEqual(row)
        expect(await store.reader.interactions.get('none')).toBeUndefined()
      })

      it('keeps corrections, found by id, key and state, and reviews each once', async () => {
        const interaction = interactionRow()
        const span = { documentId: 'd', documentVersion: 1, start: 2, end: 5, text: 'abc' }
        const row = correctionRow(interaction.id, { verdict: 'CORRECTED', span, idempotencyKey: 'k', comment: 'No.' })
        await store.transact(async ({ interactions, corrections }) => {
          await interactions.insert(interaction)
          await corrections.insert(row)
        })
        const { corrections } = store.reader
        expect(await corrections.get(row.id)).toEqual(row)
        expect(await corrections.byIdempotencyKey('k')).toEqual(row)
        expect(await corrections.byIdempotencyKey('another')).toBeUndefined()
        expect((await corrections.page({ first: 5, status: 'PENDING' })).items).toEqual([row])

        const at = new Date()
        const review = (status: 'ACCEPTED' | 'REJECTED') =>
          store.transact((transactor) => transactor.corrections.review(row.id, status, 'why', at))
        expect(await review('ACCEPTED')).toBe(true)
        expect(await review('REJECTED')).toBe(false)
        expect(await corrections.get(row.id)).toEqual({
          ...row,
          status: 'ACCEPTED',
          reviewReason: 'why',
          reviewedAt: at,
        })
        expect((await corrections.page({ first: 5, status: 'PENDING' })).items).toEqual([])
      })

      it('takes an idempotency key once', async () => {
        const interaction = interactionRow()
        const insert = () =>
          store.transact(({ corrections }) =>
            corrections.insert(correctionRow(interaction.id, { idempotencyKey: 'same' })),
          )
        await store.transact(({ interactions }) => interactions.insert(interaction))
        await insert()
        await expect(insert()).rejects.toThrow()
        expect((await store.reader.corrections.page({ first: 5 })).items).toHaveLength(1)
      })

      it('keeps labels, oldest first, and a dataset given twice once', async () => {
        const { document: row } = await document(['The words.'])
        const interaction = interactionRow()
        const corrections = [correctionRow(interaction.id), correctionRow(interaction.id)]
        const labels = [
          labelRow(corrections[0]?.id ?? '', row.id),
          labelRow(corrections[1]?.id ?? '', row.id, { answer: null }),
        ]
        const dataset = { id: 'f'.repeat(64), trainCount: 3, heldOutCount: 1, createdAt: new Date() }
        await store.transact(async (transactor) => {
          await transactor.interactions.insert(interaction)
          for (const correction of corrections) await transactor.corrections.insert(correction)
          for (const label of labels) await transactor.labels.insert(label)
          await transactor.datasets.insert(dataset)
          await transactor.datasets.insert({ ...dataset, createdAt: new Date(0) })
        })
        expect(await store.reader.labels.all()).toEqual(labels)
        expect(await store.reader.labels.count()).toBe(2)
        expect(await store.reader.datasets.get(dataset.id)).toEqual(dataset)
      })
    })

    describe('what quotes a deleted document', () => {
      const answerOf = (row: { id: string }, fields: Partial<Answer> = {}): Answer => ({
        id: `answer ${row.id}`,
        text: 'words',
        confidence: 0.1 + 0.2,
        documentId: row.id,
        documentVersion: 1,
        start: 7,
        end: 12,
        context: 'secret words, "quoted"\u2028',
        contextStart: 0,
        ...fields,
      })
      const emptied = (answer: Answer): Answer => ({ ...answer, text: '', context: '' })

      it('loses its text and keeps its ids and offsets; what quotes others stays as it is', async () => {
        const { document: gone } = await document(['secret words'])
        const { document: other } = await document(['other words'])
        const answers = [
          answerOf(other),
          answerOf(gone),
          answerOf(gone, { id: 'again', start: 0, text: 'secret words' }),
        ]
        const both = interactionRow({ answers, abstained: false })
        const untouched = interactionRow({ answers: [answerOf(other)], abstained: false })
        const span = { documentId: gone.id, documentVersion: 1, start: 7, end: 12, text: 'words' }
        const corrections = [
          correctionRow(both.id, { verdict: 'CORRECTED', span, status: 'ACCEPTED', comment: 'words' }),
          correctionRow(both.id, { verdict: 'CORRECTED', span: { ...span, documentId: other.id } }),
          correctionRow(both.id),
        ]
        const [first, second, third] = corrections as [Correction, Correction, Correction]
        const labels = [
          labelRow(first.id, gone.id, { answer: { start: 7, end: 12, text: 'words' } }),
          labelRow(second.id, other.id),
          labelRow(third.id, gone.id, { answer: null }),
        ]
        await store.transact(async (transactor) => {
          for (const row of [both, untouched]) await transactor.interactions.insert(row)
          for (const row of corrections) await transactor.corrections.insert(row)
          for (const row of labels) await transactor.labels.insert(row)
        })
        for (let times = 0; times < 2; times++) {
          await store.transact(({ documents }) => documents.remove(gone.id))
          const { reader } = store
          const [kept, ...quotes] = answers as [Answer, ...Answer[]]
          expect(await reader.interactions.get(both.id)).toEqual({ ...both, answers: [kept, ...quotes.map(emptied)] })
          expect(await reader.interactions.get(untouched.id)).toEqual(untouched)
          expect(await reader.corrections.get(first.id)).toEqual({ ...first, span: { ...span, text: '' } })
          expect(await reader.corrections.get(second.id)).toEqual(second)
          expect(await reader.corrections.get(third.id)).toEqual(third)
          expect(await reader.labels.all()).toEqual([
            { ...labels[0], answer: { start: 7, end: 12, text: '' } },
            ...labels.slice(1),
          ])
        }
      })

      it('keeps its text when the deletion is rolled back', async () => {
        const { document: kept } = await document(['secret words'])
        const row = interactionRow({ answers: [answerOf(kept)], abstained: false })
        await store.transact(({ interactions }) => interactions.insert(row))
        const failing = store.transact(async ({ documents }) => {
          await documents.remove(kept.id)
          throw new DocentError('INVALID_INPUT', 'changed my mind')
        })
        await expect(failing).rejects.toMatchObject({ code: 'INVALID_INPUT' })
        expect(await store.reader.interactions.get(row.id)).toEqual(row)
      })

      it('is stored without text when the deletion came first', async () => {
        const { document: gone } = await document(['secret words'])
        const { document: other } = await document(['other words'])
        const answers = [answerOf(gone), answerOf(other)]
        const row = interactionRow({ answers, abstained: false })
        await store.transact(({ documents }) => documents.remove(gone.id))
        await store.transact(({ interactions }) => interactions.insert(row))
        const stored = await store.reader.interactions.get(row.id)
        expect(stored?.answers).toEqual([emptied(answerOf(gone)), answerOf(other)])
      })
    })

    describe('jobs, runs and what is current', () => {
      it('queues by kind, oldest first, and queues again what was running', async () => {
        const rows = [jobRow(), jobRow({ kind: 'train' }), jobRow(), jobRow({ status: 'RUNNING' })]
        await store.transact(async ({ jobs }) => {
          for (const row of rows) await jobs.insert(row)
        })
        const ids = async () => (await store.reader.jobs.queued('ingest', 9)).map((job) => job.id)
        expect(await ids()).toEqual([rows[0]?.id, rows[2]?.id])
        expect(await store.reader.jobs.queued('ingest', 1)).toEqual([rows[0]])
        expect(await store.transact(({ jobs }) => jobs.requeueRunning())).toBe(1)
        expect(await ids()).toEqual([rows[0]?.id, rows[2]?.id, rows[3]?.id])
        expect((await store.reader.jobs.page({ first: 9, kind: 'train' })).items).toEqual([rows[1]])
        const counts = await Promise.all(
          (['QUEUED', 'RUNNING'] as const).map((status) => store.reader.jobs.count(status)),
        )
        expect(counts).toEqual([rows.length, 0])
      })

      it('gives the next job in turn between batches, and never two of one subject at once', async () => {
        const [big, small] = [uuidv7(), uuidv7()]
        const of = (batchId: string | null, fields: Partial<Job> = {}) => jobRow({ batchId, ...fields })
        const rows = [
          of(big, { subject: 'a' }),
          of(big, { subject: 'b', isLarge: true }),
          of(big, { subject: 'a' }),
          of(small),
          of(null, { runAfter: new Date(2000) }),
        ] as [Job, Job, Job, Job, Job]
        await store.transact(async ({ jobs }) => {
          for (const id of [big, small, big]) {
            await jobs.insertBatch({ id, idempotencyKey: id === big ? 'key' : null, createdAt: new Date(1) })
          }
          for (const row of rows) await jobs.insert(row)
        })
        const next = async (withLarge = true, now = 1000) =>
          (await store.reader.jobs.next('ingest', { now: new Date(now), withLarge }))?.id
        const begin = (id: string, startedAt: number) =>
          store.transact(({ jobs }) => jobs.update(id, { status: 'RUNNING', startedAt: new Date(startedAt) }))
        const end = (id: string) =>
          store.transact(({ jobs }) => jobs.update(id, { status: 'SUCCEEDED', finishedAt: new Date(900) }))

        expect(await next()).toBe(rows[0].id)
        await begin(rows[0].id, 1)
        // The small batch has nothing running; of the big one `a` is taken and large ones may not be allowed.
        expect(await next()).toBe(rows[3].id)
        await begin(rows[3].id, 2)
        expect(await next()).toBe(rows[1].id)
        expect(await next(false)).toBeUndefined()
        expect(await store.reader.jobs.nextRunAfter(new Date(1000))).toEqual(new Date(2000))
        expect(await next(false, 2000)).toBe(rows[4].id)
        await end(rows[0].id)
        expect(await next(false)).toBe(rows[2].id)
        await begin(rows[1].id, 3)
        await end(rows[3].id)
        expect(await next()).toBe(rows[2].id)

        const { jobs } = store.reader
        const progress = { queued: 1, running: 1, succeeded: 1, failed: 0, cancelled: 0, endedSince: 1 }
        expect(await jobs.batchProgress(big, new Date(900))).toEqual(progress)
        expect(await jobs.batchProgress(big, new Date(901))).toMatchObject({ endedSince: 0 })
        expect(await jobs.batchByKey('key')).toEqual({ id: big, idempotencyKey: 'key', createdAt: new Date(1) })
        expect(await jobs.batch(small)).toMatchObject({ id: small })
        expect(await jobs.batchByKey('another')).toBeUndefined()
        const ofBig = await jobs.page({ first: 9, batchId: big, status: 'QUEUED' })
        expect(ofBig.items.map(({ id }) => id)).toEqual([rows[2].id])
      })

      it('knows the job of a batch by the bytes and the name of its file', async () => {
        const batch = { id: uuidv7(), idempotencyKey: 'k', createdAt: new Date() }
        const row = jobRow({ batchId: batch.id, payload: { originalHash: 'h', fileName: null } })
        await store.transact(async ({ jobs }) => {
          await jobs.insertBatch(batch)
          await jobs.insert(row)
        })
        const { jobs } = store.reader
        expect(await jobs.ofUpload(batch.id, { originalHash: 'h', fileName: null })).toEqual(row)
        expect(await jobs.ofUpload(batch.id, { originalHash: 'h', fileName: 'a' })).toBeUndefined()
        expect(await jobs.ofUpload(uuidv7(), { originalHash: 'h', fileName: null })).toBeUndefined()
      })

      it('changes a job only as told, and says when there is none', async () => {
        const row = jobRow()
        const update = (changes: object) => store.transact(({ jobs }) => jobs.update(row.id, changes))
        await expect(update({ status: 'RUNNING' })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
        await store.transact(({ jobs }) => jobs.insert(row))
        const error = { code: 'PARSE_FAILED' as const, message: 'm', hint: 'h' }
        const changes = {
          status: 'FAILED' as const,
          error,
          progress: { done: 1, total: 2, stage: 'embedding' },
          payload: { a: 'b' },
          attempts: 2,
          cancelRequested: true,
          runAfter: new Date(4),
          startedAt: new Date(1),
          heartbeatAt: new Date(2),
          finishedAt: new Date(3),
        }
        await update(changes)
        await update({})
        expect(await store.reader.jobs.get(row.id)).toEqual({ ...row, ...changes })
        await update({ error: null })
        expect(await store.reader.jobs.get(row.id)).toMatchObject({ error: null, attempts: 2 })
      })

      it('keeps a run with its curve, a repeated step replaced', async () => {
        const job = jobRow({ kind: 'train' })
        const dataset = { id: 'd'.repeat(64), trainCount: 3, heldOutCount: 1, createdAt: new Date() }
        const run = runRow(job.id, dataset.id)
        const steps = [1, 2, 3].map((step) => stepRow(run.id, step))
        const repeated = stepRow(run.id, 2, { loss: 0.25 })
        await store.transact(async ({ jobs, datasets, runs }) => {
          await jobs.insert(job)
          await datasets.insert(dataset)
          await runs.insert(run)
          for (const step of [...steps, repeated]) await runs.putStep(step)
        })
        const { runs } = store.reader
        expect(await runs.byJob(job.id)).toEqual(run)
        expect(await runs.steps(run.id, 0)).toEqual([steps[0], repeated, steps[2]])
        expect(await runs.steps(run.id, 2)).toEqual([steps[2]])

        const score = { n: 1, exactMatch: 50, f1: 60.5 }
        const evaluation = {
          heldOut: { serving: score, candidate: score },
          general: { serving: score, candidate: score },
          decision: 'KEEP' as const,
          reason: 'no better',
        }
        const changes = { status: 'SUCCEEDED' as const, candidateVersion: 'v', evaluation, finishedAt: new Date(5) }
        await store.transact((transactor) => transactor.runs.update(run.id, changes))
        expect(await runs.get(run.id)).toEqual({ ...run, ...changes })
        expect((await runs.page({ first: 5 })).items).toEqual([{ ...run, ...changes }])
      })

      it('names one base of a collection and an embedder at a time', async () => {
        const { id: embedderId } = await store.transact(embedderOf)
        const other = await store.transact(({ embedders }) => embedders.insert(embedderRow({ name: 'other' })))
        const about = { collectionId: collection.id, createdAt: new Date() }
        const base = { ...about, embedderId, folder: 'a', lastSeq: 5, count: 4 }
        const next = { ...base, folder: 'b', lastSeq: 9, count: 7 }
        const ofOther = { ...next, embedderId: other.id, folder: 'c' }
        const { indexBases } = store.reader
        const current = (id: number) => indexBases.current(id, collection.id)
        expect(await current(embedderId)).toBeUndefined()
        for (const one of [base, next, ofOther]) {
          await store.transact((transactor) => transactor.indexBases.setCurrent(one))
        }
        expect([await current(embedderId), await current(other.id)]).toEqual([next, ofOther])
        await store.transact((transactor) => transactor.indexBases.clear(embedderId, collection.id))
        expect([await current(embedderId), await current(other.id)]).toEqual([undefined, ofOther])
        await store.transact((transactor) => transactor.indexBases.clearOthers(other.id))
        expect(await current(other.id)).toEqual(ofOther)
        await store.transact((transactor) => transactor.indexBases.clearOthers(embedderId))
        expect(await current(other.id)).toBeUndefined()
      })

      it('appends promotions, the newest of which is current', async () => {
        const append = (modelVersion: string, kind: 'INITIAL' | 'ROLLBACK') =>
          store.transact(({ promotions }) =>
            promotions.append({ modelVersion, kind, reason: 'because', createdAt: new Date() }),
          )
        expect(await store.reader.promotions.current()).toBeUndefined()
        const first = await append('one', 'INITIAL')
        const second = await append('two', 'ROLLBACK')
        expect(await store.reader.promotions.current()).toEqual(second)
        expect(await store.reader.promotions.history()).toEqual([second, first])
      })

      it('finds a collection by name and takes each name once', async () => {
        const { collections } = store.reader
        expect(await collections.byName(collection.name)).toEqual(collection)
        const second = await addCollection(store)
        expect(await collections.all()).toEqual([collection, second])
        await expect(addCollection(store, { name: collection.name })).rejects.toThrow()
      })
    })
  })
}
