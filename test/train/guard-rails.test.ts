import { describe, expect, test } from 'vitest'
import { dangersOf, requireSafe } from '../../src/train/guard-rails.js'
import { parseTrainingSettings } from '../../src/train/settings.js'

const dangers = (settings: object, trainCount = 300) => dangersOf(parseTrainingSettings(settings), trainCount)

test('the defaults are safe', () => {
  for (const trainCount of [10, 300, 100_000]) expect(dangers({}, trainCount)).toEqual([])
})

test('a rate that destroys a reader is named with the most that is safe, for the method', () => {
  expect(dangers({ learningRate: 0.01 })).toEqual([
    expect.stringMatching(/^learningRate 0.01 .* at most 0.001 with full$/),
  ])
  expect(dangers({ learningRate: 0.01, method: 'lora' })).toEqual([])
  expect(dangers({ learningRate: 0.1, method: 'lora' })).toHaveLength(1)
})

test('more epochs than the data can bear are counted as the run would see them', () => {
  expect(dangers({ epochs: 20 })).toEqual([])
  expect(dangers({ epochs: 50 })).toHaveLength(1)
  expect(dangers({ epochs: 10 }, 20_000)).toHaveLength(1)
  expect(dangers({ epochs: 50, maxSteps: 100 })).toEqual([])
  expect(dangers({ epochs: 50, maxMinutes: 5 })).toEqual([])
})

describe('a dangerous run', () => {
  const settings = parseTrainingSettings({ learningRate: 0.01, epochs: 50 })

  test('is refused with every reason', () => {
    expect(() => requireSafe(settings, 300, { force: false })).toThrow(
      expect.objectContaining({ code: 'UNSAFE_SETTINGS', message: expect.stringMatching(/learningRate.*; epochs/) }),
    )
  })

  test('can be forced', () => {
    expect(() => requireSafe(settings, 300, { force: true })).not.toThrow()
  })
})
