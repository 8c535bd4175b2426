/**
 * Makes resources/retrieved-set.json: the questions of resources/general-set.json with the passages that `ask` would read for
 * them, if all contexts of that set were its documents. What calibrations of answers are fitted on.
 *
 *   npm run build && node scripts/data/make-retrieved-set.mjs OUT.json
 *
 * The similarities are those of the embedder's graph in DOCENT_MODELS_DIR, to five digits: another graph of the same model
 * gives slightly other ones.
 */
import { writeFile } from 'node:fs/promises'
import { readConfig } from '../../dist/config.js'
import { Embedder } from '../../dist/embed/embedder.js'
import { retrieveSet } from '../../dist/jobs/retrieve-set.js'
import { createLogger } from '../../dist/log.js'
import { Embedders } from '../../dist/registry/embedders.js'
import { RETRIEVAL_SETTINGS } from '../../dist/retrieve/retriever.js'
import { Tokenizer } from '../../dist/text/tokenizer.js'
import { readGeneralSet } from './sources.mjs'

const [out] = process.argv.slice(2)
if (!out) throw new Error('usage: make-retrieved-set.mjs OUT.json')
const config = readConfig(process.env)
const { name, folder, dimensions, weightsHash } = await new Embedders(config).get(config.embedder)
const { licence, examples } = await readGeneralSet()
const embedder = await Embedder.start({ modelFolder: folder })
try {
  const { contexts, questions } = await retrieveSet({
    ...{ examples, embedder, tokenizer: await Tokenizer.open(folder), log: createLogger('warn') },
    record: { id: 1, name, dimensions, weightsHash, createdAt: new Date() },
    signal: new AbortController().signal,
    onProgress: (done, total) => done % 50 === 0 && console.error(`${done} of ${total} questions`),
  })
  const head = { source: 'general-set.json', licence, embedder: name, retrieval: RETRIEVAL_SETTINGS, contexts }
  const rounded = (_, value) => (typeof value === 'number' ? Number(value.toFixed(5)) : value)
  const rows = questions.map((question) => JSON.stringify(question, rounded)).join(',\n')
  await writeFile(out, `${JSON.stringify(head).slice(0, -1)},"questions":[\n${rows}\n]}\n`)
} finally {
  await embedder[Symbol.asyncDispose]()
}
