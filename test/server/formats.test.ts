/** What an administrator really uploads, through a real server: every format, archives, and what is refused. */

import { setTimeout as wait } from 'node:timers/promises'
import { Document, HeadingLevel, Packer, Paragraph } from 'docx'
import { afterAll, beforeAll, expect, test } from 'vitest'
import writeXlsxFile from 'write-excel-file/node'
import { lines, makePdf } from '../support/make-pdf.js'
import { makeZip } from '../support/make-zip.js'
import { type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'
import { type UploadFile, upload } from '../support/upload.js'

let folders: Folders
let server: TestServer

beforeAll(async () => {
  folders = await makeFolders()
  server = await startServer(folders)
})
afterAll(async () => {
  await server?.stop()
  await folders?.remove()
})

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(buffer)

const BATCH = `query($id: ID!) { batch(id: $id) {
  progress { total queued running succeeded failed }
  jobs(first: 100) { edges { node { kind status fileName error { code message } document { id title mediaType } } } }
} }`

async function ingested(files: readonly UploadFile[], fields: Record<string, string> = {}): Promise<Any> {
  const { body } = await upload(server.url, files, fields)
  expect(body.errors).toEqual([])
  for (;;) {
    const { batch } = await server.client.graphql<Any>(BATCH, { id: body.batch.id })
    const { queued, running } = batch.progress
    if (queued + running === 0) return { ...batch, jobs: batch.jobs.edges.map(({ node }: Any) => node) }
    await wait(50)
  }
}

async function labelOf(query: string, collection: string): Promise<Any> {
  const { search } = await server.client.graphql<Any>(
    `query($query: String!, $collections: [ID!]) { search(query: $query, collections: $collections, first: 1) {
      text location { label kind page sheet slide row boxes { page left top right bottom } }
    } }`,
    { query, collections: [collection] },
  )
  return search[0]
}

test('a PDF is found and cited with its page, and a viewer can mark the lines', async () => {
  const pdf = await makePdf((made) => {
    lines(made, ['Travel policy'], { size: 20, y: 60 })
    lines(made, ['Flights are booked by the travel desk, two weeks ahead.'])
    made.addPage()
    lines(made, ['Meals on a journey are paid up to forty euros a day.'], { y: 200 })
  })
  const { progress } = await ingested([{ name: 'travel.pdf', content: bytes(pdf) }], { collection: 'pdf' })
  expect(progress).toMatchObject({ succeeded: 1, failed: 0 })
  const { answers } = (
    await server.client.graphql<Any>(
      `{ ask(question: "How much is paid for meals?", collections: ["pdf"]) { answers { text location { label page } } } }`,
    )
  ).ask
  for (const { location } of answers) expect(location.label).toMatch(/^Travel policy, pages? [12]( to 2)?$/)
  const hit = await labelOf('meals paid forty euros', 'pdf')
  expect(hit.text).toContain('Meals on a journey are paid up to forty euros a day.')
  const box = hit.location.boxes.at(-1)
  expect(box.page).toBe(2)
  expect(box.left).toBeCloseTo(72, 0)
  expect(box.top).toBeGreaterThan(190)
  expect(box.bottom).toBeLessThan(220)
})

test('a Word document is cited by its headings, a workbook by sheet and row', async () => {
  const word = await Packer.toBuffer(
    new Document({
      sections: [
        {
          children: [
            new Paragraph({ text: 'Handbook', heading: HeadingLevel.TITLE }),
            new Paragraph({ text: 'Parental leave', heading: HeadingLevel.HEADING_1 }),
            new Paragraph('Parents of a newborn child may take twelve weeks.'),
          ],
        },
      ],
    }),
  )
  const cells = (...values: (string | number)[]) => values.map((value) => ({ value }))
  const rows = [cells('Product', 'Price'), cells('Green tea', 4), cells('Black coffee', 3)]
  const workbook = await writeXlsxFile(rows as Any, { buffer: true, sheet: 'Drinks' } as Any)
  const files = [
    { name: 'handbook.docx', content: bytes(word) },
    { name: 'prices.xlsx', content: bytes(await bufferOf(workbook)) },
  ]
  const { progress } = await ingested(files, { collection: 'office' })
  expect(progress).toMatchObject({ succeeded: 2, failed: 0 })
  expect(await labelOf('newborn child weeks', 'office')).toMatchObject({
    text: 'Handbook\n\nParental leave\n\nParents of a newborn child may take twelve weeks.',
    location: { label: 'Handbook', kind: 'heading', page: null },
  })
  const hit = await labelOf('Black coffee price', 'office')
  expect(hit.text).toContain('Product: Black coffee | Price: 3')
  expect(hit.location).toMatchObject({ sheet: 'Drinks', kind: 'heading' })
})

async function bufferOf(made: Any): Promise<Buffer> {
  return Buffer.isBuffer(made) ? made : made.toBuffer()
}

test('an archive becomes its documents; what fails in it fails alone, and litter is nobody’s document', async () => {
  const archive = makeZip({
    'docs/one.md': '# One\n\nThe first of two documents in an archive.',
    'docs/two.csv': 'Name,City\nAnn,Paris\nBob,Rome\n',
    'docs/empty.txt': '\n',
    'docs/picture.bin': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    'inner.zip': makeZip({ 'a.txt': 'a' }),
    '__MACOSX/docs/._one.md': 'x',
    'docs/.DS_Store': 'x',
  })
  const send = () =>
    ingested([{ name: 'all.zip', content: bytes(archive) }], { collection: 'archive', externalId: 'all' })
  const batch = await send()
  expect(batch.progress).toMatchObject({ total: 5, succeeded: 2, failed: 3 })
  const failed = batch.jobs.filter(({ status }: Any) => status === 'FAILED')
  expect(Object.fromEntries(failed.map(({ fileName, error }: Any) => [fileName, error.code]))).toEqual({
    'docs/empty.txt': 'EMPTY_DOCUMENT',
    'docs/picture.bin': 'UNSUPPORTED_MEDIA_TYPE',
    'inner.zip': 'UNSUPPORTED_MEDIA_TYPE',
  })
  expect((await labelOf('Bob city', 'archive')).text).toContain('Name: Bob | City: Rome')
  const count = async () =>
    (
      await server.client.graphql<Any>('{ documents(first: 100, status: READY) { edges { node { externalId } } } }')
    ).documents.edges
      .map(({ node }: Any) => node.externalId)
      .filter((id: string | null) => id?.startsWith('all/'))
      .sort()
  expect(await count()).toEqual(['all/docs/one.md', 'all/docs/two.csv'])
  await send()
  expect(await count()).toEqual(['all/docs/one.md', 'all/docs/two.csv'])
  // What the next archive of that name holds no more is gone.
  const smaller = makeZip({ 'docs/one.md': '# One\n\nThe first of two documents in an archive.' })
  await ingested([{ name: 'all.zip', content: bytes(smaller) }], { collection: 'archive', externalId: 'all' })
  expect(await count()).toEqual(['all/docs/one.md'])
})

test('every line of JSON Lines is a document with its title and metadata', async () => {
  const records = [
    { id: 'a-1', title: 'Opening hours', text: 'The library opens at nine.', year: 2024, tags: ['library'] },
    { id: 'a-2', title: 'Fees', text: 'A late book costs ten cents.', year: 2020 },
    { id: 'a-3', title: 'No text' },
  ]
  const content = records.map((record) => JSON.stringify(record)).join('\n')
  const batch = await ingested([{ name: 'faq.jsonl', content }], { collection: 'lines' })
  expect(batch.progress).toMatchObject({ succeeded: 2, failed: 1 })
  const { documents } = await server.client.graphql<Any>(
    `{ documents(first: 9, filter: { metadata: [{ key: "year", gt: 2022 }] }) {
      edges { node { title externalId metadata } }
    } }`,
  )
  expect(documents.edges.map(({ node }: Any) => node)).toMatchObject([
    { title: 'Opening hours', externalId: 'faq.jsonl/a-1', metadata: { year: 2024 } },
  ])
})

test.each([
  [
    'a scan without a text layer',
    'scan.pdf',
    () => makePdf((pdf) => void pdf.image(PIXEL, 0, 0, { width: 500 })),
    'NO_TEXT_LAYER',
  ],
  [
    'a PDF with a password',
    'secret.pdf',
    () => makePdf((pdf) => lines(pdf, ['x']), { userPassword: 'p' }),
    'ENCRYPTED_FILE',
  ],
  ['a PDF that is cut short', 'short.pdf', async () => Buffer.from('%PDF-1.7\n1 0 obj\n'), 'MALFORMED_FILE'],
  [
    'an archive that is no archive',
    'a.zip',
    async () => Buffer.from('504b03041400000008000000210000', 'hex'),
    'MALFORMED_FILE',
  ],
  ['HTML nested too deeply', 'deep.html', async () => Buffer.from('<div>'.repeat(50_000)), 'NESTED_TOO_DEEPLY'],
])('%s fails with its own code', async (_, name, content, code) => {
  const { jobs } = await ingested([{ name, content: bytes(await content()) }], { collection: 'bad' })
  expect(jobs.map(({ status, error }: Any) => [status, error?.code])).toEqual([['FAILED', code]])
})

test('a program that is called a document is refused before it is accepted', async () => {
  const exe = Buffer.from('4d5a90000300000004000000ffff0000b8000000', 'hex')
  const { status, body } = await upload(server.url, [{ name: 'report.docx', content: bytes(exe) }])
  expect([status, body.error?.code]).toEqual([422, 'CONTENT_MISMATCH'])
})

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
