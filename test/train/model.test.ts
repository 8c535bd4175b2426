import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { type EncoderConfig, readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors } from '../../src/registry/safetensors.js'
import { type LabelledInput, ReaderModel } from '../../src/train/model.js'
import { AdamW } from '../../src/train/optimizer.js'
import { namedViews, type Weights } from '../../src/train/parameter.js'
import { createParameters } from '../../src/train/parameters.js'
import { randomStream } from '../../src/train/random.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

const folder = path.join(packageRoot, 'test/fixtures/tiny-model')
const ops = loadTensorFlow()
let config: EncoderConfig
let weights: Weights

beforeAll(async () => {
  config = await readEncoderConfig(folder)
  weights = await readSafetensors(path.join(folder, 'model.safetensors'))
})

function openModel(frozen: (name: string) => boolean = () => false) {
  const parameters = createParameters(ops, config, weights, { seed: 3, frozen })
  return { parameters, model: new ReaderModel(ops, config, parameters) }
}

const random = randomStream(5)
const inputs = [21, 8, 8, 33, 8].map((length): LabelledInput => {
  const inputIds = Int32Array.from({ length }, () => Math.floor(random() * 288))
  return { inputIds, tokenTypeIds: inputIds.map((_, index) => (index < 5 ? 0 : 1)), start: 5, end: 6 }
})

const gradientsOf = ({ parameters }: ReturnType<typeof openModel>) =>
  namedViews(parameters.all, ({ gradient }) => gradient)

test('a window has the same logits alone and among others', () => {
  const { model } = openModel()
  const together = model.logits(inputs)
  for (const [index, input] of inputs.entries()) {
    const [alone] = model.logits([input])
    for (const [token, logit] of (alone?.startLogits ?? []).entries()) {
      expect(together[index]?.startLogits[token]).toBeCloseTo(logit, 4)
    }
  }
})

test('accumulated micro-batches give the loss and the gradients of one batch', () => {
  const whole = openModel()
  const cut = openModel()
  const wholeLoss = whole.model.accumulateGradients(inputs, 0.2)
  let cutLoss = 0
  for (const part of [inputs.slice(0, 1), inputs.slice(1, 4), inputs.slice(4)]) {
    cutLoss += cut.model.accumulateGradients(part, 0.2)
  }
  expect(cutLoss).toBeCloseTo(wholeLoss, 5)
  const expected = gradientsOf(whole)
  for (const [name, { data }] of gradientsOf(cut)) {
    const reference = expected.get(name)?.data as Float32Array
    const worst = data.reduce((most, value, index) => Math.max(most, Math.abs(value - (reference[index] as number))), 0)
    expect(worst, name).toBeLessThan(1e-4)
  }
})

test('no tensor stays behind after a step', () => {
  const { model, parameters } = openModel()
  const optimizer = new AdamW(parameters.all, { weightDecay: 0.01 })
  const before = ops.tensorCount
  for (let step = 0; step < 3; step++) {
    model.accumulateGradients(inputs, 0.2)
    model.logits(inputs)
    optimizer.update(1e-4, 1)
    expect(ops.tensorCount).toBe(before)
  }
})

test('a frozen word table stays as it is while everything else learns', () => {
  const { model, parameters } = openModel((name) => name.endsWith('word_embeddings.weight'))
  const optimizer = new AdamW(parameters.all, { weightDecay: 0.01 })
  model.accumulateGradients(inputs, 0.2)
  optimizer.update(1e-3, 1)
  for (const [name, { data }] of namedViews(parameters.all)) {
    const changed = data.some((value, index) => value !== weights.get(name)?.data[index])
    expect(changed, name).toBe(!name.endsWith('word_embeddings.weight'))
  }
})

test('what is not released gets no gradient, and nothing below it either', () => {
  const { model, parameters } = openModel()
  for (const parameter of parameters.all) parameter.learns = parameter.depth >= 2
  model.accumulateGradients(inputs, 0.2)
  for (const { gradient, depth, parts } of parameters.all) {
    // Adding one number to all keys or all logits changes nothing, so those biases may have gradients of zero.
    if (parts.some(({ name }) => name.endsWith('bias'))) continue
    expect(
      gradient?.some((value) => value !== 0),
      parts[0]?.name,
    ).toBe(depth >= 2)
  }
})

test('bare names of a sentence-transformers file are taken, and a missing head is drawn from the seed', () => {
  const bare = new Map(
    [...weights]
      .filter(([name]) => !name.startsWith('qa_'))
      .map(([name, tensor]) => [name.replace('bert.', ''), tensor]),
  )
  const headOf = (seed: number) => createParameters(ops, config, bare, { seed, frozen: () => false }).head.weight.data
  expect(headOf(1)).toEqual(headOf(1))
  expect(headOf(1)).not.toEqual(headOf(2))
  const deviation = Math.sqrt(headOf(1).reduce((sum, value) => sum + value * value, 0) / headOf(1).length)
  expect(deviation).toBeGreaterThan(0.012)
  expect(deviation).toBeLessThan(0.028)
})

test('weights that lack a tensor, or have it in another shape, are refused by its name', () => {
  const name = 'bert.encoder.layer.1.output.dense.weight'
  const lacking = new Map([...weights].filter(([key]) => key !== name))
  const other = new Map([...weights, [name, { shape: [2, 2], data: new Float32Array(4) }]])
  for (const wrong of [lacking, other]) {
    expect(() => createParameters(ops, config, wrong, { seed: 1, frozen: () => false })).toThrow(
      expect.objectContaining({ code: 'MODEL_INCOMPATIBLE', message: expect.stringContaining(name) }),
    )
  }
})
