import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { numberCalibrationText } from '../../src/onnx/calibration-text.js'
import { exportModel, MODEL_FORMS } from '../../src/onnx/export-model.js'
import { tinyConfig, tinyWeights } from '../onnx/tiny-model.js'
import { docent, type Folders, makeFolders } from '../support/start-server.js'
import { TINY_MODEL_FOLDER } from '../support/tiny-models.js'

let folders: Folders

beforeAll(async () => {
  folders = await makeFolders()
})
afterAll(() => folders?.remove())

const exportTo = (name: string, ...args: string[]) =>
  docent(['models', 'export', 'tiny-1', '--out', join(folders.folder, name), ...args, '--json'], folders.environment)

test.each(MODEL_FORMS)('the weights of a version are written in the form %s, and nothing else is', async (form) => {
  const path = join(folders.folder, `${form}.onnx`)
  const { status, stdout, stderr } = await exportTo(`${form}.onnx`, '--form', form)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  // Int8 learns from the calibration text as this model's own tokenizer numbers it, as the graph of a trained version does.
  const calibrationIds = await numberCalibrationText(TINY_MODEL_FOLDER)
  const graph = exportModel({ config: tinyConfig, weights: tinyWeights, task: 'reader', form, calibrationIds })
  const sha256 = createHash('sha256').update(graph).digest('hex')
  expect(JSON.parse(stdout)).toEqual({ model: 'tiny-1', form, path, bytes: graph.length, sha256 })
  expect(Buffer.compare(await readFile(path), graph)).toBe(0)
  expect((await readdir(folders.folder)).filter((name) => name.startsWith('.'))).toEqual([])
})

test('the standard form is written unless another is named', async () => {
  expect(JSON.parse((await exportTo('any.onnx')).stdout)).toMatchObject({ form: 'standard' })
})

test('an unknown form is wrong usage; an unknown version and damaged weights are refused', async () => {
  expect(await exportTo('x.onnx', '--form', 'fp16')).toMatchObject({ status: 2 })
  const unknown = await docent(['models', 'export', 'none', '--out', 'x.onnx'], folders.environment)
  expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining('MODEL_NOT_FOUND') })
  const config = join(folders.folder, 'models/reader/tiny-1/config.json')
  await writeFile(config, `${await readFile(config, 'utf8')} `)
  expect(await exportTo('x.onnx')).toMatchObject({ status: 1, stderr: expect.stringContaining('MODEL_CORRUPT') })
  expect(await readdir(folders.folder)).not.toContain('x.onnx')
})
