/**
 * Makes resources/retrieved-set.json: the questions of resources/general-set.json with the passages that `ask` would read for
 * them, if all contexts of that set were its documents. What calibrations of answers are fitted on.
 *
 *   npm run build && node scripts/data/make-retrieved-set.mjs OUT.json
 *
 * The similarities are those of the embedder's graph in DOCENT_MODELS_DIR, to five digits: another graph of the same model
 * gives slightly other ones.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from '../../dist/app.js'
import { readConfig } from '../../dist/config.js'
import { retrieveQuestions } from '../../dist/evaluate/retrieved-set.js'
import { createLogger } from '../../dist/log.js'
import { RETRIEVAL_SETTINGS } from '../../dist/retrieve/retriever.js'
import { readGeneralSet } from './sources.mjs'

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

function askAll(ids) {
  const numbers = new Map([...ids.values()].map((id, number) => [id, number]))
  return retrieveQuestions({
    examples,
    contextOf: ({ context }) => numbers.get(ids.get(context)),
    search: async (question, first) => (await app.services.answering.search(question, { first })).map(toPlace),
  })

  function toPlace({ chunk: { documentId, start, end }, score, denseScore }) {
    const similarity = denseScore === null ? null : Number(denseScore.toFixed(5))
    return { context: numbers.get(documentId), start, end, score: Number(score.toFixed(5)), similarity }
  }
}
