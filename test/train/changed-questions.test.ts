import { describe, expect, test } from 'vitest'
import type { SquadExample } from '../../src/text/squad.js'
import {
  askForAnother,
  askForOpposite,
  askWithAnotherWord,
  mentionsOf,
  wordSlots,
} from '../../src/train/changed-questions.js'
import { randomStream } from '../../src/train/random.js'

const context =
  'The library opened in 1852 under Dr. Josiah Quincy. It holds 24 million volumes. Readers may borrow a book for ' +
  'three weeks, and renew it twice. Its reading room was restored in 1999 by the architects of the city.'

function example(question: string, answer: string): SquadExample {
  const answers = [{ text: answer, start: context.indexOf(answer) }]
  return { id: 'q', title: 'Library', question, context, answers, isImpossible: false }
}

describe('a question for another name or number', () => {
  const mentions = mentionsOf([
    'When did the Widener Library open in Boston?',
    'Who led it in 1914 after Josiah Quincy?',
    'What did 37 readers borrow?',
  ])

  test('names and numbers are found, and not the first word of a question', () => {
    expect(mentions).toEqual({ names: ['Widener Library', 'Boston', 'Josiah Quincy'], numbers: ['1914', '37'] })
  })

  test('a genitive and the end of a sentence are no part of a name', () => {
    expect(mentionsOf(["What did the city's O'Brien Hall, the U.S. or Rome's walls cost in Bonn?"]).names).toEqual([
      "O'Brien Hall",
      'U.S.',
      'Rome',
      'Bonn',
    ])
  })

  test('is asked with one of the other sentences of the passage', () => {
    const other = {
      ...example('When did Josiah Quincy open the library?', '1852'),
      context: `${context} Then came Ann Lee.`,
    }
    for (let seed = 0; seed < 10; seed++) {
      expect(askForAnother(other, mentions, randomStream(seed))).toMatchObject({
        id: 'q/other-mention',
        question: 'When did Ann Lee open the library?',
        context: other.context,
        answers: [],
        isImpossible: true,
      })
    }
    const year = { ...example('What holds more since 1852?', 'library'), context: `${context} It grew in 1953.` }
    expect(askForAnother(year, mentions, randomStream(1))?.question).toMatch(/^What holds more since (1999|1953)\?$/)
  })

  test('is asked with one that other questions have and the passage has not, where it offers none', () => {
    const asked = askForAnother(example('When did Josiah Quincy open the library?', '1852'), mentions, randomStream(1))
    expect(asked?.question).toMatch(/^When did (Widener Library|Boston) open the library\?$/)
  })

  test('never with what stands in the sentence of the answer, or with another form of what it asks for', () => {
    const asked = { ...example('When did Quincy open it?', '1852'), context: `${context} Josiah Quincy was a Dr.` }
    for (let seed = 0; seed < 10; seed++) {
      expect(askForAnother(asked, mentions, randomStream(seed))?.question).not.toContain('Josiah')
    }
  })

  test('a number is exchanged for one of as many digits', () => {
    const asked = example('Who restored it in 1999?', 'architects')
    expect(askForAnother(asked, mentions, randomStream(1))?.question).toBe('Who restored it in 1852?')
    expect(askForAnother(example('Who has 24 of them?', 'It'), mentions, randomStream(1))?.question).toBe(
      'Who has 37 of them?',
    )
  })

  test('nothing is made of a question without name or number', () => {
    expect(
      askForAnother(example('How long may readers keep a book?', 'three weeks'), mentions, randomStream(1)),
    ).toBeNull()
  })
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

describe('a question with another word', () => {
  const slots = wordSlots([
    'When was the museum restored?',
    'How long may visitors keep a ticket?',
    'When was the library shut?',
  ])

  test('has one that stands between the same neighbours in another question', () => {
    const asked = askWithAnotherWord(example('When was the library opened?', '1852'), slots, randomStream(1))
    expect(asked?.question).toBe('When was the library shut?')
    const museum = askWithAnotherWord(
      example('How long may readers keep a book?', 'three weeks'),
      slots,
      randomStream(1),
    )
    expect(museum?.question).toBe('How long may visitors keep a book?')
    expect(museum).toMatchObject({ id: 'q/other-word', context, answers: [], isImpossible: true })
  })

  test('is not made where the word leads nowhere, or where the sentence of the answer has the other one too', () => {
    expect(
      askWithAnotherWord(example('How long may people keep it?', 'three weeks'), slots, randomStream(1)),
    ).toBeNull()
    const both = { ...example('How long may readers keep it?', 'three weeks') }
    both.context = context.replace('Readers may', 'Readers and visitors may')
    both.answers = [{ text: 'three weeks', start: both.context.indexOf('three weeks') }]
    expect(askWithAnotherWord(both, slots, randomStream(1))).toBeNull()
  })
})
