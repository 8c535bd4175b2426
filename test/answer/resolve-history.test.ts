import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leans, resolveHistory } from '../../src/answer/resolve-history.js'

const turn = (question: string) => ({ question, answer: null })

test('a question that stands alone is left as it is', () => {
  const history = [turn('Who may file an appeal?')]
  expect(resolveHistory('What is the maximum size of a repository?', history)).toBe(
    'What is the maximum size of a repository?',
  )
})

test('a question that points back gets the question before it', () => {
  const history = [turn('Who may file an appeal?'), turn('What is the retention period for logs?')]
  expect(resolveHistory('Who can extend it?', history)).toBe(
    'Who can extend it? What is the retention period for logs?',
  )
})

test('a question that leans on one that leans gets both', () => {
  const history = [turn('What is the retention period for logs?'), turn('Who can extend it?')]
  expect(resolveHistory('And why?', history)).toBe('And why? Who can extend it? What is the retention period for logs?')
})

test('answers of earlier turns are left out', () => {
  const history = [{ question: 'Who founded the company?', answer: 'Ada Lovelace' }]
  expect(resolveHistory('When was she born?', history)).not.toContain('Ada')
})

test('continuations and bare question words lean', () => {
  for (const question of ['Why?', 'What about contractors?', 'How long?', 'And on weekends?', 'Who decides that?']) {
    expect([question, leans(question)]).toEqual([question, true])
  }
})

test('the question always comes first, and at most two earlier ones are joined on', () => {
  const questions = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), questions, (question, earlier) => {
      const resolved = resolveHistory(question, earlier.map(turn))
      expect(resolved.startsWith(question.trim())).toBe(true)
      const longest = earlier.map((text) => text.length).sort((a, b) => b - a)
      expect(resolved.length).toBeLessThanOrEqual(question.length + (longest[0] ?? 0) + (longest[1] ?? 0) + 2)
    }),
  )
})
