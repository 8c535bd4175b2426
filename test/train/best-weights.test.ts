import { expect, test } from 'vitest'
import { BestWeights } from '../../src/train/best-weights.js'
import { Parameter } from '../../src/train/parameter.js'
import { loadTensorFlow } from '../../src/train/tensorflow.js'

const ops = loadTensorFlow()

function makeParameter(frozen = false): Parameter {
  const parts = [{ name: frozen ? 'frozen' : 'learnt', shape: [2], offset: 0 }]
  return new Parameter(ops, [2], parts, Float32Array.of(0, 0), 0, { frozen })
}

test('the weights of the lowest loss come back, whatever was learnt after it', () => {
  const parameter = makeParameter()
  const best = new BestWeights([parameter, makeParameter(true)], { patience: 2 })
  for (const [step, loss] of [3, 1, 2, 4].entries()) {
    parameter.data.fill(step)
    best.look(step, loss)
  }
  expect(best.state).toEqual({ loss: 1, step: 1, looksSince: 2 })
  expect(best.isOver).toBe(true)
  best.restore()
  expect([...parameter.data]).toEqual([1, 1])
})

test('a checkpoint keeps what learns, and it goes on from there', () => {
  const parameter = makeParameter()
  const first = new BestWeights([parameter, makeParameter(true)], { patience: null })
  expect(first.namedWeights().size).toBe(0)
  parameter.data.fill(7)
  first.look(5, 0.5)
  parameter.data.fill(8)
  const saved = first.namedWeights()
  expect([...saved.keys()]).toEqual(['learnt'])

  const other = makeParameter()
  const second = new BestWeights([other], { patience: null })
  second.load(first.state, saved)
  second.look(6, 0.6)
  expect(second.state).toEqual({ loss: 0.5, step: 5, looksSince: 1 })
  expect(second.isOver).toBe(false)
  second.restore()
  expect([...other.data]).toEqual([7, 7])
})

test('without a look nothing is put back', () => {
  const parameter = makeParameter()
  const best = new BestWeights([parameter], { patience: 1 })
  parameter.data.fill(3)
  best.restore()
  expect([...parameter.data]).toEqual([3, 3])
  expect(best.isOver).toBe(false)
})
