/**
 * Makes resources/retrieved-set.json: the questions of resources/general-set.json with the passages that `ask` would read for
 * them, if all contexts of that set were its documents. What calibrations of answers are fitted on.
 *
 *   npm run build && node scripts/data/make-retrieved-set.mjs OUT.json
 *
 * Questions that were paired with another passage are left out: among all contexts, their own answers them. Every second
 * answerable question is asked again without what was found of its own context. The similarities are those of the embedder's
 * graph in DOCENT_MODELS_DIR, to five digits: another graph of the same model gives slightly other ones.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from '../../dist/app.js'
import { readConfig } from '../../dist/config.js'
import { createLogger } from '../../dist/log.js'
import { RETRIEVAL_SETTINGS } from '../../dist/retrieve/retriever.js'
import { readGeneralSet } from './sources.mjs'

/** As many as the largest fit chooses from. */
const PASSAGES = 8
/** As many as a search gives: more than enough when those of one context are taken out. */
const SEARCHED = 50

const [out] = process.argv.slice(2)
if (!out) throw new Error('usage: make-retrieved-set.mjs OUT.json')
const { licence, examples } = await readGeneralSet()
const folder = await mkdtemp(join(tmpdir(), 'docent-retrieved-'))
const app = await App.open(
  readConfig({ ...process.env, DOCENT_DATA_DIR: join(folder, 'data'), DOCENT_INDEX_DIR: join(folder, 'indexes') }),
  createLogger('warn'),
)
try {
  const ids = await ingest(new Map(examples.map(({ context, title }) => [context, title])))
  const { embedderVersion } = await app.services.health()
  const contexts = []
  for (const id of ids.values()) contexts.push((await app.services.documents.text(id)).text)
  const head = {
    source: 'general-set.json',
    licence,
    embedder: embedderVersion,
    retrieval: RETRIEVAL_SETTINGS,
    contexts,
  }
  const questions = (await askAll(ids)).map((question) => JSON.stringify(question)).join(',\n')
  await writeFile(out, `${JSON.stringify(head).slice(0, -1)},"questions":[\n${questions}\n]}\n`)
} finally {
  await app[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

/** @returns the document of each context, in their order */
async function ingest(titles) {
  const { documents, health } = app.services
  const ids = new Map()
  for (const [context, title] of titles) {
    const { payload } = await documents.add({ title, content: context })
    ids.set(context, payload.documentId)
  }
  await app.startJobs()
  for (let unfinished = ids.size; unfinished > 0; await delay(200)) {
    const { queuedJobs, runningJobs } = await health()
    unfinished = queuedJobs + runningJobs
  }
  return ids
}

async function askAll(ids) {
  const numbers = new Map([...ids.values()].map((id, number) => [id, number]))
  const asked = []
  let answerable = 0
  for (const { id, question, context, answers, isImpossible } of examples) {
    if (id.endsWith('-elsewhere')) continue
    const found = await app.services.answering.search(question, { first: SEARCHED })
    const golds = [...new Set(answers.map(({ text }) => text))]
    asked.push({ question, golds, passages: found.slice(0, PASSAGES).map(toPlace) })
    if (isImpossible || answerable++ % 2 === 0) continue
    const others = found.filter(({ chunk }) => chunk.documentId !== ids.get(context))
    asked.push({ question, golds: [], passages: others.slice(0, PASSAGES).map(toPlace) })
  }
  return asked

  function toPlace({ chunk: { documentId, start, end }, score, denseScore }) {
    const similarity = denseScore === null ? null : Number(denseScore.toFixed(5))
    return { context: numbers.get(documentId), start, end, score: Number(score.toFixed(5)), similarity }
  }
}
