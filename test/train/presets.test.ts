import { expect, test } from 'vitest'
import { dangersOf } from '../../src/train/guard-rails.js'
import { presetFor } from '../../src/train/presets.js'
import { parseTrainingSettings } from '../../src/train/settings.js'

test('the number of labels chooses, and every choice is safe', () => {
  const names = [1, 30, 99, 100, 999, 1000, 20_000].map((count) => {
    const { name, settings } = presetFor('auto', count)
    expect(dangersOf(parseTrainingSettings(settings), count)).toEqual([])
    return name
  })
  expect(names).toEqual(['few', 'few', 'few', 'some', 'some', 'many', 'many'])
})

test('fewer labels are seen more often, among more questions of before', () => {
  const [few, some, many] = [30, 300, 3000].map((count) => presetFor('auto', count).settings)
  expect([few?.epochs, some?.epochs, many?.epochs]).toEqual([6, 3, 2])
  expect([few?.replayRatio, some?.replayRatio, many?.replayRatio]).toEqual([10, 1, 1])
  expect([few?.parentShare, some?.parentShare, many?.parentShare]).toEqual([0.2, 0.2, 0.2])
  expect(presetFor('auto', 1).settings.replayRatio).toBe(20)
})

test('a preset can be named, whatever the number of labels, and none takes the plain defaults', () => {
  expect(presetFor('many', 10)).toMatchObject({ name: 'many', settings: { epochs: 2 } })
  expect(presetFor('none', 10).settings).toEqual({})
})
