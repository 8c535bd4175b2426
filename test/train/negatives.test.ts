import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SquadExample } from '../../src/text/squad.js'
import { makeNegatives, ofAnotherPassage, withoutAnswer } from '../../src/train/negatives.js'
import { randomStream } from '../../src/train/random.js'

const context =
  'The library opened in 1852 under Dr. Josiah Quincy. It holds 24 million volumes. Readers may borrow a book for ' +
  'three weeks, and renew it twice. Its reading room was restored in 1999 by the architects of the city.'

function example(question: string, answer: string): SquadExample {
  const answers = [{ text: answer, start: context.indexOf(answer) }]
  return { id: 'q', title: 'Library', question, context, answers, isImpossible: false }
}

describe('a passage whose answer is taken out', () => {
  test('loses the sentence, whole, and keeps the rest', () => {
    const left = withoutAnswer(example('How many volumes are there?', '24 million'))
    expect(left?.context).toBe(context.replace('It holds 24 million volumes. ', ''))
    expect(left).toMatchObject({ answers: [], isImpossible: true })
  })

  test('is refused when the words stand elsewhere too, or when nearly nothing is left', () => {
    expect(withoutAnswer(example('Which library?', 'library'))).not.toBeNull()
    expect(withoutAnswer(example('What may be renewed?', 'It'))).toBeNull()
    const short = { ...example('', '1852'), context: 'It opened in 1852.', answers: [{ text: '1852', start: 13 }] }
    expect(withoutAnswer(short)).toBeNull()
  })

  test('never has a word of an answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: context.length - 5 }), fc.integer({ min: 3, max: 12 }), (start, length) => {
        const text = context.slice(start, start + length)
        const left = withoutAnswer({ ...example('', '1852'), answers: [{ text, start }] })
        if (left) expect(left.context.toLowerCase()).not.toContain(text.toLowerCase())
      }),
    )
  })
})

test('another passage is the first that does not have the words of the answer', () => {
  const asked = ofAnotherPassage(example('How long may a book be kept?', 'three weeks'), [
    context,
    'Loans are for Three Weeks.',
    'The garden is open in summer.',
  ])
  expect(asked).toMatchObject({ id: 'q/other-passage', context: 'The garden is open in summer.', isImpossible: true })
  expect(ofAnotherPassage(example('How long?', 'three weeks'), [context])).toBeNull()
})

test('each way makes its share, from what can be made', () => {
  const examples = Array.from({ length: 20 }, (_, index) => ({
    ...example(`When was the Library of Town ${index} first opened?`, '1852'),
    id: `q${index}`,
    context: `${context} This is the library of town ${index}.`,
  }))
  const made = makeNegatives(examples, 0.6, randomStream(1))
  expect(Object.fromEntries(Object.entries(made).map(([way, { length }]) => [way, length]))).toEqual({
    opposite: 12,
    otherWord: 0, // no question has another word between the same two
    otherMention: 12,
    answerRemoved: 4,
    otherPassage: 0, // every passage has the answer's words
  })
  expect(makeNegatives(examples, 0, randomStream(1)).opposite).toEqual([])
})
