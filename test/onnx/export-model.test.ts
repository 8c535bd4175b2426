import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CALIBRATION_IDS, CALIBRATION_TEXT } from '../../src/onnx/activations.js'
import { exportModel, type ModelForm } from '../../src/onnx/export-model.js'
import { type ModelInput, SessionHost } from '../../src/onnx/session-host.js'
import { verifyExport } from '../../src/onnx/verify.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { DEFAULT_WINDOW_SETTINGS, makeWindows } from '../../src/text/windows.js'
import { tinyConfig, tinyInputs, tinyLogits, tinyWeights } from './tiny-model.js'

const reader = { config: tinyConfig, weights: tinyWeights, task: 'reader' } as const
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-export-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each<ModelForm>(['fp32', 'int8', 'standard'])('a reader exported as %s', (form) => {
  test('gives the logits that transformers gives, within the tolerance of its form', async () => {
    const modelPath = join(folder, `${form}.onnx`)
    await writeFile(modelPath, exportModel({ ...reader, form }))
    await using host = await SessionHost.start({ modelPath })
    const outputs = await host.run(tinyInputs)
    const logits = outputs.map(({ start_logits, end_logits }) => ({
      startLogits: start_logits as Float32Array,
      endLogits: end_logits as Float32Array,
    }))
    expect(verifyExport(tinyLogits, logits, form).windows).toBe(tinyInputs.length)
  })

  test('has the same bytes each time', () => {
    expect(Buffer.compare(exportModel({ ...reader, form }), exportModel({ ...reader, form }))).toBe(0)
  })
})

test.each<ModelForm>(['fp32', 'standard'])(
  'a graph in %s takes a padded batch, as other programs run it, and gives each row what it gives it alone',
  async (form) => {
    const rows = tinyInputs.slice(0, 3)
    const length = Math.max(...rows.map(({ inputIds }) => inputIds.length)) + 5
    const values = await startLogitsOfBatch(exportModel({ ...reader, form }), rows, length)
    for (const [index, row] of rows.entries()) {
      const expected = tinyLogits[index]?.startLogits as Float32Array
      for (let token = 0; token < row.inputIds.length; token++) {
        expect(Math.abs((values[index * length + token] as number) - (expected[token] as number))).toBeLessThan(1e-3)
      }
    }
  },
)

test('the standard form computes what the fused one does, to 1e-4, and names no operator that is not in ONNX', async () => {
  const standard = exportModel({ ...reader, form: 'standard' })
  const fused = exportModel({ ...reader, form: 'fp32' })
  const rows = tinyInputs.slice(0, 3)
  const length = Math.max(...rows.map(({ inputIds }) => inputIds.length)) + 5
  const [expected, found] = await Promise.all([fused, standard].map((graph) => startLogitsOfBatch(graph, rows, length)))
  // Padding too: both give a masked token the same share.
  found?.forEach((value, at) => void expect(Math.abs(value - (expected?.[at] as number))).toBeLessThan(1e-4))
  expect(found).toHaveLength(rows.length * length)
  expect(Buffer.from(fused).includes('com.microsoft')).toBe(true)
  expect(Buffer.from(standard).includes('com.microsoft')).toBe(false)
})

/** [rows, length], of inputs padded to `length`. */
async function startLogitsOfBatch(
  graph: Uint8Array,
  rows: readonly ModelInput[],
  length: number,
): Promise<Float32Array> {
  const session = await InferenceSession.create(graph)
  const batch = (pick: (row: ModelInput, token: number) => number) =>
    new Tensor(
      'int64',
      BigInt64Array.from(
        rows.flatMap((row) => Array.from({ length }, (_, token) => pick(row, token))),
        BigInt,
      ),
      [rows.length, length],
    )
  const { start_logits: starts } = await session.run({
    input_ids: batch((row, token) => row.inputIds[token] ?? 0),
    attention_mask: batch((row, token) => (token < row.inputIds.length ? 1 : 0)),
    token_type_ids: batch((row, token) => row.tokenTypeIds[token] ?? 0),
  })
  return starts?.data as Float32Array
}

test('an encoder whose weights lack the prefix `bert.` is the same encoder', () => {
  const bare = new Map([...tinyWeights].map(([name, tensor]) => [name.replace(/^bert\./, ''), tensor]))
  const embedder = { config: tinyConfig, task: 'embedder', form: 'int8' } as const
  const withPrefix = exportModel({ ...embedder, weights: tinyWeights })
  expect(Buffer.compare(exportModel({ ...embedder, weights: bare }), withPrefix)).toBe(0)
})

test('a missing weight and a wrong shape are refused by name', () => {
  const without = new Map(tinyWeights)
  without.delete('qa_outputs.bias')
  expect(() => exportModel({ ...reader, weights: without, form: 'fp32' })).toThrow(/qa_outputs.bias/)
  const config = { ...tinyConfig, intermediateSize: tinyConfig.intermediateSize / 2 }
  expect(() => exportModel({ ...reader, config, form: 'fp32' })).toThrow(/intermediate.dense.weight has the shape/)
})

test('the calibration text is what its numbers say in the uncased vocabulary', async () => {
  const tokenizer = await Tokenizer.open('models/embedder/all-MiniLM-L6-v2')
  const [question, passage] = [
    await tokenizer.encode(CALIBRATION_TEXT.question),
    await tokenizer.encode(CALIBRATION_TEXT.passage),
  ]
  const [window] = makeWindows(question, passage, tokenizer, DEFAULT_WINDOW_SETTINGS)
  expect([...(window?.inputIds ?? [])]).toEqual(CALIBRATION_IDS)
})
