import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { readExamples, scoreReadings } from '../../dist/evaluate/evaluate-reader.js'
import { readSquadFile } from '../../dist/feedback/dataset.js'
import { exportReader } from '../../dist/jobs/candidate.js'
import { SHIPPED_SETS, withReader } from '../../dist/jobs/measure.js'
import { INT8_FILE, readManifest } from '../../dist/registry/manifest.js'
import { readSafetensors, writeSafetensors } from '../../dist/registry/safetensors.js'
import { toSquad } from '../../dist/text/squad.js'
import { randomStream, shuffle } from '../../dist/train/random.js'
import { startTraining } from '../../dist/train/trainer.js'
import { newestBundledReader } from '../lib/bundled-reader.mjs'
import { root } from '../lib/server.mjs'

export const describe =
  'a domain learnt from few labels, by each method: F1 won there, F1 lost on SQuAD, minutes (--data FOLDER with domain/ and ' +
  'eval/; --filter TEXT of "METHOD LABELS SEED"; goes on where it was interrupted)'

const REPLAY = { replayRatio: 1 }
const COMMON = { preset: 'none', epochs: 3, batchSize: 16, maxSequenceLength: 384 }
/** The ways to be compared, from the reference's own (all weights, 5e-5, no replay) on. */
const METHODS = {
  full: { learningRate: 5e-5 },
  'full+replay': { learningRate: 5e-5, ...REPLAY },
  'full+more replay': { learningRate: 5e-5, replayRatio: 2 },
  'full+replay+fast': { learningRate: 1e-4, ...REPLAY },
  'full+replay+pulled': { learningRate: 5e-5, ...REPLAY, pullToParent: 0.3 },
  'full+replay+decay': { learningRate: 1e-4, ...REPLAY, layerDecay: 0.8 },
  'unfrozen+replay': { learningRate: 1e-4, ...REPLAY, freezeEmbeddings: 'all', unfreezingShare: 0.5 },
  'lora+replay': { method: 'lora', learningRate: 1e-3, ...REPLAY },
  'lora+more replay': { method: 'lora', learningRate: 1e-3, replayRatio: 2 },
}
/** Of the parent's weights, kept in the result: what `parentShare` does. Mixed after one training, which takes the time. */
const SHARES = [0, 0.2, 0.4]
const LABELS = [500, 100, 2000]
const SEEDS = [1, 2, 3]
const SQUAD_QUESTIONS = 1500
/** What a method may lose on SQuAD to be called the best. */
const MAX_LOSS = 1

export async function run({ data, model, filter = '', out = join(root, '.bench/adapt'), log }) {
  if (!data) throw new Error('--data is needed: a folder with domain/cuad-train.json, domain/cuad-dev.json and eval/')
  await mkdir(out, { recursive: true })
  const parent = model ?? (await newestBundledReader())
  const { id, window } = await readManifest(parent)
  const resultsFile = join(out, `${id}.jsonl`)
  const sets = await readSets(data)
  const results = await readResults(resultsFile)
  const done = (key) => results.find((result) => result.key === key)
  const doneShares = (key) => SHARES.every((share) => done(`${key} ${share}`))
  const record = async (result) => {
    results.push(result)
    await appendFile(resultsFile, `${JSON.stringify(result)}\n`)
    log(JSON.stringify(result))
  }
  if (!done('before')) await record({ key: 'before', ...(await measure({ folder: parent, window, sets })) })
  const perform = async (method, labels, seed) => {
    const key = `${method} ${labels} ${seed}`
    if (doneShares(key) || !key.includes(filter)) return
    log(key)
    const found = await adapt({ parent, window, sets, method, labels, seed, log })
    for (const { share, ...scores } of found) {
      const name = share === 0 ? method : `${method}, ${share} of the parent kept`
      await record({ key: `${key} ${share}`, method, share, name, labels, seed, ...scores })
    }
  }
  const [most, ...others] = LABELS
  for (const seed of SEEDS) for (const method of Object.keys(METHODS)) await perform(method, most, seed)
  const best = bestMethod(results, done('before'))
  // Who asks for a row by its name gets it, whichever method is the best so far.
  const methods = filter ? Object.keys(METHODS) : best ? [best] : []
  for (const seed of SEEDS)
    for (const labels of others) for (const method of methods) await perform(method, labels, seed)
  return toRows(results, done('before'))
}

async function readSets(data) {
  const [train, dev, squad, doqa] = await Promise.all(
    ['domain/cuad-train.json', 'domain/cuad-dev.json', 'eval/squad-dev-v1.1.json', 'domain/doqa-cooking.json'].map(
      (file) => readSquadFile(join(data, file)),
    ),
  )
  const answerable = (examples) => examples.filter(({ isImpossible }) => !isImpossible)
  const step = squad.length / SQUAD_QUESTIONS
  const turns = new Set(await firstTurns(join(data, 'domain/doqa-cooking.json')))
  return {
    train: answerable(train),
    measured: {
      domain: answerable(dev),
      squad: Array.from({ length: SQUAD_QUESTIONS }, (_, index) => squad[Math.floor(index * step)]),
      doqa: answerable(doqa).filter(({ id }) => turns.has(id)),
    },
  }
}

/** Ids of the questions that stand alone. */
async function firstTurns(file) {
  const { data } = JSON.parse(await readFile(file, 'utf8'))
  return data.flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ qas }) => qas.filter(({ turn }) => turn === 0).map(({ id }) => id)),
  )
}

async function adapt({ parent, window, sets, method, labels, seed, log }) {
  const scratch = await mkdtemp(join(os.tmpdir(), 'docent-adapt-'))
  try {
    const dataset = join(scratch, 'labels.json')
    const chosen = shuffle([...sets.train], randomStream(seed, 50)).slice(0, labels)
    await writeFile(dataset, JSON.stringify(toSquad(chosen)))
    const startedAt = performance.now()
    const training = startTraining({
      settings: { ...COMMON, ...METHODS[method], seed },
      parentFolder: parent,
      datasetPaths: [dataset],
      replayPath: SHIPPED_SETS.replay,
      checkpointFolder: join(scratch, 'run'),
      resume: false,
      niceness: 0,
    })
    for await (const { step, totalSteps, loss } of training.steps) {
      if (step % 10 === 0) log(`  step ${step} of ${totalSteps}, loss ${loss.toFixed(2)}`)
    }
    const { weightsFile } = await training.result
    const minutes = (performance.now() - startedAt) / 60_000
    const found = []
    for (const share of SHARES) {
      const folder = join(scratch, `reader-${share}`)
      await mkdir(folder)
      const mixedFile = await mix({ parent, weightsFile, share, file: join(scratch, `mixed-${share}.safetensors`) })
      await exportReader({ parentFolder: parent, weightsFile: mixedFile, folder, signal: new AbortController().signal })
      found.push({ share, minutes, ...(await measure({ folder, window, sets })) })
    }
    return found
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function mix({ parent, weightsFile, share, file }) {
  if (share === 0) return weightsFile
  const before = await readSafetensors(join(parent, 'model.safetensors'))
  const weights = await readSafetensors(weightsFile)
  for (const [name, { data }] of weights) {
    const old = before.get(name).data
    for (let index = 0; index < data.length; index++) data[index] += share * (old[index] - data[index])
  }
  await writeSafetensors(file, weights, { dtype: 'F32', metadata: { format: 'pt' } })
  return file
}

/** F1 of each set, in the form that serves. */
function measure({ folder, window, sets }) {
  return withReader({ folder, modelFile: INT8_FILE, window }, async (reader) => {
    const scores = {}
    for (const [name, examples] of Object.entries(sets.measured)) {
      scores[name] = scoreReadings(examples, await readExamples({ ...reader, examples }), Number.POSITIVE_INFINITY).f1
    }
    return scores
  })
}

async function readResults(file) {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
}

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length

function summarise(results, before) {
  const groups = new Map()
  for (const result of results.filter(({ method }) => method)) {
    const name = `${result.name}, ${result.labels} labels`
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  return [...groups].map(([name, group]) => ({
    name,
    method: group[0].method,
    labels: group[0].labels,
    runs: group.length,
    won: mean(group.map(({ domain }) => domain - before.domain)),
    lost: mean(group.map(({ squad }) => before.squad - squad)),
    wonOnDoqa: mean(group.map(({ doqa }) => doqa - before.doqa)),
    minutes: mean(group.map(({ minutes }) => minutes)),
  }))
}

/** What wins most of those that lose little; where all lose more, what loses least. Null before any run. */
function bestMethod(results, before) {
  const ofMost = summarise(results, before).filter(({ labels }) => labels === LABELS[0])
  const careful = ofMost.filter(({ lost }) => lost <= MAX_LOSS)
  const [best] = careful.length > 0 ? careful.sort((a, b) => b.won - a.won) : ofMost.sort((a, b) => a.lost - b.lost)
  return best?.method ?? null
}

function toRows(results, before) {
  return [
    ['before: F1 on the domain', before.domain.toFixed(1), ''],
    ['before: F1 on SQuAD', before.squad.toFixed(1), ''],
    ['before: F1 on DoQA', before.doqa.toFixed(1), ''],
    ...summarise(results, before).flatMap(({ name, runs, won, lost, wonOnDoqa, minutes }) => [
      [`${name}: F1 won (${runs} runs)`, won.toFixed(1), ''],
      [`${name}: F1 lost on SQuAD`, lost.toFixed(1), ''],
      [`${name}: F1 won on DoQA`, wonOnDoqa.toFixed(1), ''],
      [`${name}: training`, minutes.toFixed(1), 'min'],
    ]),
  ]
}
