/**
 * Makes a bundled reader version of trained weights: exports, compares with the trained model, calibrates, measures, and
 * writes the manifest that vouches for every byte. All of it in each form that a machine may choose.
 *
 *   node scripts/bundle-reader.mjs --id ID --trained FILE --base FOLDER [--models FOLDER] [--dataset FILE]
 *                                  [--settings FILE] [--measure NAME=SQUAD_FILE ...]
 *
 *   --trained   weights as the trainer leaves them (trained.safetensors)
 *   --base      the encoder that it was trained from, whose frozen word embeddings are not stored again
 *   --dataset   the file that it was trained on: its sha256 stands in the manifest
 *   --settings  JSON of what it was trained with, for the manifest
 *   --measure   further files to measure on, beside the general set; each form takes its time
 *
 * Commit trained.safetensors, config.json and manifest.json of the folder; set-up writes the rest again (lay-models), and a
 * machine that serves fp32 writes that graph.
 * Needs the compiled `dist/`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hashFile } from '../dist/durable.js'
import { fitCalibration } from '../dist/evaluate/calibration.js'
import { readExamples, scoreReadings } from '../dist/evaluate/evaluate-reader.js'
import { readSquadFile } from '../dist/feedback/dataset.js'
import { exportReader, toMetric } from '../dist/jobs/candidate.js'
import { SHIPPED_SETS, withReader } from '../dist/jobs/measure.js'
import { compareForm, makeReference } from '../dist/jobs/reference.js'
import { DEFAULT_READER_SETTINGS } from '../dist/read/reader.js'
import { SERVED_FORMS } from '../dist/registry/manifest.js'
import { Registry } from '../dist/registry/registry.js'
import { readSafetensors, writeSafetensors } from '../dist/registry/safetensors.js'

const { values: options } = parseArgs({
  options: {
    id: { type: 'string' },
    trained: { type: 'string' },
    base: { type: 'string' },
    models: { type: 'string', default: fileURLToPath(new URL('../models', import.meta.url)) },
    dataset: { type: 'string' },
    settings: { type: 'string' },
    measure: { type: 'string', multiple: true, default: [] },
  },
})
const { id, trained, base } = options
if (!id || !trained || !base) {
  console.error('needed: --id ID --trained FILE --base FOLDER')
  process.exit(2)
}

const { maxSequenceLength, stride, maxQuestionTokens, maxAnswerTokens } = DEFAULT_READER_SETTINGS
const window = { maxSequenceLength, stride, maxQuestionTokens, maxAnswerTokens }
/** The share of the general set's questions for which int8 must decide as fp32 does: the same span, or none. */
const LEAST_AGREEMENT = 0.97
const { signal } = new AbortController()

const registry = new Registry({ modelsDir: options.models })
const version = await registry.create(id, async (folder) => {
  await exportReader({ parentFolder: base, weightsFile: trained, folder, signal })
  const config = JSON.parse(await readFile(path.join(base, 'config.json'), 'utf8'))
  // The weights are stored in half precision and served in single: other programs should compute them as they are served.
  const own = { ...config, architectures: ['BertForQuestionAnswering'], torch_dtype: 'float32' }
  await writeFile(path.join(folder, 'config.json'), `${JSON.stringify(own, null, 2)}\n`)
  await writeOwnWeights(path.join(folder, 'trained.safetensors'))
  const general = await readSquadFile(SHIPPED_SETS.general)
  const reference = await makeReference({ folder, window, examples: general, threads: 1 })
  const forms = {}
  const decisions = {}
  for (const name of SERVED_FORMS) {
    const { form, readings } = await measureForm(name, { folder, reference, general })
    forms[name] = form
    decisions[name] = readings.map(decisionOf)
  }
  checkAgreement(decisions)
  return {
    architecture: 'BertForQuestionAnswering',
    origin: 'BUNDLED',
    parent: null,
    datasetHash: options.dataset ? await hashFile(options.dataset) : null,
    createdAt: new Date().toISOString(),
    settings: options.settings ? JSON.parse(await readFile(options.settings, 'utf8')) : {},
    window,
    forms,
    // docs/decisions/0011-licence-of-the-weights.md
    licence: 'CC-BY-SA-4.0',
    attribution: [
      'Encoder: all-MiniLM-L6-v2, sentence-transformers, Apache-2.0',
      'Trained on: SQuAD (Rajpurkar et al. 2016, CC BY-SA 4.0), SQuADShifts (Miller et al. 2020, CC BY 4.0), ' +
        'QAMR (Michael et al. 2018, MIT)',
    ],
  }
})
await registry.verify(id)
for (const [form, measured] of Object.entries(version.manifest.forms)) {
  console.log(JSON.stringify({ folder: version.folder, form, ...measured, canary: undefined }, null, 2))
}

/** As a machine that chooses this form will serve it. */
async function measureForm(name, { folder, reference, general }) {
  const compared = await compareForm(reference, name, { folder, window })
  return withReader({ folder, modelFile: compared.file, window }, async (reader) => {
    const aside = await readSquadFile(SHIPPED_SETS.calibration)
    const calibration = fitCalibration(await read(reader, aside, `${name}: calibration`))
    const readings = await read(reader, general, `${name}: general`)
    const metrics = { general: toMetric(scoreReadings(general, readings, calibration.noAnswerThreshold)) }
    for (const argument of options.measure) {
      const [set, file] = argument.split('=')
      const examples = await readSquadFile(file)
      const found = scoreReadings(
        examples,
        await read(reader, examples, `${name}: ${set}`),
        calibration.noAnswerThreshold,
      )
      metrics[set] = toMetric(found)
    }
    return { form: { ...compared, metrics, calibration }, readings }
  })
}

/** The place that is chosen, or none where the null score is the higher one. */
function decisionOf({ candidates: [best], noAnswerScore }) {
  return best && noAnswerScore <= 0 ? `${best.start}-${best.end}` : 'none'
}

function checkAgreement({ int8, fp32 }) {
  const share = int8.filter((decision, at) => decision === fp32[at]).length / int8.length
  console.error(`int8 decides as fp32 does for ${(100 * share).toFixed(1)} % of ${int8.length} general questions`)
  if (share < LEAST_AGREEMENT) throw new Error(`at least ${100 * LEAST_AGREEMENT} % are needed`)
}

/** In half precision, without the word embeddings: set-up takes those from the encoder. */
async function writeOwnWeights(file) {
  const weights = await readSafetensors(trained)
  const words = 'embeddings.word_embeddings.weight'
  const frozen = (await readSafetensors(path.join(base, 'model.safetensors'))).get(words)
  const same = weights.get(`bert.${words}`)?.data.every((value, index) => value === frozen?.data[index])
  if (!same) throw new Error('the word embeddings were trained: set-up could not put this reader together')
  weights.delete(`bert.${words}`)
  await writeSafetensors(file, weights, { dtype: 'F16', metadata: { format: 'pt' } })
}

function read(reader, examples, name) {
  const onProgress = (done, total) => process.stderr.write(`\r${name}: ${done} of ${total}   `)
  return readExamples({ ...reader, examples, onProgress }).finally(() => process.stderr.write('\n'))
}
