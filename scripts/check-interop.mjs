/**
 * Shows that a model folder is what other programs expect, by running them on it: transformers, PEFT, onnx and ONNX Runtime in
 * real Python, optimum where it is installed, and the question-answering pipeline of @xenova/transformers. Not part of `npm test`.
 *
 *   node scripts/check-interop.mjs [--model FOLDER] [--python FILE]
 *
 *   --model    the newest bundled reader unless told
 *   --python   an interpreter that has scripts/bench/peer/requirements.txt; unless told, one is made for it (3 GB)
 *
 * optimum-onnx 0.1 asks for transformers before 4.58: it is checked where --python names an environment that has both.
 * Prints a table; exit status 1 when something differs. Needs the compiled `dist/`.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { env, pipeline } from '@xenova/transformers'
import { SHIPPED_SETS } from '../dist/jobs/measure.js'
import { exportModel, GRAPH_FILES } from '../dist/onnx/export-model.js'
import { exposeTensorProperties, limitLibrarySessions } from '../dist/onnx/runtime.js'
import { SessionHost } from '../dist/onnx/session-host.js'
import { compareLogits } from '../dist/onnx/verify.js'
import { CANARY_TOLERANCES } from '../dist/read/form.js'
import { DEFAULT_READER_SETTINGS, Reader } from '../dist/read/reader.js'
import { runWindows } from '../dist/read/windows.js'
import { readEncoderConfig } from '../dist/registry/encoder-config.js'
import { readManifest, WEIGHTS_FILE } from '../dist/registry/manifest.js'
import { readSafetensors } from '../dist/registry/safetensors.js'
import { parseSquad } from '../dist/text/squad.js'
import { Tokenizer } from '../dist/text/tokenizer.js'
import { makeWindows } from '../dist/text/windows.js'
import { computeLogits, startTraining } from '../dist/train/trainer.js'
import { newestBundledReader } from './lib/bundled-reader.mjs'
import { startPeer } from './lib/python.mjs'

const QUESTIONS = 20
const ADAPTER_STEPS = 20
/** Floats, summed in another order. */
const ROUNDING = 1e-3
/** Where offsets go wrong first: outside the first plane, marks of their own, no spaces, CRLF. */
const HARD_TEXTS = [
  '𝒟ocent 😀 cites “text”—always.',
  'Cafe\u0301 naïve Å',
  '東京は日本の首都です。',
  'one\r\n\ttwo\u00a0three ﬁ',
]

const { values: options } = parseArgs({ options: { model: { type: 'string' }, python: { type: 'string' } } })
const folder = resolve(options.model ?? (await newestBundledReader()))
const work = await mkdtemp(join(tmpdir(), 'docent-interop-'))
const rows = []
const check = (what, value, allowed, note = '') => rows.push({ what, value, allowed, ok: value <= allowed, note })

try {
  await run()
} finally {
  await rm(work, { recursive: true, force: true })
}
const width = Math.max(...rows.map(({ what }) => what.length))
console.log(folder)
for (const { what, value, allowed, ok, note } of rows) {
  const figures = `${Number(value.toPrecision(3))} (at most ${allowed})`
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what.padEnd(width)}  ${figures}${note && `  ${note}`}`)
}
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1

async function run() {
  const manifest = await readManifest(folder)
  const settings = { ...DEFAULT_READER_SETTINGS, ...manifest.window }
  const tokenizer = await Tokenizer.open(folder)
  const asked = await chooseQuestions(tokenizer, settings)
  const windows = asked.map(({ window }) => window)
  const graphs = await writeGraphs()
  const ours = {}
  for (const form of ['fp32', 'int8']) ours[form] = await logitsOf(graphs[form], windows)

  const peer = await startPeer('interop.py', [folder], console.error, options.python)
  try {
    await checkTokenizer(peer, tokenizer, [
      ...asked.flatMap(({ question, context }) => [question, context]),
      ...HARD_TEXTS,
    ])
    const inputs = windows.map(({ inputIds, tokenTypeIds }) => ({ ids: [...inputIds], types: [...tokenTypeIds] }))
    await checkLogits(await peer.ask({ check: 'logits', graphs, inputs }), ours)
    const { problem, operators, domains } = await peer.ask({ check: 'checker', path: graphs.standard })
    check('standard: complaints of onnx.checker', problem ? 1 : 0, 0, problem ?? operators.join(' '))
    check('standard: operator sets beside ONNX 17', domains.filter((domain) => domain !== 'ai.onnx 17').length, 0)
    await checkAdapter(peer, windows, inputs)
    await checkOptimum(peer, inputs, ours.int8)
  } finally {
    await peer.stop()
  }
  // The pipeline knows no longest answer.
  const unlimited = { ...settings, maxAnswerTokens: settings.maxSequenceLength }
  const served = await hostOf(graphs.int8, manifest)
  await checkPipeline(asked, new Reader({ tokenizer, settings: unlimited, ...served }))
}

/** From all over the general set: answerable, and of one window, since the pipeline of Transformers.js makes no more. */
async function chooseQuestions(tokenizer, settings) {
  const all = parseSquad(JSON.parse(await readFile(SHIPPED_SETS.general, 'utf8')), SHIPPED_SETS.general)
  const answerable = all.filter(({ isImpossible }) => !isImpossible)
  const step = Math.floor(answerable.length / QUESTIONS)
  const chosen = []
  for (let at = 0; at < answerable.length && chosen.length < QUESTIONS; at++) {
    if (at < chosen.length * step) continue
    const { question, context } = answerable[at]
    const encodings = [await tokenizer.encode(question), await tokenizer.encode(context)]
    const [window, second] = makeWindows(...encodings, tokenizer, settings)
    if (!second) chosen.push({ question, context, window })
  }
  return chosen
}

async function writeGraphs() {
  const config = await readEncoderConfig(folder)
  const weights = await readSafetensors(join(folder, WEIGHTS_FILE))
  const graphs = { int8: join(folder, GRAPH_FILES.int8) }
  for (const form of ['fp32', 'standard']) {
    graphs[form] = join(work, `${form}.onnx`)
    await writeFile(graphs[form], exportModel({ config, weights, task: 'reader', form }))
  }
  return graphs
}

async function logitsOf(modelPath, windows) {
  const host = await SessionHost.start({ modelPath })
  return runWindows(host, windows).finally(() => host[Symbol.asyncDispose]())
}

async function checkTokenizer(peer, tokenizer, texts) {
  const theirs = await peer.ask({ check: 'tokenizer', texts })
  let different = 0
  for (const [at, text] of texts.entries()) {
    const { ids, starts, ends } = await tokenizer.encode(text)
    // Python counts code points.
    const toUtf16 = [0]
    for (const character of text) toUtf16.push(toUtf16.at(-1) + character.length)
    const offsets = theirs[at].offsets.map(([start, end]) => [toUtf16[start], toUtf16[end]])
    const mine = JSON.stringify([[...ids], Array.from(starts, (start, token) => [start, ends[token]])])
    if (mine !== JSON.stringify([theirs[at].ids, offsets])) different++
  }
  check('AutoTokenizer: texts with other tokens or offsets', different, 0, `of ${texts.length}`)
}

async function checkLogits({ loading, dtype, logits }, ours) {
  const [model, standard, padded, fp32, int8] = ['model', 'standard', 'standard_padded', 'fp32', 'int8'].map((name) =>
    typed(logits[name]),
  )
  const differ = (what, expected, found, allowed) => check(what, compareLogits(expected, found).maxDifference, allowed)
  check(
    'AutoModelForQuestionAnswering: weights missing or unexpected',
    loading.length,
    0,
    `${loading.join(' ')} ${dtype}`,
  )
  differ('AutoModelForQuestionAnswering in float32, and our fp32', model, ours.fp32, ROUNDING)
  differ('standard in Python, and AutoModelForQuestionAnswering', model, standard, ROUNDING)
  differ('standard in Python, and our fp32', ours.fp32, standard, 1e-4)
  differ('standard in Python as one padded batch, and our fp32', ours.fp32, padded, ROUNDING)
  differ('fp32 in Python, and ours', ours.fp32, fp32, CANARY_TOLERANCES.fp32.maxDifference)
  const { maxDifference, relativeError } = compareLogits(ours.int8, int8)
  check('int8 in Python, and ours: largest', maxDifference, CANARY_TOLERANCES.int8.maxDifference)
  check('int8 in Python, and ours: relative', relativeError, CANARY_TOLERANCES.int8.relativeError)
  const quantised = compareLogits(ours.fp32, ours.int8)
  check(
    'our int8, and our fp32: relative',
    quantised.relativeError,
    0.25,
    `largest ${quantised.maxDifference.toFixed(2)}`,
  )
}

/** A few steps with LoRA, far enough that the adapter tells; then the base with the adapter in PEFT against our merged weights. */
async function checkAdapter(peer, windows, inputs) {
  const run = startTraining({
    settings: {
      preset: 'none',
      method: 'lora',
      learningRate: 1e-3,
      maxSteps: ADAPTER_STEPS,
      batchSize: 8,
      maxSequenceLength: 256,
    },
    parentFolder: folder,
    datasetPaths: [SHIPPED_SETS.replay],
    checkpointFolder: join(work, 'lora'),
    resume: false,
    niceness: 0,
  })
  for await (const _ of run.steps);
  const { weightsFile, adapterFolder } = await run.result
  const merged = await computeLogits({ folder, weightsFile, inputs: windows, threads: 2 })
  const { loading, logits } = await peer.ask({ check: 'adapter', path: adapterFolder, inputs })
  check('PEFT: complaints about the adapter', loading.length, 0, loading.join(' '))
  check(
    'PEFT, base with the adapter merged, and our weights',
    compareLogits(merged, typed(logits)).maxDifference,
    ROUNDING,
  )
}

function typed(rows) {
  return rows.map(([start, end]) => ({ startLogits: Float32Array.from(start), endLogits: Float32Array.from(end) }))
}

async function checkOptimum(peer, inputs, ours) {
  const { version, logits, problem } = await peer.ask({ check: 'optimum', inputs, file: GRAPH_FILES.int8 })
  if (!version) return console.error(`optimum is not checked: ${problem}`)
  const difference = problem ? Number.POSITIVE_INFINITY : compareLogits(ours, typed(logits)).maxDifference
  check(
    'ORTModelForQuestionAnswering, and our int8',
    difference,
    CANARY_TOLERANCES.int8.maxDifference,
    problem ?? version,
  )
}

async function hostOf(modelPath, { forms }) {
  const host = await SessionHost.start({ modelPath })
  return { host, calibration: Object.values(forms)[0].calibration }
}

/** Both choose the best start and end; the pipeline never abstains, and decodes tokens where Docent quotes. */
async function checkPipeline(asked, reader) {
  exposeTensorProperties()
  limitLibrarySessions(1)
  env.allowRemoteModels = false
  env.useFSCache = false
  env.localModelPath = dirname(folder)
  const answer = await pipeline('question-answering', basename(folder))
  const different = []
  for (const { question, context } of asked) {
    const { answer: theirs } = await answer(question, context)
    const { spans } = await reader.read(question, [{ text: context }])
    const mine = spans[0]?.text ?? ''
    if (letters(mine) === '' || letters(mine) !== letters(theirs)) different.push(`${question} »${mine}« »${theirs}«`)
  }
  await reader.options.host[Symbol.asyncDispose]()
  check(
    '@xenova/transformers question-answering: other answers',
    different.length,
    0,
    `of ${asked.length} ${different.join('; ')}`,
  )
}

/** Decoded tokens have lost case, accents and what stood between words. */
function letters(text) {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
