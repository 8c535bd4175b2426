import { expect, test } from 'vitest'
import { choosePrecision } from '../../src/train/precision.js'
import { normal, randomStream } from '../../src/train/random.js'
import { loadTensorFlow, type TensorOps } from '../../src/train/tensorflow.js'

test('bfloat16 is chosen where the processor multiplies it, and a setting is obeyed anywhere', () => {
  expect(choosePrecision('auto', new Set(['avx2', 'avx512f', 'avx512_bf16']))).toBe('bfloat16')
  expect(choosePrecision('auto', new Set(['avx2', 'amx_bf16']))).toBe('bfloat16')
  expect(choosePrecision('auto', new Set(['avx2', 'avx512f', 'avx512_vnni']))).toBe('float32')
  expect(choosePrecision('float32', new Set(['avx512_bf16']))).toBe('float32')
  expect(choosePrecision('bfloat16', new Set())).toBe('bfloat16')
})

const random = randomStream(3)
const matrix = (rows: number, columns: number): { data: Float32Array; shape: [number, number] } => ({
  data: Float32Array.from({ length: rows * columns }, () => normal(random)),
  shape: [rows, columns],
})
const left = matrix(96, 128)
const right = matrix(80, 128)
const narrow = matrix(2, 128)

function product(ops: TensorOps, other: typeof right): Float32Array {
  const [a, b] = [left, other].map(({ data, shape }) => ops.fromFloats(data, shape))
  if (!a || !b) throw new Error('two operands')
  const numbers = ops.read(() => ops.matMul(a, b, { right: true }))
  ops.dispose(a, b)
  return numbers
}

test('a large product in bfloat16 is within its eight bits of the float32 one, and frees what it made', () => {
  const half = loadTensorFlow('bfloat16')
  const before = half.tensorCount
  const exact = product(loadTensorFlow('float32'), right)
  const rounded = product(half, right)
  const scale = Math.sqrt(128) // of a sum of 128 products of standard normals
  const errors = rounded.map((value, index) => Math.abs(value - (exact[index] as number)) / scale)
  expect(Math.max(...errors)).toBeLessThan(0.03)
  expect(Math.max(...errors)).toBeGreaterThan(0) // it was not float32
  expect(half.tensorCount).toBe(before)
})

test('a product with a narrow side, as that of the logits, stays in float32', () => {
  expect(product(loadTensorFlow('bfloat16'), narrow)).toEqual(product(loadTensorFlow('float32'), narrow))
})
