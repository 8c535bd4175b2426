import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareLogits, verifyExport } from '../../src/onnx/verify.js'
import type { SpanLogits } from '../../src/text/spans.js'
import { tinyLogits } from './tiny-model.js'

const changed = (change: (value: number, token: number) => number): SpanLogits[] =>
  tinyLogits.map(({ startLogits, endLogits }) => ({
    startLogits: startLogits.map(change),
    endLogits: endLogits.map(change),
  }))

test('equal logits are equal', () => {
  expect(verifyExport(tinyLogits, tinyLogits, 'fp32')).toMatchObject({
    maxDifference: 0,
    relativeError: 0,
    meanSpanLoss: 0,
  })
})

test('the worst logit is named with its window, token and output', () => {
  const exported = changed((value) => value)
  ;(exported[1] as SpanLogits).endLogits[3] = ((tinyLogits[1] as SpanLogits).endLogits[3] as number) + 0.5
  expect(compareLogits(tinyLogits, exported)).toMatchObject({ worst: { window: 1, token: 3, output: 'end' } })
  expect(() => verifyExport(tinyLogits, exported, 'fp32')).toThrow(/0\.5\d* > 0\.001.*end logit of token 3 in window 1/)
})

describe('what is no copy is refused with EXPORT_MISMATCH', () => {
  test.each<[string, readonly SpanLogits[]]>([
    ['opposite logits', changed((value) => -value)],
    ['logits of another scale', changed((value) => value * 2)],
    ['flat logits', changed(() => 0)],
    ['a NaN', changed((value, token) => (token === 2 ? Number.NaN : value))],
    ['fewer windows', tinyLogits.slice(1)],
    ['shorter windows', tinyLogits.map((logits) => ({ ...logits, endLogits: logits.endLogits.slice(1) }))],
  ])('%s', (_name, exported) => {
    for (const form of ['int8', 'fp32'] as const) {
      expect(() => verifyExport(tinyLogits, exported, form)).toThrow(
        expect.objectContaining({ code: 'EXPORT_MISMATCH' }),
      )
    }
  })
})

test('a best span never scores less than the one that the other logits choose', () => {
  const logits = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 7, maxLength: 7 })
  const window = fc.record({ startLogits: logits, endLogits: logits })
  fc.assert(
    fc.property(window, window, (left, right) => {
      const typed = [left, right].map(({ startLogits, endLogits }) => ({
        startLogits: Float32Array.from(startLogits),
        endLogits: Float32Array.from(endLogits),
      })) as [SpanLogits, SpanLogits]
      expect(compareLogits([typed[0]], [typed[1]]).meanSpanLoss).toBeGreaterThanOrEqual(0)
    }),
  )
})
