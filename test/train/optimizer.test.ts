import { expect, test } from 'vitest'
import { AdamW } from '../../src/train/optimizer.js'
import { Parameter } from '../../src/train/parameter.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

const ops = loadTensorFlow()

function parameterOf(numbers: number[], depth = 0): Parameter {
  const parts = [{ name: `weight${depth}`, shape: [numbers.length], offset: 0 }]
  return new Parameter(ops, [numbers.length], parts, Float32Array.from(numbers), depth, { frozen: false })
}

test('what is pulled to its parent comes nearer with every update, by rate times pull', () => {
  const parameter = parameterOf([1, -1])
  const optimizer = new AdamW([parameter], {
    weightDecay: 0,
    pullToParent: 2,
    parentOf: () => Float32Array.from([0, 3]),
  })
  optimizer.update(0.1, 1) // gradients of zero: nothing but the pull
  expect(parameter.data[0]).toBeCloseTo(0.8, 6)
  expect(parameter.data[1]).toBeCloseTo(-0.2, 6)
  parameter.dispose()
})

test('a parameter that is released later takes its first step as large as any first step', () => {
  const early = parameterOf([0], 1)
  const late = parameterOf([0], 0)
  const optimizer = new AdamW([early, late], { weightDecay: 0 })
  late.learns = false
  for (let step = 0; step < 5; step++) {
    early.gradient?.fill(1)
    optimizer.update(0.1, 1)
  }
  expect(late.data[0]).toBe(0)
  late.learns = true
  late.gradient?.fill(1)
  early.gradient?.fill(1)
  optimizer.update(0.1, 1)
  expect(late.data[0]).toBeCloseTo(-0.1, 6)
  early.dispose()
  late.dispose()
})

test('each parameter has the rate that it is given', () => {
  const parameters = [parameterOf([0], 0), parameterOf([0], 1)]
  const optimizer = new AdamW(parameters, { weightDecay: 0 })
  for (const { gradient } of parameters) gradient?.fill(1)
  optimizer.update(0.1, 1, ({ depth }) => (depth === 0 ? 0.5 : 1))
  expect(parameters[0]?.data[0]).toBeCloseTo(-0.05, 6)
  expect(parameters[1]?.data[0]).toBeCloseTo(-0.1, 6)
  for (const parameter of parameters) parameter.dispose()
})
