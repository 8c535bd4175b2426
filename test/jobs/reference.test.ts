import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashFile } from '../../src/durable.js'
import { exportReader } from '../../src/jobs/candidate.js'
import { chooseForm, makeReference, type Reference } from '../../src/jobs/reference.js'
import { exportModel, GRAPH_FILES } from '../../src/onnx/export-model.js'
import type { FormPreference } from '../../src/read/form.js'
import { tinyConfig, tinyWeights } from '../onnx/tiny-model.js'
import { TINY_MODEL_FOLDER } from '../support/tiny-models.js'
import { tags } from './reader-lab.js'

const window = { maxSequenceLength: 96, stride: 16, maxQuestionTokens: 16, maxAnswerTokens: 8 }
let folder: string
let reference: Reference

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'docent-reference-')), 'reader')
  const weightsFile = join(TINY_MODEL_FOLDER, 'model.safetensors')
  await mkdir(folder)
  await exportReader({ parentFolder: TINY_MODEL_FOLDER, weightsFile, folder, signal: new AbortController().signal })
  reference = await makeReference({ folder, window, examples: tags('general', 1000), threads: 1 })
})
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }))

async function choose(preference: FormPreference) {
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).msg) })
  return { ...(await chooseForm(reference, { folder, window, preference, log })), warnings }
}

test('int8 is taken where it computes what was trained, with a canary of several lengths', async () => {
  const { name, form, warnings } = await choose('auto')
  expect({ name, file: form.file, sha256: form.sha256, warnings }).toEqual({
    name: 'int8',
    file: GRAPH_FILES.int8,
    sha256: undefined,
    warnings: [],
  })
  expect(form.canary).toHaveLength(4)
  expect(new Set(form.canary.map(({ inputIds }) => inputIds.length)).size).toBeGreaterThan(2)
  for (const { inputIds, startLogits } of form.canary) expect(startLogits).toHaveLength(inputIds.length)
})

test('where int8 computes something else, fp32 is taken, its graph is pinned, and the log says so', async () => {
  const path = join(folder, GRAPH_FILES.int8)
  const right = await readFile(path)
  const head = tinyWeights.get('qa_outputs.weight') as NonNullable<ReturnType<typeof tinyWeights.get>>
  const weights = new Map(tinyWeights).set('qa_outputs.weight', { ...head, data: head.data.map((value) => -value) })
  await writeFile(path, exportModel({ config: tinyConfig, weights, task: 'reader', form: 'int8' }))
  try {
    await expect(choose('int8')).rejects.toMatchObject({ code: 'EXPORT_MISMATCH' })
    const { name, form, warnings } = await choose('auto')
    expect({ name, file: form.file }).toEqual({ name: 'fp32', file: GRAPH_FILES.fp32 })
    expect(form.sha256).toBe(await hashFile(join(folder, GRAPH_FILES.fp32)))
    expect(warnings).toEqual(['this machine computes the int8 graph otherwise; trying fp32'])
  } finally {
    await writeFile(path, right)
  }
})
