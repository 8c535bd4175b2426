import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLogger } from '../../src/log.js'
import { FIRST_SCHEMA } from '../../src/store/sqlite/migrations/0001-first-schema.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-migrations-'))
  path = join(folder, 'docent.sqlite')
})
afterEach(() => rm(folder, { recursive: true }))

type Row = Record<string, string | number | Uint8Array | null>

/** As the first release wrote it. */
function writeFirstRelease(tables: Record<string, readonly Row[]>): void {
  const database = new Database(path)
  database.exec(FIRST_SCHEMA)
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows) {
      const names = Object.keys(row)
      const places = names.map((name) => `@${name}`)
      database.prepare(`insert into ${table} (${names}) values (${places})`).run(row)
    }
  }
  database.pragma(`application_id = ${0x444f4354}`)
  database.pragma('user_version = 1')
  database.close()
}

const documentRow = (id: string, status: string): Row => ({
  ...{ id, collection_id: 'c', external_id: null, title: '', media_type: 'text/plain', metadata: '{}' },
  ...{ current_version: 1, status, created_at: 1, updated_at: 1 },
})
const versionRow = (document_id: string): Row => ({
  ...{ document_id, version: 1, text_hash: 'h', original_hash: 'o', media_type: 'text/plain', sections: '[]' },
  created_at: 1,
})
const answerOf = (documentId: string) => ({
  ...{ id: `answer-${documentId}`, text: 'words', confidence: 0.5, documentId, documentVersion: 1, start: 0, end: 5 },
  ...{ context: 'words here', contextStart: 0 },
})

it('a database of the first release is taken over, and the quotes of what was deleted before are emptied', async () => {
  const span = (documentId: string) => ({ documentId, documentVersion: 1, start: 0, end: 5, text: 'words' })
  const correctionRow = (id: string, documentId: string): Row => ({
    ...{ id, interaction_id: 'i', verdict: 'CORRECTED', span: JSON.stringify(span(documentId)), status: 'ACCEPTED' },
    created_at: 1,
  })
  const labelRow = (id: string, correction_id: string, document_id: string): Row => ({
    ...{ id, correction_id, question: 'q', document_id, document_version: 1, context_start: 0, context_end: 5 },
    ...{ answer: JSON.stringify({ start: 0, end: 5, text: 'words' }), created_at: 1 },
  })
  const jobRow = (id: string, documentId: string, originalHash: string): Row => ({
    ...{ id, kind: 'ingest', status: 'FAILED', payload: JSON.stringify({ documentId, originalHash }), progress: '{}' },
    ...{ attempts: 1, cancel_requested: 0, created_at: 1 },
  })
  const readRow = {
    ...{ ...jobRow('j-0', 'kept', ''), status: 'SUCCEEDED' },
    payload: JSON.stringify({ documentId: 'kept', originalHash: 'o', fileName: 'kept.md', title: null }),
  }
  writeFirstRelease({
    collections: [{ id: 'c', name: 'c', created_at: 1 }],
    documents: [
      documentRow('gone', 'DELETED'),
      { ...documentRow('kept', 'READY'), external_id: 'kept.md', title: 'Kept', metadata: '{"team":"x"}' },
    ],
    document_versions: [versionRow('gone'), versionRow('kept')],
    interactions: [
      {
        ...{ id: 'i', question: 'q', resolved_question: 'q', history: '[]', collection_ids: '[]', filter: '{}' },
        ...{ settings: '{}', passages: '[]', answers: JSON.stringify([answerOf('kept'), answerOf('gone')]) },
        ...{ abstained: 0, no_answer_probability: 0.5, reader_version: 'r', embedder_version: 'e', timings: '{}' },
        created_at: 1,
      },
    ],
    corrections: [correctionRow('c-gone', 'gone'), correctionRow('c-kept', 'kept')],
    jobs: [jobRow('j-gone', 'gone', 'o-gone'), jobRow('j-kept', 'kept', 'o-failed'), readRow],
    chunks: [
      {
        ...{ seq: 7, document_id: 'kept', version: 1, collection_id: 'c', ordinal: 0, start: 0, end: 5 },
        ...{ token_count: 1, heading_path: '[]' },
      },
    ],
    chunk_vectors: [{ seq: 7, vector: new Uint8Array(new Float32Array(384).fill(0.5).buffer) }],
    index_bases: [{ collection_id: 'c', folder: 'base', last_seq: 7, count: 1, created_at: 1 }],
    labels: [labelRow('l-gone', 'c-gone', 'gone'), labelRow('l-kept', 'c-kept', 'kept')],
  })

  const quotes = async ({ reader }: SqliteStore) => ({
    answers: (await reader.interactions.get('i'))?.answers,
    spans: [(await reader.corrections.get('c-gone'))?.span, (await reader.corrections.get('c-kept'))?.span],
    labels: (await reader.labels.all()).map(({ answer }) => answer?.text),
  })
  const empty = (documentId: string) => ({ ...answerOf(documentId), text: '', context: '' })
  await using store = await SqliteStore.open({ path, log: createLogger('silent') })
  expect(await quotes(store)).toEqual({
    answers: [answerOf('kept'), empty('gone')],
    spans: [{ ...span('gone'), text: '' }, span('kept')],
    labels: ['', 'words'],
  })
  expect(await store.reader.documents.originalsOf('kept')).toEqual(['o', 'o-failed'])
  expect(await store.reader.documents.originalsOf('gone')).toEqual([])
  // What changes a document next finds its name, what was said of it, and what its version was read from.
  const { documents } = store.reader
  expect(await documents.byExternalId('c', 'kept.md')).toMatchObject({
    ...{ id: 'kept', externalId: 'kept.md', title: 'Kept', givenTitle: null },
    ...{ metadata: { team: 'x' }, givenMetadata: { team: 'x' } },
  })
  expect(await documents.versionSummary('kept', 1)).toMatchObject({ fileName: 'kept.md', ownTitle: 'Kept' })
  expect(await documents.lastUpload('kept')).toEqual({
    ...{ originalHash: 'o', mediaType: 'text/plain', fileName: 'kept.md' },
  })
  // Its vectors are of the only embedder that there was, and indexed anew.
  const embedder = await store.reader.embedders.current()
  expect(embedder).toMatchObject({ id: 1, name: 'all-MiniLM-L6-v2', dimensions: 384 })
  expect(await store.reader.chunks.vectorsAfter(1, 'c', 0, 10)).toEqual([
    { seq: 7, vector: new Float32Array(384).fill(0.5) },
  ])
  expect(await store.reader.chunks.ofDocument('kept')).toMatchObject([{ seq: 7, tableHeader: null }])
  expect(await store.reader.indexBases.current(1, 'c')).toBeUndefined()
  // And what it quotes of documents that are still there is found when they go.
  await store.transact(({ documents }) => documents.remove('kept'))
  expect(await quotes(store)).toEqual({
    answers: [empty('kept'), empty('gone')],
    spans: [
      { ...span('gone'), text: '' },
      { ...span('kept'), text: '' },
    ],
    labels: ['', ''],
  })
})

it('a database without chunks has no embedder yet', async () => {
  writeFirstRelease({ collections: [{ id: 'c', name: 'c', created_at: 1 }] })
  await using store = await SqliteStore.open({ path, log: createLogger('silent') })
  expect(await store.reader.embedders.current()).toBeUndefined()
})
