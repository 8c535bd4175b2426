import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AnswerCalibrations } from '../../src/registry/answer-calibrations.js'

const key = { reader: 'bundled-2', form: 'int8', embedder: 'mini', retrieval: { fusion: 'rrf', depth: 50 } }
const calibrationOf = (bias: number) => ({
  answerable: { bias, margin: 0.3, similarity: 5 },
  exact: { bias: 0, share: 1, margin: 0, similarity: 0 },
  minLogOdds: 0,
})
const fitted = {
  questions: { source: 'general-set.json', answerable: 3, unanswerable: 2 },
  fits: [1, 2, 8].map((topK) => ({ topK, calibration: calibrationOf(topK) })),
}

let modelsDir: string
let calibrations: AnswerCalibrations
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'docent-calibrations-'))
  calibrations = new AnswerCalibrations({ modelsDir })
})
afterEach(() => rm(modelsDir, { recursive: true }))

const file = async () => join(modelsDir, 'answer', (await readdir(join(modelsDir, 'answer')))[0] as string)

test('there is none before it is made, and then the one of exactly that key', async () => {
  expect(await calibrations.choose(key, 8)).toBeUndefined()
  await calibrations.create(key, fitted)
  expect(await calibrations.choose(key, 8)).toEqual({
    id: expect.stringMatching(/^bundled-2\.int8\.mini\.[0-9a-f]{8}@8$/),
    calibration: calibrationOf(8),
  })
  for (const change of [
    { reader: 'x' },
    { form: 'x' },
    { embedder: 'x' },
    { retrieval: { fusion: 'rrf', depth: 51 } },
  ]) {
    expect(await calibrations.choose({ ...key, ...change }, 8)).toBeUndefined()
  }
  const reordered = { ...key, retrieval: { depth: 50, fusion: 'rrf' } }
  expect(await new AnswerCalibrations({ modelsDir }).choose(reordered, 8)).toBeDefined()
})

test('another number of passages takes the fit for the nearest one', async () => {
  await calibrations.create(key, fitted)
  const chosen = async (topK: number) => (await calibrations.choose(key, topK))?.calibration.answerable.bias
  expect(await Promise.all([1, 2, 3, 5, 8, 50].map(chosen))).toEqual([1, 2, 2, 8, 8, 8])
})

test('what was written is never written again', async () => {
  await calibrations.create(key, fitted)
  const before = await readFile(await file(), 'utf8')
  const again = await new AnswerCalibrations({ modelsDir }).create(key, { ...fitted, fits: fitted.fits.slice(0, 1) })
  expect(again.fits).toHaveLength(3)
  expect(await readFile(await file(), 'utf8')).toBe(before)
})

test('a changed, damaged or newer file is refused by name', async () => {
  await calibrations.create(key, fitted)
  const path = await file()
  const text = await readFile(path, 'utf8')
  const choose = () => new AnswerCalibrations({ modelsDir }).choose(key, 8)
  await writeFile(path, text.replace('"margin": 0.3', '"margin": 0.4'))
  await expect(choose()).rejects.toMatchObject({ code: 'MODEL_CORRUPT', message: expect.stringContaining(path) })
  await writeFile(path, text.slice(0, -20))
  await expect(choose()).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  await writeFile(path, text.replace('"formatVersion": 1', '"formatVersion": 2'))
  await expect(choose()).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
})
