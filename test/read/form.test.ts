import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FormPreference } from '../../src/read/form.js'
import { openReader } from '../../src/read/open-reader.js'
import { DEFAULT_READER_SETTINGS, Reader } from '../../src/read/reader.js'
import { Registry } from '../../src/registry/registry.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { alterInt8Canary, alterManifest, makeModelsDir, TINY_MODEL_FOLDER } from '../support/tiny-models.js'
import { REFERENCE, referenceHost } from './hosts.js'

let folder: string
let registry: Registry
let versionFolder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-form-'))
  const modelsDir = await makeModelsDir(folder)
  registry = new Registry({ modelsDir })
  versionFolder = (await registry.get('tiny-1')).folder
})
afterEach(() => rm(folder, { recursive: true, force: true }))

// biome-ignore lint/suspicious/noExplicitAny: a log line has any fields
type Line = any

/** Opened as a server opens it, with what was logged meanwhile. */
async function open(preference: FormPreference) {
  const lines: Line[] = []
  const log: Logger = pino({ level: 'debug' }, { write: (text: string) => void lines.push(JSON.parse(text)) })
  const opened = await openReader(await registry.get('tiny-1'), { processes: 1, preference, log })
  const warnings = () => lines.filter(({ level }) => level === 40)
  return { opened, lines, warnings }
}

const graphs = async () => (await readdir(join(versionFolder, 'onnx'))).sort()

describe('the form in which a reader serves', () => {
  test('is int8 where its canary is right, and no other graph is written', async () => {
    const { opened, lines, warnings } = await open('auto')
    await using _ = opened
    expect(opened.form).toBe('int8')
    expect(warnings()).toEqual([])
    expect(lines).toContainEqual(expect.objectContaining({ modelVersion: 'tiny-1', form: 'int8' }))
    expect(await graphs()).toEqual(['model_quantized.onnx'])
  })

  test('is fp32 where the int8 canary is not what the manifest says: the log says so, the answer is right', async () => {
    await alterManifest(versionFolder, (manifest) => {
      alterInt8Canary(manifest)
      const { fp32 } = manifest.forms
      if (fp32) fp32.calibration = { temperature: 2, noAnswerThreshold: 500 }
    })
    const { opened, warnings } = await open('auto')
    await using _ = opened
    expect(opened.form).toBe('fp32')
    expect(opened.calibration).toEqual({ temperature: 2, noAnswerThreshold: 500 })
    expect(warnings()).toMatchObject([
      { modelVersion: 'tiny-1', form: 'int8', maxDifference: expect.closeTo(5, 3), tolerance: { maxDifference: 2 } },
      { modelVersion: 'tiny-1', form: 'fp32', refused: [expect.stringContaining('int8 canary is off by 5.00')] },
    ])
    expect(await readLikeThis(opened.reader)).toEqual(await readLikeThis(await referenceReader(opened.calibration)))
    // Written once, on the machine that needs it, and a part of the version as long as it is there.
    expect(await graphs()).toEqual(['model.onnx', 'model_quantized.onnx'])
    await registry.verify('tiny-1')
  })

  test('is the one that is asked for', async () => {
    const { opened, warnings } = await open('fp32')
    await using _ = opened
    expect(opened.form).toBe('fp32')
    expect(warnings()).toEqual([])
  })

  test('is none when the form that is asked for is not right, or was not measured', async () => {
    await alterManifest(versionFolder, (manifest) => {
      alterInt8Canary(manifest)
      delete manifest.forms.fp32
    })
    for (const [preference, message] of [
      ['int8', /tiny-1 cannot serve on this machine: its int8 canary is off by 5\.00/],
      ['fp32', /it was not measured in fp32/],
      ['auto', /its int8 canary is off by 5\.00, and it was not measured in fp32/],
    ] as const) {
      await expect(open(preference)).rejects.toMatchObject({
        code: 'FORM_UNAVAILABLE',
        message: expect.stringMatching(message),
      })
    }
  })

  test('is none when the weights do not give the fp32 graph that was measured', async () => {
    await alterManifest(versionFolder, ({ forms: { fp32 } }) => {
      if (fp32) fp32.sha256 = '0'.repeat(64)
    })
    await expect(open('fp32')).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    expect(await graphs()).toEqual(['model_quantized.onnx'])
    expect(await readdir(registry.readersDir)).toEqual(['tiny-1'])
  })
})

const shortRows = REFERENCE.filter(({ input_ids: ids }) => ids.length <= 128)

async function readLikeThis(reader: Pick<Reader, 'read'>) {
  const best: unknown[] = []
  for (const { question, context } of shortRows) {
    const { spans } = await reader.read(question, [{ text: context }])
    best.push({ text: spans[0]?.text, confidence: spans[0]?.confidence.toFixed(3) })
  }
  return best
}

/** On the logits that the real transformers computed. */
async function referenceReader(calibration: { temperature: number; noAnswerThreshold: number }): Promise<Reader> {
  const { manifest } = await registry.get('tiny-1')
  const settings = { ...DEFAULT_READER_SETTINGS, ...manifest.window }
  return new Reader({ host: referenceHost, tokenizer: await Tokenizer.open(TINY_MODEL_FOLDER), settings, calibration })
}
