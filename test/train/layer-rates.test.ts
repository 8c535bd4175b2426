import { expect, test } from 'vitest'
import { layerRate } from '../../src/train/layer-rates.js'

const TOP = 7 // six layers and the head
const DEPTHS = Array.from({ length: TOP + 1 }, (_, depth) => depth)
const ratesAt = (progress: number, settings: { layerDecay: number; unfreezingShare: number }): number[] =>
  DEPTHS.map((depth) => layerRate(depth, TOP, progress, settings))

test('without either setting every layer learns at the full rate from the start', () => {
  expect(ratesAt(0, { layerDecay: 1, unfreezingShare: 0 })).toEqual(DEPTHS.map(() => 1))
})

test('layer-wise decay halves the rate from layer to layer, downwards', () => {
  expect(ratesAt(0, { layerDecay: 0.5, unfreezingShare: 0 })).toEqual(DEPTHS.map((depth) => 2 ** (depth - TOP)))
})

test('gradual unfreezing releases one layer after the other from the top, the embeddings last', () => {
  const released = (progress: number): number[] =>
    ratesAt(progress, { layerDecay: 1, unfreezingShare: 0.6 }).flatMap((rate, depth) => (rate > 0 ? [depth] : []))
  expect(released(0)).toEqual([6, 7])
  expect(released(0.1)).toEqual([5, 6, 7])
  expect(released(0.31)).toEqual([3, 4, 5, 6, 7])
  expect(released(0.59)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(released(0.61)).toEqual(DEPTHS)
})
