import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readExamples, scoreReadings } from '../../dist/evaluate/evaluate-reader.js'
import { exportModel } from '../../dist/onnx/export-model.js'
import { SessionPool } from '../../dist/onnx/session-pool.js'
import { DEFAULT_READER_SETTINGS } from '../../dist/read/reader.js'
import { readEncoderConfig } from '../../dist/registry/encoder-config.js'
import { readSafetensors } from '../../dist/registry/safetensors.js'
import { parseSquad } from '../../dist/text/squad.js'
import { Tokenizer } from '../../dist/text/tokenizer.js'
import { newestBundledReader } from '../lib/bundled-reader.mjs'
import { root } from '../lib/server.mjs'

export const describe =
  'int8 against fp32: F1 of each, and how often both give the same span (--data SQUAD.json, --model FOLDER, --n questions)'

const FORMS = ['fp32', 'int8']

export async function run({ data = join(root, 'resources/general-set.json'), model, n = 1000, log }) {
  const folder = model ?? (await newestBundledReader())
  const all = parseSquad(JSON.parse(await readFile(data, 'utf8')), data)
  // From all over the file: questions of one paragraph stand together.
  const every = Math.max(1, Math.floor(all.length / n))
  const examples = all.filter((_, index) => index % every === 0).slice(0, n)
  const work = await mkdtemp(join(tmpdir(), 'docent-forms-'))
  try {
    const tokenizer = await Tokenizer.open(folder)
    const config = await readEncoderConfig(folder)
    const weights = await readSafetensors(join(folder, 'model.safetensors'))
    const readings = {}
    for (const form of FORMS) {
      const modelPath = join(work, `${form}.onnx`)
      await writeFile(modelPath, exportModel({ config, weights, task: 'reader', form }))
      const host = await SessionPool.start({ modelPath })
      const onProgress = (done, total) => done % 160 === 0 && log(`${form}: ${done}/${total}`)
      const settings = DEFAULT_READER_SETTINGS
      readings[form] = await readExamples({ host, tokenizer, settings, examples, onProgress }).finally(() =>
        host[Symbol.asyncDispose](),
      )
    }
    const scores = FORMS.map((form) => scoreReadings(examples, readings[form], Number.POSITIVE_INFINITY))
    const same = examples.filter((_, index) => readings.fp32[index].prediction === readings.int8[index].prediction)
    return [
      ['questions', examples.length, ''],
      ...FORMS.map((form, index) => [`${form}: F1, never abstaining`, scores[index].f1.toFixed(2), '']),
      ['same span', ((100 * same.length) / examples.length).toFixed(1), '%'],
    ]
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
