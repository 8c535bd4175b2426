import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SquadExample } from '../../src/text/squad.js'
import {
  askForAnother,
  askForOpposite,
  makeNegatives,
  mentionsOf,
  ofAnotherPassage,
  withoutAnswer,
} from '../../src/train/negatives.js'
import { randomStream } from '../../src/train/random.js'

const context =
  'The library opened in 1852 under Dr. Josiah Quincy. It holds 24 million volumes. Readers may borrow a book for ' +
  'three weeks, and renew it twice. Its reading room was restored in 1999 by the architects of the city.'

function example(question: string, answer: string): SquadExample {
  const answers = [{ text: answer, start: context.indexOf(answer) }]
  return { id: 'q', title: 'Library', question, context, answers, isImpossible: false }
}

describe('a question for something that the passage does not have', () => {
  const mentions = mentionsOf([
    'When did the Widener Library open in Boston?',
    'Who led it in 1914 after Josiah Quincy?',
    'What did 37 readers borrow?',
  ])

  test('names and numbers are found, and not the first word of a question', () => {
    expect(mentions).toEqual({ names: ['Widener Library', 'Boston', 'Josiah Quincy'], numbers: ['1914', '37'] })
  })

  test('a name is exchanged for a name that is not in the passage, all else stays', () => {
    const asked = askForAnother(example('When did Josiah Quincy open the library?', '1852'), mentions, randomStream(1))
    expect(asked?.question).toMatch(/^When did (Widener Library|Boston) open the library\?$/)
    expect(asked).toMatchObject({ id: 'q/other-mention', context, answers: [], isImpossible: true })
  })

  test('a number is exchanged for one of as many digits', () => {
    const asked = askForAnother(
      example('What was restored in 1999 by the city?', 'reading room'),
      mentions,
      randomStream(1),
    )
    expect(asked?.question).toBe('What was restored in 1914 by the city?')
  })

  test('nothing is made of a question without name or number', () => {
    expect(
      askForAnother(example('How long may readers keep a book?', 'three weeks'), mentions, randomStream(1)),
    ).toBeNull()
  })
})

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

describe('a question for the opposite', () => {
  test('exchanges one word, and nothing else', () => {
    const asked = askForOpposite(example('When was the library first opened?', '1852'), randomStream(1))
    expect(asked?.question).toMatch(/^When was the library (last opened|first closed)\?$/)
    expect(asked).toMatchObject({ id: 'q/opposite', context, answers: [], isImpossible: true })
  })

  test('is not asked where the passage has the other word, or the question no word that has one', () => {
    const closed = { ...example('When was it opened?', '1852'), context: `${context} It closed in 2001.` }
    for (let seed = 0; seed < 20; seed++) {
      // "was" may still be negated.
      expect(askForOpposite(closed, randomStream(seed))?.question ?? '').not.toContain('closed')
      expect(askForOpposite(example('How large, roughly?', '24 million'), randomStream(seed))).toBeNull()
    }
  })

  test('is a negation only now and then', () => {
    const asked = Array.from({ length: 200 }, (_, seed) =>
      askForOpposite(example('Who was Josiah Quincy?', 'Dr. Josiah Quincy'), randomStream(seed)),
    )
    const negated = asked.filter((made) => made?.question === "Who wasn't Josiah Quincy?").length
    expect(negated).toBeGreaterThan(15)
    expect(negated).toBeLessThan(80)
  })
})

test('each way makes its share, from what can be made', () => {
  const examples = Array.from({ length: 20 }, (_, index) => ({
    ...example(`When was the Library of Town ${index} first opened?`, '1852'),
    id: `q${index}`,
    context: `${context} This is the library of town ${index}.`,
  }))
  const made = makeNegatives(examples, 0.5, randomStream(1))
  expect(Object.fromEntries(Object.entries(made).map(([way, { length }]) => [way, length]))).toEqual({
    opposite: 10,
    otherMention: 5, // "Town 1" stands in "town 10", and so it goes for half of them
    answerRemoved: 10,
    otherPassage: 0, // every passage has the answer's words
  })
  expect(makeNegatives(examples, 0, randomStream(1)).opposite).toEqual([])
})
