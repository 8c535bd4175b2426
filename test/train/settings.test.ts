import { expect, test } from 'vitest'
import { isFrozen, parseTrainingSettings } from '../../src/train/settings.js'

test('every setting has a default', () => {
  expect(parseTrainingSettings({})).toMatchObject({ learningRate: 1e-4, freezeEmbeddings: 'words', maxSteps: null })
})

test.each([
  ['learningRate', 1.5],
  ['patience', 3],
  ['learningRate', 0],
  ['batchSize', 0],
  ['epochs', Number.NaN],
  ['maxGradientNorm', 0],
  ['maxSequenceLength', 1024],
  ['warmupRatio', 1],
  ['leraningRate', 1e-4],
])('%s = %s is refused as unsafe, and the message names it', (name, value) => {
  expect(() => parseTrainingSettings({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'UNSAFE_SETTINGS', message: expect.stringContaining(name) }),
  )
})

test('the word table is frozen, all embeddings, or nothing, as asked for', () => {
  const words = 'bert.embeddings.word_embeddings.weight'
  const positions = 'bert.embeddings.position_embeddings.weight'
  const frozen = parseTrainingSettings({})
  expect([isFrozen(frozen, words), isFrozen(frozen, positions)]).toEqual([true, false])
  expect(isFrozen(parseTrainingSettings({ freezeEmbeddings: 'none' }), words)).toBe(false)
  const all = parseTrainingSettings({ freezeEmbeddings: 'all' })
  expect([words, positions, 'bert.embeddings.LayerNorm.bias'].map((name) => isFrozen(all, name))).not.toContain(false)
  expect(isFrozen(all, 'bert.encoder.layer.0.output.dense.weight')).toBe(false)
})
