import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { type EncoderConfig, readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors } from '../../src/registry/safetensors.js'
import { tokensWithin } from '../../src/train/memory.js'
import { createParameters, type ModelParameters } from '../../src/train/parameters.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

const folder = path.join(packageRoot, 'test/fixtures/tiny-model')
let config: EncoderConfig
let parameters: ModelParameters
beforeAll(async () => {
  config = await readEncoderConfig(folder)
  const weights = await readSafetensors(path.join(folder, 'model.safetensors'))
  parameters = createParameters(loadTensorFlow(), config, weights, { seed: 1, frozen: () => false })
})

const windows = (count: number, length: number) => Array(count).fill({ inputIds: new Int32Array(length) })

test('more memory takes more tokens at once, longer windows and more data fewer, and something always runs', () => {
  const tokens = (budgetMb: number, length = 256, count = 10) =>
    tokensWithin(budgetMb, config, parameters, windows(count, length))
  expect(tokens(4096)).toBeGreaterThan(tokens(2048))
  expect(tokens(2048, 512)).toBeLessThan(tokens(2048, 128))
  expect(tokens(2048, 256, 50_000)).toBeLessThan(tokens(2048, 256, 10))
  expect(tokens(256)).toBe(512)
})

test('a reader of the bundled size trains within two gigabytes by parts of several hundred tokens', () => {
  const bundled = { ...config, hiddenSize: 384, intermediateSize: 1536, headCount: 12, layerCount: 6 }
  const numbers = [11_720_448, 10_800_000].map((length, index) => {
    return { data: { length }, gradient: index === 0 ? null : { length } }
  })
  const size = { all: numbers } as unknown as ModelParameters
  const tokens = tokensWithin(2048, bundled, size, windows(1000, 256))
  expect(tokens).toBeGreaterThan(700)
  expect(tokens).toBeLessThan(1200)
})
