import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import PDFDocument from 'pdfkit'
import { Embedder } from '../../dist/embed/embedder.js'
import { Preparer } from '../../dist/ingest/preparer.js'
import { BULK_EMBEDDING } from '../../dist/retrieve/open-embedder.js'
import { startPeer } from '../lib/python.mjs'
import { quietJobs, root, startServer } from '../lib/server.mjs'
import { median } from '../lib/statistics.mjs'

export const describe =
  'pages read a second (Markdown, PDF) beside pypdf, chunks embedded a second beside sentence-transformers, chunks a second ' +
  'of a whole ingest (--data FOLDER of Markdown, default samples; --n rounds of the comparisons, default 5)'

const MODEL = join(root, 'models/embedder/all-MiniLM-L6-v2')
/** A page of typescript: 30 lines of 60 characters. */
const PAGE_CHARACTERS = 1800
const PDF_PAGES = 60
/** Two of the batches that sentence-transformers makes unless told otherwise. */
const TEXTS_PER_ROUND = 64

export async function run({ data = join(root, 'samples'), n = 5, log }) {
  const folder = await mkdtemp(join(os.tmpdir(), 'docent-bench-ingest-'))
  const peer = await startPeer('embedder.py', [MODEL], log)
  try {
    const markdown = (await readdir(data, { recursive: true })).filter((name) => name.endsWith('.md')).sort()
    if (markdown.length === 0) throw new Error(`${data} holds no Markdown`)
    const paths = markdown.map((name) => join(data, name))
    const { rows, texts } = await using(Preparer.start({ modelFolder: MODEL, processes: 2 }), (preparer) =>
      reading({ preparer, paths, folder, n, peer, log }),
    )
    const embedded = await using(Embedder.start({ modelFolder: MODEL, ...BULK_EMBEDDING, niceness: 0 }), (embedder) =>
      embedding({ embedder, texts, n, peer, log }),
    )
    return [...rows, ...embedded, ...(await wholeIngest({ data, log }))]
  } finally {
    await peer.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function using(starting, work) {
  const resource = await starting
  try {
    return await work(resource)
  } finally {
    await resource[Symbol.asyncDispose]()
  }
}

async function reading({ preparer, paths, folder, n, peer, log }) {
  const prepare = (path, mediaType) => preparer.prepare({ path, mediaType, fileName: null })
  const read = await Promise.all(paths.map((path) => prepare(path, 'text/markdown').catch(unlessEmpty)))
  const documents = read.filter((document) => document !== null)
  const files = paths.filter((_, at) => read[at] !== null)
  const asMarkdown = () => Promise.all(files.map((path) => prepare(path, 'text/markdown')))
  const texts = documents.flatMap(({ canonicalText, chunks }) =>
    chunks.map(({ start, end }) => canonicalText.slice(start, end)),
  )
  const characters = documents.reduce((sum, { canonicalText }) => sum + canonicalText.length, 0)
  // One for each process; pypdf, which has one process, reads one of them.
  const pdfs = [join(folder, '1.pdf'), join(folder, '2.pdf')]
  const text = documents.map(({ canonicalText }) => canonicalText).join('\n\n')
  for (const path of pdfs) await writePdf(path, text)
  const asPdf = () => Promise.all(pdfs.map((path) => prepare(path, 'application/pdf')))
  const times = { markdown: [], pdf: [], pypdf: [] }
  let pages = 0
  // The first round opens processes and compiles.
  for (let round = 0; round < n + 1; round++) {
    times.markdown.push(await timed(asMarkdown))
    times.pdf.push(await timed(asPdf))
    const byPeer = await peer.ask({ pdf: pdfs[0] })
    times.pypdf.push(byPeer.ms)
    pages = byPeer.pages
  }
  const seconds = (name) => median(times[name].slice(1)) / 1000
  const ofMarkdown = characters / PAGE_CHARACTERS / seconds('markdown')
  const ofPdf = (pdfs.length * pages) / seconds('pdf')
  const ofPypdf = pages / seconds('pypdf')
  log(`${files.length} files of Markdown, ${texts.length} chunks; PDF of ${pages} pages`)
  const rows = [
    [`Markdown read and cut, pages of ${PAGE_CHARACTERS} characters`, ofMarkdown.toFixed(0), 'pages/s'],
    ['PDF read and cut, two processes', ofPdf.toFixed(0), 'pages/s'],
    ['PDF, text alone, pypdf in one process', ofPypdf.toFixed(0), 'pages/s'],
  ]
  return { rows, texts }
}

/** Files that are front matter alone. */
function unlessEmpty(error) {
  if (error.code !== 'EMPTY_DOCUMENT') throw error
  return null
}

async function embedding({ embedder, texts, n, peer, log }) {
  const times = { docent: [], peer: [] }
  for (let round = 0; round < n + 1; round++) {
    const from = (round * TEXTS_PER_ROUND) % Math.max(1, texts.length - TEXTS_PER_ROUND)
    const batch = texts.slice(from, from + TEXTS_PER_ROUND)
    // Turn by turn, so that a busy moment of the machine hits both.
    let vectors = []
    times.docent.push(
      await timed(async () => {
        vectors = await embedder.embed(batch, { priority: 'bulk' })
      }),
    )
    const { ms, first } = await peer.ask({ embed: batch })
    times.peer.push(ms)
    const cosine = first.reduce((sum, value, at) => sum + value * vectors[0][at], 0)
    if (cosine < 0.95) throw new Error(`the two do not embed alike: cosine ${cosine}`)
    log(`round ${round}: ${times.docent.at(-1).toFixed(0)} ms, sentence-transformers ${ms.toFixed(0)} ms`)
  }
  const rate = (name) => TEXTS_PER_ROUND / (median(times[name].slice(1)) / 1000)
  return [
    ['chunks embedded, Docent', rate('docent').toFixed(1), 'chunks/s'],
    ['chunks embedded, sentence-transformers', rate('peer').toFixed(1), 'chunks/s'],
    ['embedding, Docent against it', (rate('docent') / rate('peer')).toFixed(2), 'times'],
  ]
}

async function wholeIngest({ data, log }) {
  const started = performance.now()
  const server = await startServer({ samplesDir: data })
  const ready = performance.now()
  try {
    const { chunks } = await quietJobs(server.gql, (health) =>
      log(`${health.chunks} chunks, ${health.queuedJobs} files to go`),
    )
    const seconds = (performance.now() - ready) / 1000
    return [
      ['whole ingest: until ready', ((ready - started) / 1000).toFixed(1), 's'],
      ['whole ingest', `${seconds.toFixed(1)} s, ${chunks}`, 'chunks'],
      ['whole ingest', (chunks / seconds).toFixed(1), 'chunks/s'],
    ]
  } finally {
    await server.stop()
  }
}

/** The first pages of a text, as a word processor prints it. */
async function writePdf(path, text) {
  const pdf = new PDFDocument({ size: 'A4', margin: 72, bufferPages: true })
  const file = pdf.pipe(createWriteStream(path))
  pdf.font('Times-Roman').fontSize(11)
  for (const paragraph of text.split('\n')) {
    if (pdf.bufferedPageRange().count > PDF_PAGES) break
    pdf.text(paragraph)
  }
  pdf.end()
  await finished(file)
}

async function timed(work) {
  const started = performance.now()
  await work()
  return performance.now() - started
}
