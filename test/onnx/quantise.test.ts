import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChannelRanges } from '../../src/onnx/activations.js'
import { chooseDivisors, largestChannels, quantiseLinear, quantiseTable } from '../../src/onnx/quantise.js'

const matrix = fc
  .integer({ min: 1, max: 6 })
  .chain((rows) =>
    fc
      .integer({ min: 1, max: 17 })
      .chain((columns) =>
        fc
          .array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: rows * columns, maxLength: rows * columns })
          .map((values) => ({ rows, columns, data: Float32Array.from(values) })),
      ),
  )

test('two neighbouring weights never add up to what overflows 16 bits with the largest activations', () => {
  fc.assert(
    fc.property(matrix, ({ rows, columns, data }) => {
      const { values } = quantiseLinear(data, rows, columns)
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column += 2) {
          const left = values[row * columns + column] as number
          const right = column + 1 < columns ? (values[row * columns + column + 1] as number) : 0
          for (const sum of [255 * (left + right), 255 * left, 255 * right]) {
            expect(Math.abs(sum)).toBeLessThanOrEqual(32767)
          }
        }
      }
    }),
  )
})

test('every weight comes back within half a step of its row', () => {
  fc.assert(
    fc.property(matrix, fc.constantFrom(quantiseLinear, quantiseTable), ({ rows, columns, data }, quantise) => {
      const { values, scales } = quantise(data, rows, columns)
      data.forEach((value, index) => {
        const scale = scales[Math.floor(index / columns)] as number
        expect(Math.abs((values[index] as number) * scale - value)).toBeLessThanOrEqual(scale * 0.5001)
      })
    }),
  )
})

test('a channel a hundred times larger than the others is tamed, and only that one', () => {
  const inSize = 16
  const maxima = Float64Array.from({ length: inSize }, (_, channel) => (channel === 5 ? 100 : 1))
  const input: ChannelRanges = {
    minima: maxima.map((value) => -value),
    maxima,
    meanSquares: maxima.map((value) => value ** 2 / 3),
  }
  // The large channel has small weights, as trained models have it.
  const weight = Float32Array.from({ length: 8 * inSize }, (_, index) =>
    index % inSize === 5 ? 0.001 : Math.sin(index + 1) / 10,
  )
  const divisors = chooseDivisors(weight, 8, inSize, input)
  expect([...divisors].filter((divisor) => divisor !== 1)).toHaveLength(1)
  expect(divisors[5]).toBe(128)
  expect(largestChannels(input, 1)).toEqual([5])
})

test('divisors are powers of two, so that they change no float', () => {
  fc.assert(
    fc.property(matrix, ({ rows, columns, data }) => {
      const maxima = Float64Array.from({ length: columns }, (_, channel) => Math.abs(data[channel] as number) * 3)
      const input = {
        minima: maxima.map((value) => -value / 2),
        maxima,
        meanSquares: maxima.map((value) => value ** 2),
      }
      for (const divisor of chooseDivisors(data, rows, columns, input)) {
        expect(Number.isInteger(Math.log2(divisor))).toBe(true)
      }
    }),
  )
})
