/**
 * Fits the calibration of answers for a reader version and writes it where the server looks for it
 * (src/registry/answer-calibrations.ts). One that is there already stays: remove the file to make it again.
 *
 *   npm run build && node scripts/calibrate-answers.mjs --model ID [--models FOLDER] [--set FILE]
 *
 * Commit models/answer/bundled-*.json beside the bundled reader that it is of.
 */
import { parseArgs } from 'node:util'
import { fitForEachTopK, readRetrieved, readRetrievedSet } from '../dist/evaluate/retrieved-set.js'
import { withReader } from '../dist/jobs/measure.js'
import { AnswerCalibrations } from '../dist/registry/answer-calibrations.js'
import { Registry } from '../dist/registry/registry.js'

const here = (name) => new URL(`../${name}`, import.meta.url).pathname
const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    models: { type: 'string', default: here('models') },
    set: { type: 'string', default: here('resources/retrieved-set.json') },
  },
})
if (!options.model) {
  console.error('needed: --model ID')
  process.exit(2)
}

const FORM = 'int8'
const version = await new Registry({ modelsDir: options.models }).get(options.model)
const set = await readRetrievedSet(options.set)
const { window, forms } = version.manifest
const asked = await withReader({ folder: version.folder, modelFile: forms[FORM].file, window }, (reader) => {
  const onProgress = (done, total) => done % 50 === 0 && console.error(`${done} of ${total} questions`)
  return readRetrieved({ ...reader, set, onProgress })
})
const unanswerable = asked.filter(({ golds }) => golds.length === 0).length
const questions = { source: set.source, answerable: asked.length - unanswerable, unanswerable }
const key = { reader: version.id, form: FORM, embedder: set.embedder, retrieval: set.retrieval }
const calibrations = new AnswerCalibrations({ modelsDir: options.models })
const { fits } = await calibrations.create(key, { questions, fits: fitForEachTopK(asked) })
for (const { topK, calibration } of fits) console.log(topK, JSON.stringify(calibration))
