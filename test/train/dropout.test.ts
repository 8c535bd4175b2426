import { expect, test } from 'vitest'
import { Dropout } from '../../src/train/dropout.js'
import { loadTensorFlow, type Tensor } from '../../src/train/tensorflow.js'

const ops = loadTensorFlow()
const SIZE = 200 * 100

/** The masks of two draws for one window, as numbers. */
function draw(rate: number, seeds: [number, number]): [Float32Array, Float32Array] {
  const dropout = new Dropout(ops, { rate, windows: [{ length: 200, seeds }] })
  const ones = ops.fromFloats(new Float32Array(SIZE).fill(1), [200, 100])
  const numbers = [dropout, dropout].map((each) => ops.read(() => each.apply(ones).output))
  ones.dispose()
  return numbers as [Float32Array, Float32Array]
}

test('the stated share is zero and the rest is scaled so that the mean stays', () => {
  const [drawn] = draw(0.2, [7, 1])
  const zeros = drawn.filter((value) => value === 0).length / SIZE
  expect(zeros).toBeGreaterThan(0.18)
  expect(zeros).toBeLessThan(0.22)
  for (const value of drawn) if (value !== 0) expect(value).toBeCloseTo(1.25, 5)
})

test('the same seeds draw the same masks; the next draw and other seeds draw others', () => {
  const [first, second] = draw(0.2, [7, 1])
  expect(draw(0.2, [7, 1])).toEqual([first, second])
  expect(second).not.toEqual(first)
  expect(draw(0.2, [7, 2])[0]).not.toEqual(first)
  expect(draw(0.2, [8, 1])[0]).not.toEqual(first)
})

test('a window draws the same mask alone and among others', () => {
  const windows = [4, 9, 2].map((length, index) => ({ length, seeds: [7, index] as const }))
  const drawn = (chosen: typeof windows): number[] => {
    const rows = chosen.reduce((sum, { length }) => sum + length, 0)
    const ones = ops.fromFloats(new Float32Array(rows * 30).fill(1), [rows, 30])
    const numbers = ops.read(() => new Dropout(ops, { rate: 0.5, windows: chosen }).apply(ones).output)
    ones.dispose()
    return [...numbers]
  }
  expect(drawn(windows)).toEqual(windows.flatMap((window) => drawn([window])))
})

test('without dropout nothing is multiplied and no mask is kept', () => {
  const input = ops.fromFloats(new Float32Array(4), [2, 2])
  expect(Dropout.none(ops).apply(input)).toEqual({ output: input, mask: null })
  input.dispose()
})

test('no tensor stays behind', () => {
  const before = ops.tensorCount
  const input = ops.fromFloats(new Float32Array(4), [2, 2])
  const { output, mask } = new Dropout(ops, { rate: 0.1, windows: [{ length: 2, seeds: [1, 2] }] }).apply(input)
  ops.dispose(input, output, mask as Tensor)
  expect(ops.tensorCount).toBe(before)
})
