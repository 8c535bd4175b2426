/**
 * Trains the bundled reader from an encoder (all-MiniLM-L6-v2) on SQuAD files, with the product's own trainer.
 *
 *   node scripts/train-bundled-reader.mjs --base FOLDER --out FOLDER --data FILE[:SHARE] ... (--minutes N | --steps N)
 *
 *   --data FILE:0.3     takes that share of the file's questions, drawn by the seed; the whole file without a share
 *   --negatives 0.15    for this share of the chosen questions, a further one that has no answer, in each of three ways,
 *                       and for a third of it in each of two others (src/train/negatives.ts)
 *   --minutes N         of computing; the learning rate reaches zero when they are over
 *   --batch, --rate, --length, --epochs, --seed, --niceness, --threads, --precision, --dropout, --checkpoint-steps
 *   --resume            goes on from the newest checkpoint in --out (also with other --minutes or --steps)
 *
 * Give it training files only: never shared/data/eval (what the reader is measured on) nor shared/data/domain (where
 * adaptation is measured). Contexts of resources/general-set.json, which the gate measures on, are left out here. What is
 * left out is counted in the log. Needs the compiled `dist/`. Result: OUT/trained.safetensors, OUT/train.json (what was
 * learnt), OUT/curve.jsonl, OUT/training.log.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contextKey, parseSquad, toSquad } from '../dist/text/squad.js'
import { makeNegatives } from '../dist/train/negatives.js'
import { randomStream } from '../dist/train/random.js'
import { startTraining } from '../dist/train/trainer.js'

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    out: { type: 'string' },
    data: { type: 'string', multiple: true, default: [] },
    negatives: { type: 'string', default: '0.15' },
    minutes: { type: 'string' },
    steps: { type: 'string' },
    batch: { type: 'string', default: '16' },
    rate: { type: 'string', default: '2e-4' },
    length: { type: 'string', default: '256' },
    epochs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '13' },
    niceness: { type: 'string', default: '0' },
    threads: { type: 'string' },
    precision: { type: 'string', default: 'auto' },
    dropout: { type: 'string', default: '0.1' },
    'checkpoint-steps': { type: 'string', default: '50' },
    resume: { type: 'boolean', default: false },
  },
})
const { base, out } = options
if (!base || !out || options.data.length === 0) {
  console.error('needed: --base FOLDER --out FOLDER --data FILE...')
  process.exit(2)
}
mkdirSync(out, { recursive: true })
const log = (text) => {
  const line = `${new Date().toISOString()} ${text}`
  console.error(line)
  appendFileSync(path.join(out, 'training.log'), `${line}\n`)
}

const seed = Number(options.seed)
const datasetFile = path.join(out, 'train.json')
if (!options.resume || !existsSync(datasetFile)) writeFileSync(datasetFile, JSON.stringify(toSquad(chooseExamples())))

const minutes = options.minutes === undefined ? null : Number(options.minutes)
const run = startTraining({
  settings: {
    learningRate: Number(options.rate),
    batchSize: Number(options.batch),
    maxSequenceLength: Number(options.length),
    stride: Math.min(128, Math.floor(Number(options.length) / 4)),
    epochs: Number(options.epochs),
    maxSteps: options.steps === undefined ? null : Number(options.steps),
    maxMinutes: minutes,
    seed,
    freezeEmbeddings: 'words',
    precision: options.precision,
    dropout: Number(options.dropout),
    checkpointSteps: Number(options['checkpoint-steps']),
  },
  parentFolder: base,
  datasetPaths: [datasetFile],
  checkpointFolder: out,
  resume: options.resume,
  niceness: Number(options.niceness),
  ...(options.threads ? { threads: Number(options.threads) } : {}),
  onPrepared: ({ exampleCount, windowCount, tokenCount }) =>
    log(`${exampleCount} questions in ${windowCount} windows of ${tokenCount} tokens`),
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.cancel())
log(`training in process ${run.pid}`)

let loss = null
let speed = null
for await (const row of run.steps) {
  appendFileSync(path.join(out, 'curve.jsonl'), `${JSON.stringify({ at: new Date().toISOString(), ...row })}\n`)
  loss = loss === null ? row.loss : 0.95 * loss + 0.05 * row.loss
  speed = speed === null ? row.tokensPerSecond : 0.95 * speed + 0.05 * row.tokensPerSecond
  if (row.step % 10 === 0) {
    log(
      `step ${row.step}/${row.totalSteps} loss ${loss.toFixed(3)} rate ${row.learningRate.toExponential(2)} ` +
        `norm ${row.gradientNorm.toFixed(2)} ${speed.toFixed(0)} tokens/s`,
    )
  }
}
try {
  const { steps, weightsFile } = await run.result
  log(`done after ${steps} steps: ${weightsFile}`)
} catch (error) {
  log(`stopped: ${error.code ?? ''} ${error.message}`)
  process.exitCode = 1
}

function chooseExamples() {
  const excluded = excludedContexts()
  const random = randomStream(seed, 100)
  const chosen = []
  for (const argument of options.data) {
    const [, file, share = '1'] = /^(.*?)(?::([\d.]+))?$/.exec(argument)
    const all = parseSquad(JSON.parse(readFileSync(file, 'utf8')), file)
    const allowed = all.filter((example) => !excluded.has(contextKey(example.context)))
    const taken = allowed.filter(() => random() < Number(share))
    const prefix = path.basename(file, '.json')
    const negatives = makeNegatives(taken, Number(options.negatives), random, allowed)
    const counts = Object.entries(negatives).map(([way, made]) => `${made.length} ${way}`)
    log(
      `${file}: ${all.length} questions, ${all.length - allowed.length} of the general set left out, ` +
        `${taken.length} taken; unanswerable: ${counts.join(', ')}`,
    )
    chosen.push(
      ...[...taken, ...Object.values(negatives).flat()].map((example) => ({
        ...example,
        id: `${prefix}/${example.id}`,
      })),
    )
  }
  return chosen
}

function excludedContexts() {
  const file = fileURLToPath(new URL('../resources/general-set.json', import.meta.url))
  if (!existsSync(file)) throw new Error(`${file} is missing: it names the contexts that must not be trained on`)
  return new Set(parseSquad(JSON.parse(readFileSync(file, 'utf8')), file).map(({ context }) => contextKey(context)))
}
