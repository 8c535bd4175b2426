import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { NearDocuments } from '../../dist/index/near-documents/near-documents.js'
import { shinglesOf } from '../../dist/index/near-documents/shingles.js'
import { createLogger } from '../../dist/log.js'
import { SqliteStore } from '../../dist/store/sqlite/sqlite-store.js'
import { wordsOf } from '../../dist/text/words.js'
import { randomStream } from '../../dist/train/random.js'

export const describe =
  'near duplicates found against all pairs compared exactly (--data FOLDER of texts, --n N documents, a tenth of them changed copies); ' +
  'where N is more than there are, paragraphs make further ones'

const SHARES = [0.5, 0.6, 0.7, 0.8, 0.9]
/** Documents of which all pairs are compared: of more, time and memory are measured alone. */
const EXACT_UP_TO = 2500
const STORED_AT_ONCE = 250
const random = randomStream(1, 1)
const draw = (items) => items[Math.floor(random() * items.length)]

export async function run({ data, n = 500, log }) {
  if (!data) throw new Error('--data is needed: a folder with .md, .txt or .html files')
  const documents = await makeDocuments(data, n)
  const folder = await mkdtemp(join(os.tmpdir(), 'docent-bench-duplicates-'))
  const quiet = createLogger('warn')
  const store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log: quiet })
  const near = new NearDocuments({ reader: store.reader, log: quiet })
  try {
    await fill(store, documents, log)
    const before = process.memoryUsage().rss
    const sketching = performance.now()
    for await (const { done, total } of near.prepare(['bench'])) log(`${done} of ${total} sketched`)
    const sketched = performance.now() - sketching
    const listing = performance.now()
    const { found, pages, slowest } = await allPairs(near, 0.8)
    const listed = performance.now() - listing
    const memory = process.memoryUsage().rss - before
    const rows = [
      ['documents, words', `${documents.length}, ${documents.reduce((sum, { words }) => sum + words, 0)}`, ''],
      ['sketched', (sketched / 1000).toFixed(1), 's'],
      [`pairs listed at 0.8: ${found.size} on ${pages} pages`, (listed / 1000).toFixed(1), 's'],
      ['slowest page of 20', (slowest / 1000).toFixed(2), 's'],
      ['memory', Math.round(memory / 2 ** 20), 'MiB'],
    ]
    if (documents.length > EXACT_UP_TO) return rows
    log('comparing all pairs')
    const exact = exactShares(documents)
    for (const share of SHARES) rows.push(...(await compared(near, exact, share)))
    rows.push(...planted(documents, exact, found))
    return rows
  } finally {
    await near[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Of every ten documents one is a copy of another with a change of a known kind. */
async function makeDocuments(data, n) {
  const files = (await readdir(data, { recursive: true })).filter((file) => /\.(md|html?|txt)$/.test(file)).sort()
  const real = await Promise.all(files.map((file) => readFile(join(data, file), 'utf8')))
  const texts = real.filter((text) => paragraphsOf(text).length >= 3)
  const paragraphs = texts.flatMap(paragraphsOf)
  const originals = Math.ceil(n * 0.9)
  const chosen = spread(texts, originals).map((text) => ({ text, change: null, of: null }))
  while (chosen.length < originals) {
    const text = Array.from({ length: paragraphsOf(draw(texts)).length }, () => draw(paragraphs)).join('\n\n')
    chosen.push({ text, change: null, of: null })
  }
  const copies = Array.from({ length: n - chosen.length }, (_, at) => {
    const of = Math.floor(random() * chosen.length)
    const [change, alter] = CHANGES[at % CHANGES.length]
    return { text: alter(chosen[of].text, paragraphs), change, of }
  })
  return [...chosen, ...copies].map((document, at) => ({
    ...document,
    id: `document-${String(at).padStart(6, '0')}`,
    words: wordsOf(document.text).length,
  }))
}

const CHANGES = [
  ['a number', (text) => (/\d/.test(text) ? text.replace(/\d+/, (digits) => `${Number(digits) + 1}`) : `${text}\n\n7`)],
  ['a word', (text) => text.replace(/\p{L}{4,}(?=[^\p{L}]*$)/u, 'otherwise')],
  ['a paragraph', (text, others) => replaceParagraphs(text, others, 1)],
  ['a third of the paragraphs', (text, others) => replaceParagraphs(text, others, paragraphsOf(text).length / 3)],
]

const paragraphsOf = (text) => text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== '')

function replaceParagraphs(text, others, count) {
  const paragraphs = paragraphsOf(text)
  const start = Math.floor(random() * (paragraphs.length - count))
  return paragraphs.map((own, at) => (at >= start && at < start + count ? draw(others) : own)).join('\n\n')
}

async function fill(store, documents, log) {
  const now = new Date()
  await store.transact(({ collections }) => collections.insert({ id: 'bench', name: 'bench', createdAt: now }))
  for (let at = 0; at < documents.length; at += STORED_AT_ONCE) {
    await store.transact(async (transactor) => {
      for (const { id, text } of documents.slice(at, at + STORED_AT_ONCE)) {
        await transactor.documents.insert({
          ...{ id, collectionId: 'bench', externalId: null, title: id, givenTitle: null, mediaType: 'text/plain' },
          ...{ metadata: {}, givenMetadata: {}, currentVersion: 1, status: 'READY', createdAt: now, updatedAt: now },
        })
        await transactor.documents.insertVersion({
          ...{ documentId: id, version: 1, canonicalText: text.toWellFormed(), textHash: id, originalHash: id },
          ...{ mediaType: 'text/plain', fileName: null, ownTitle: null, ownMetadata: {}, sections: [], createdAt: now },
        })
      }
    })
    log(`${at} of ${documents.length} stored`)
  }
}

const pairOf = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`)

async function allPairs(near, minShare) {
  const found = new Map()
  let pages = 0
  let slowest = 0
  for (let after; ; ) {
    const from = performance.now()
    const page = await near.page({ collectionIds: ['bench'], minShare, first: 20, after })
    slowest = Math.max(slowest, performance.now() - from)
    pages++
    for (const { documentId, matches } of page.items) {
      for (const match of matches) found.set(pairOf(documentId, match.documentId), match.share)
    }
    if (page.nextCursor === null) return { found, pages, slowest }
    after = page.nextCursor
  }
}

/** Jaccard of every pair that shares a shingle, by counting: no sketch, no band. */
function exactShares(documents) {
  const postings = new Map()
  const sizes = documents.map(({ text }, at) => {
    const shingles = new Set(shinglesOf(wordsOf(text)))
    for (const shingle of shingles) {
      const holders = postings.get(shingle)
      if (holders) holders.push(at)
      else postings.set(shingle, [at])
    }
    return shingles.size
  })
  const shared = documents.map(() => new Uint32Array(documents.length))
  for (const holders of postings.values()) {
    for (let i = 0; i < holders.length; i++) for (let j = 0; j < i; j++) shared[holders[i]][holders[j]]++
  }
  const shares = new Map()
  for (let a = 0; a < documents.length; a++) {
    for (let b = 0; b < a; b++) {
      const share = shared[a][b] / (sizes[a] + sizes[b] - shared[a][b])
      if (share >= SHARES[0]) shares.set(pairOf(documents[a].id, documents[b].id), share)
    }
  }
  return shares
}

async function compared(near, exact, minShare) {
  const { found } = await allPairs(near, minShare)
  const true_ = [...exact].filter(([, share]) => share >= minShare)
  const right = [...found].filter(([pair, share]) => Math.abs((exact.get(pair) ?? 0) - share) < 1e-9)
  const recalled = true_.filter(([pair]) => found.has(pair))
  const ratio = (part, whole) => (whole === 0 ? '-' : ((100 * part) / whole).toFixed(1))
  return [
    [`share >= ${minShare}: pairs there are / found`, `${true_.length} / ${found.size}`, ''],
    [`share >= ${minShare}: recall`, ratio(recalled.length, true_.length), '%'],
    [`share >= ${minShare}: precision`, ratio(right.length, found.size), '%'],
  ]
}

function planted(documents, exact, found) {
  return CHANGES.map(([change]) => {
    const copies = documents.filter((document) => document.change === change)
    const pairs = copies.map(({ id, of }) => pairOf(id, documents[of].id))
    const near = pairs.filter((pair) => exact.get(pair) >= 0.8)
    const caught = pairs.filter((pair) => found.has(pair))
    return [
      `copies with ${change} changed: at least 0.8 / found`,
      `${pairs.length}: ${near.length} / ${caught.length}`,
      '',
    ]
  })
}

/** So many of them, evenly spread; all where there are no more. */
function spread(items, count) {
  if (count >= items.length) return [...items]
  return Array.from({ length: count }, (_, at) => items[Math.floor((at * items.length) / count)])
}
