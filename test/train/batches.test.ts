import path from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import type { SquadExample } from '../../src/text/squad.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { makeWindows } from '../../src/text/windows.js'
import {
  agreedAnswer,
  cutMicroBatches,
  epochOrder,
  findTokens,
  makeLabelledWindows,
  nextBatch,
} from '../../src/train/batches.js'
import type { LabelledInput } from '../../src/train/model.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await Tokenizer.open(path.join(packageRoot, 'test/fixtures/tiny-model'))
})

const settings = { maxSequenceLength: 32, stride: 8, maxQuestionTokens: 10 }
const context = `The library opens at nine. ${'Members may borrow books for four weeks. '.repeat(6)}It closes at six.`

const example = (answer: string | null): SquadExample => ({
  id: 'one',
  title: 'library',
  question: 'When does it open?',
  context,
  answers: answer === null ? [] : [{ text: answer, start: context.indexOf(answer) }],
  isImpossible: answer === null,
})

test('with several gold answers the one that most annotators marked is learnt, else the first', () => {
  const [nine, four, six] = ['nine', 'four weeks', 'six'].map((text) => ({ text, start: context.indexOf(text) }))
  if (!nine || !four || !six) throw new Error('three answers')
  expect(agreedAnswer([nine, four, four])).toEqual(four)
  expect(agreedAnswer([six, nine, four])).toEqual(six)
  expect(agreedAnswer([])).toBeUndefined()
})

describe('labelled windows', () => {
  test('a window with the answer points at it, the others at [CLS]', async () => {
    const windows = await makeLabelledWindows([example('nine')], tokenizer, settings)
    expect(windows.length).toBeGreaterThan(2)
    expect(windows[0]?.start).toBeGreaterThan(0)
    for (const { start, end } of windows.slice(1)) expect([start, end]).toEqual([0, 0])
  })

  test('without an answer every window points at [CLS]', async () => {
    const windows = await makeLabelledWindows([example(null)], tokenizer, settings)
    for (const { start, end } of windows) expect([start, end]).toEqual([0, 0])
  })

  test('the tokens found are the ones the characters touch, for any span that a window holds whole', async () => {
    const [question, encoded] = [await tokenizer.encode('When?'), await tokenizer.encode(context)]
    const windows = makeWindows(question, encoded, tokenizer, settings)
    const bounds = fc.tuple(fc.nat(context.length - 1), fc.integer({ min: 1, max: 30 }))
    fc.assert(
      fc.property(bounds, fc.constantFrom(...windows), ([from, length], window) => {
        const span = { start: from, end: Math.min(context.length, from + length) }
        const { start, end } = findTokens(window, span)
        const touched = [...window.starts.keys()].filter(
          (token) => (window.ends[token] as number) > span.start && (window.starts[token] as number) < span.end,
        )
        const whole =
          span.start >= (window.starts[0] as number) && span.end <= (window.ends[window.ends.length - 1] as number)
        const expected = whole && touched.length > 0 ? [touched[0], touched.at(-1)] : null
        expect([start, end]).toEqual(expected?.map((token) => (token as number) + window.contextOffset) ?? [0, 0])
      }),
    )
  })
})

const windowsOf = (lengths: readonly number[]): LabelledInput[] =>
  lengths.map((length) => ({
    inputIds: new Int32Array(length),
    tokenTypeIds: new Int32Array(length),
    start: 0,
    end: 0,
  }))
const anyLengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 })

test('micro-batches hold every window once, within the token budget unless one window alone exceeds it', () => {
  fc.assert(
    fc.property(anyLengths, fc.integer({ min: 16, max: 100 }), (lengths, budget) => {
      const batch = windowsOf(lengths)
      const parts = cutMicroBatches(batch, budget)
      expect(new Set(parts.flat())).toEqual(new Set(batch))
      expect(parts.flat()).toHaveLength(batch.length)
      for (const part of parts) {
        const tokens = part.reduce((sum, { inputIds }) => sum + inputIds.length, 0)
        expect(part.length === 1 || tokens <= budget).toBe(true)
      }
    }),
  )
})

test('an epoch sees every window once, in an order that seed and epoch decide', () => {
  fc.assert(
    fc.property(anyLengths, fc.integer({ min: 1, max: 7 }), fc.nat(1000), (lengths, batchSize, seed) => {
      const windows = windowsOf(lengths)
      const order = epochOrder(windows.length, seed, 0)
      expect(order).toEqual(epochOrder(windows.length, seed, 0))
      const seen: LabelledInput[] = []
      let position = { epoch: 0, offset: 0 }
      while (position.epoch === 0) {
        const step = nextBatch(windows, order, position, batchSize)
        seen.push(...step.batch)
        position = step.next
      }
      expect(seen).toHaveLength(windows.length)
      expect(new Set(seen).size).toBe(windows.length)
    }),
  )
  expect(epochOrder(50, 1, 0)).not.toEqual(epochOrder(50, 1, 1))
  expect(epochOrder(50, 1, 0)).not.toEqual(epochOrder(50, 2, 0))
})
