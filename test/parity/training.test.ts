/** The hand-written training arithmetic against PyTorch and transformers: fixture by scripts/fixtures/training-parity.py. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors } from '../../src/registry/safetensors.js'
import { type LabelledInput, ReaderModel } from '../../src/train/model.js'
import { AdamW } from '../../src/train/optimizer.js'
import { namedViews } from '../../src/train/parameter.js'
import { createParameters, type ModelParameters } from '../../src/train/parameters.js'
import { Schedule } from '../../src/train/schedule.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

interface Fixture {
  settings: { steps: number; warmupSteps: number; learningRate: number; weightDecay: number; maxGradientNorm: number }
  head: { weight: number[]; bias: number[] }
  windows: { ids: number[]; types: number[]; start: number; end: number }[]
  logits: [number[], number[]][]
  loss: number
  gradients: Record<string, { norm: number; samples: number[] }>
  curve: { loss: number; gradientNorm: number; learningRate: number }[]
}

const folder = path.join(packageRoot, 'test/fixtures/tiny-model')
const fixture: Fixture = JSON.parse(readFileSync(path.join(packageRoot, 'test/fixtures/training/parity.json'), 'utf8'))
const inputs = fixture.windows.map(
  ({ ids, types, start, end }): LabelledInput => ({
    inputIds: Int32Array.from(ids),
    tokenTypeIds: Int32Array.from(types),
    start,
    end,
  }),
)
const ops = loadTensorFlow()
let parameters: ModelParameters
let model: ReaderModel

beforeEach(async () => {
  const config = await readEncoderConfig(folder)
  const weights = await readSafetensors(path.join(folder, 'model.safetensors'))
  const { weight, bias } = fixture.head
  weights.set('qa_outputs.weight', { shape: [2, config.hiddenSize], data: Float32Array.from(weight) })
  weights.set('qa_outputs.bias', { shape: [2], data: Float32Array.from(bias) })
  parameters = createParameters(ops, config, weights, { seed: 1, frozen: () => false })
  model = new ReaderModel(ops, config, parameters)
})

/** Largest difference, measured against the largest number. */
function difference(actual: Iterable<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs))
  return Math.max(...[...actual].map((value, index) => Math.abs(value - (expected[index] as number)))) / scale
}

const norm = (numbers: Float32Array): number => Math.sqrt(numbers.reduce((sum, value) => sum + value * value, 0))

/** Adding one number to all keys' or all logits changes no softmax: these gradients are rounding errors alone. */
const NO_EFFECT = ['attention.self.key.bias', 'layer.1.output.LayerNorm.bias', 'qa_outputs.bias']

describe('training arithmetic equals PyTorch', () => {
  test('the logits of every window', () => {
    for (const [index, { startLogits, endLogits }] of model.logits(inputs).entries()) {
      const [start, end] = fixture.logits[index] as [number[], number[]]
      expect(difference(startLogits, start)).toBeLessThan(1e-4)
      expect(difference(endLogits, end)).toBeLessThan(1e-4)
    }
  })

  test('the loss, with and without an answer', () => {
    expect(model.accumulateGradients(inputs, 1 / inputs.length)).toBeCloseTo(fixture.loss, 4)
  })

  test('the gradient of every parameter, within 1e-3', () => {
    model.accumulateGradients(inputs, 1 / inputs.length)
    const gradients = namedViews(parameters.all, (parameter) => parameter.gradient)
    expect([...gradients.keys()].sort()).toEqual(Object.keys(fixture.gradients).sort())
    const largest = Math.max(...Object.values(fixture.gradients).map((gradient) => gradient.norm))
    for (const [name, { data }] of gradients) {
      const expected = fixture.gradients[name] as { norm: number; samples: number[] }
      if (NO_EFFECT.some((bias) => name.endsWith(bias))) {
        expect(norm(data), name).toBeLessThan(1e-5 * largest)
        continue
      }
      expect(Math.abs(norm(data) - expected.norm) / expected.norm, name).toBeLessThan(1e-3)
      const samples = expected.samples.map((_, index) => data[Math.floor((index * (data.length - 1)) / 15)] as number)
      const typical = expected.norm / Math.sqrt(data.length)
      for (const [index, sample] of samples.entries()) {
        const wanted = expected.samples[index] as number
        expect(Math.abs(sample - wanted) / Math.max(Math.abs(wanted), typical), name).toBeLessThan(1e-3)
      }
    }
  })

  test('ten steps of AdamW with warm-up, decay, clipping and accumulation, each loss within 1 %', () => {
    const { steps, warmupSteps, learningRate, weightDecay, maxGradientNorm } = fixture.settings
    const optimizer = new AdamW(parameters.all, { weightDecay })
    const schedule = new Schedule(steps, {
      learningRate,
      warmupRatio: warmupSteps / steps,
      batchSize: 1,
      epochs: 1,
      maxSteps: null,
      maxMinutes: null,
    })
    for (const [step, expected] of fixture.curve.entries()) {
      const weight = 1 / inputs.length
      const loss =
        model.accumulateGradients(inputs.slice(0, 2), weight) + model.accumulateGradients(inputs.slice(2), weight)
      const gradientNorm = optimizer.gradientNorm()
      const rate = schedule.learningRate(schedule.progress(step, 0))
      expect(Math.abs(loss - expected.loss) / expected.loss, `loss of step ${step}`).toBeLessThan(0.01)
      expect(Math.abs(gradientNorm - expected.gradientNorm) / expected.gradientNorm).toBeLessThan(0.01)
      expect(rate).toBeCloseTo(expected.learningRate, 9)
      optimizer.update(rate, Math.min(1, maxGradientNorm / (gradientNorm + 1e-6)))
    }
  })
})
