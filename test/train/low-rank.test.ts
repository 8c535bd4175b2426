import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { type EncoderConfig, readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors, type Tensor } from '../../src/registry/safetensors.js'
import { type LabelledInput, ReaderModel } from '../../src/train/model.js'
import { AdamW } from '../../src/train/optimizer.js'
import { namedViews, type Weights } from '../../src/train/parameter.js'
import { createParameters } from '../../src/train/parameters.js'
import { normal, randomStream } from '../../src/train/random.js'
import { adaptersOf, isFrozen, parseTrainingSettings } from '../../src/train/settings.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

const folder = path.join(packageRoot, 'test/fixtures/tiny-model')
const ops = loadTensorFlow()
let config: EncoderConfig
let weights: Weights

beforeAll(async () => {
  config = await readEncoderConfig(folder)
  weights = await readSafetensors(path.join(folder, 'model.safetensors'))
})

const random = randomStream(5)
const inputs = [21, 8, 8, 33].map((length): LabelledInput => {
  const inputIds = Int32Array.from({ length }, () => Math.floor(random() * 288))
  return { inputIds, tokenTypeIds: inputIds.map((_, index) => (index < 5 ? 0 : 1)), start: 5, end: 6 }
})

const RANK = 3
const ALPHA = 6
const PREFIX = 'base_model.model.'

function openAdapted(loraTargets: 'attention' | 'all', from: Weights = weights) {
  const settings = parseTrainingSettings({ method: 'lora', loraRank: RANK, loraAlpha: ALPHA, loraTargets })
  const parameters = createParameters(ops, config, from, {
    seed: 3,
    frozen: (name) => isFrozen(settings, name),
    adapters: adaptersOf(settings),
  })
  return { parameters, model: new ReaderModel(ops, config, parameters) }
}

/** Both sides random: at its start an adapter's gradient is zero on one of them. */
function disturbed(loraTargets: 'attention' | 'all'): Map<string, Tensor> {
  const draw = randomStream(8)
  const { parameters } = openAdapted(loraTargets)
  const all = new Map<string, Tensor>(weights)
  const sides = parameters.adapters.flatMap((adapter) => adapter.parameters)
  for (const [name, { shape, data }] of namedViews(sides)) {
    all.set(name, { shape, data: Float32Array.from(data, () => 0.1 * normal(draw)) })
  }
  return all
}

/** [m, k] x [k, n] in float64. */
function multiply(left: Tensor, right: Tensor): number[] {
  const [m, k] = left.shape as [number, number]
  const n = right.shape[1] as number
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0
    for (let inner = 0; inner < k; inner++) {
      sum += (left.data[Math.floor(at / n) * k + inner] as number) * (right.data[inner * n + (at % n)] as number)
    }
    return sum
  })
}

function transposed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number]
  const turned = Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number)
  return { shape: [columns, rows], data: turned }
}

function expectClose(actual: Float32Array, expected: readonly number[], name: string): void {
  const scale = Math.max(...expected.map(Math.abs), 1e-6)
  const worst = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] as number))))
  expect(worst / scale, name).toBeLessThan(1e-3)
}

describe.each(['attention', 'all'] as const)('adapters of %s', (targets) => {
  test('change nothing until they have learnt', () => {
    const plain = new ReaderModel(ops, config, createParameters(ops, config, weights, { seed: 3, frozen: () => true }))
    expect(openAdapted(targets).model.logits(inputs)).toEqual(plain.logits(inputs))
  })

  test('have the gradients that the chain rule gives from those of the weights they adapt', () => {
    const from = disturbed(targets)
    const adapted = openAdapted(targets, from)
    adapted.model.accumulateGradients(inputs, 0.25)
    // The same function with the sums as plain weights, all of which learn.
    const sums = new Map<string, Tensor>([...weights, ...namedViews(adapted.parameters.own)])
    const plain = createParameters(ops, config, sums, { seed: 3, frozen: () => false })
    new ReaderModel(ops, config, plain).accumulateGradients(inputs, 0.25)
    const ofWeights = namedViews(plain.own, ({ gradient }) => gradient)
    const sides = adapted.parameters.adapters.flatMap((adapter) => adapter.parameters)
    const ofSides = namedViews(sides, ({ gradient }) => gradient)
    expect(ofSides.size).toBe(config.layerCount * (targets === 'all' ? 6 : 2) * 2)
    for (const [name, { data }] of ofSides) {
      const module = name.slice(PREFIX.length).replace(/\.lora_[AB]\.weight$/, '')
      const gradient = ofWeights.get(`${module}.weight`) as Tensor
      const down = from.get(`${PREFIX}${module}.lora_A.weight`) as Tensor
      const up = from.get(`${PREFIX}${module}.lora_B.weight`) as Tensor
      const product = name.includes('lora_A')
        ? multiply(transposed(up), gradient)
        : multiply(gradient, transposed(down))
      expectClose(
        data,
        product.map((value) => (ALPHA / RANK) * value),
        name,
      )
    }
  })

  test('learn while every weight but the head stays, and leave no tensor behind', () => {
    const { parameters, model } = openAdapted(targets)
    const optimizer = new AdamW(parameters.all, { weightDecay: 0 })
    const losses: number[] = []
    let tensorCount = 0
    for (let step = 0; step < 12; step++) {
      losses.push(model.accumulateGradients(inputs, 0.25))
      optimizer.update(1e-2, 1)
      for (const adapter of parameters.adapters) adapter.merge()
      if (step === 0) tensorCount = ops.tensorCount
    }
    expect(ops.tensorCount).toBe(tensorCount)
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number))
    for (const [name, { data }] of namedViews(parameters.own)) {
      const isAdapted = /(query|value)\.weight$/.test(name) || (targets === 'all' && /(key|dense)\.weight$/.test(name))
      const changed = data.some((value, index) => value !== weights.get(name)?.data[index])
      expect(changed, name).toBe(isAdapted || name.startsWith('qa_outputs.'))
    }
  })
})
