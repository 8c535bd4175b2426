import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SquadExample } from '../../src/text/squad.js'
import {
  augment,
  cutAround,
  dropSentences,
  lowerCase,
  misspell,
  shuffleSentences,
} from '../../src/train/augmentation.js'
import { randomStream } from '../../src/train/random.js'

const context =
  'The library opened in 1852 under Dr. Josiah Quincy. It holds 24 million volumes 😀 and maps. Readers may borrow a book ' +
  'for three weeks. Its reading room was restored in 1999 by the city.'

function example(answer: string, question = 'How many Volumes does the library hold?'): SquadExample {
  const answers = [{ text: answer, start: context.indexOf(answer) }]
  return { id: 'q', title: 'Library', question, context, answers, isImpossible: false }
}

const ways = { shuffleSentences, dropSentences, cutAround, misspell, lowerCase }

describe.each(Object.entries(ways))('%s', (_, way) => {
  test('keeps every answer true, whatever the text and the seed', () => {
    const sentence = fc.string({
      unit: fc.constantFrom('a', 'Bc', ' ', 'é', '😀', '. ', '? ', '\n', 'word '),
      maxLength: 40,
    })
    fc.assert(
      fc.property(
        fc.array(sentence, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (texts, a, b, seed) => {
          const text = texts.join(' ')
          const start = a % Math.max(1, text.length)
          const gold = text.slice(start, start + 1 + (b % 20))
          fc.pre(gold !== '' && !/\p{Cs}/u.test(gold))
          const given = { ...example('city'), context: text, answers: [{ text: gold, start }] }
          const made = way(given, randomStream(seed))
          for (const answer of made?.answers ?? []) {
            expect(made?.context.slice(answer.start, answer.start + answer.text.length)).toBe(answer.text)
          }
          if (made) expect(made.answers).toHaveLength(1)
        },
      ),
    )
  })

  test('says in the id what was done, and changes either the passage or the question', () => {
    const made = Array.from({ length: 20 }, (_, seed) => way(example('24 million'), randomStream(seed))).find(Boolean)
    expect(made?.id).toMatch(/^q\/[a-z-]+$/)
    expect([made?.context === context, made?.question === example('24 million').question]).toContain(true)
    expect([made?.context === context, made?.question === example('24 million').question]).toContain(false)
  })
})

test('sentences change places, none is lost', () => {
  for (let seed = 0; seed < 10; seed++) {
    const made = shuffleSentences(example('24 million'), randomStream(seed))
    if (!made) continue // they fell into the order they had
    expect(made.context).not.toBe(context)
    expect(made.context.split('').sort()).toEqual(context.split('').sort())
  }
})

test('a passage is cut around the sentence that answers, and that stays whole', () => {
  for (let seed = 0; seed < 10; seed++) {
    const made = cutAround(example('three weeks'), randomStream(seed))
    if (made) expect(made.context).toContain('Readers may borrow a book for three weeks.')
  }
})

test('an answer over a border of sentences is left alone', () => {
  const over = example('maps. Readers')
  expect(shuffleSentences(over, randomStream(3))).toBeNull()
})

test('a share of the examples gets a copy, the same for the same seed', () => {
  const examples = Array.from({ length: 40 }, (_, index) => ({ ...example('three weeks'), id: `q${index}` }))
  const made = augment(examples, 0.5, randomStream(4))
  expect(made).toHaveLength(20)
  expect(new Set(made.map(({ id }) => id.split('/')[1])).size).toBeGreaterThan(2)
  expect(augment(examples, 0.5, randomStream(4))).toEqual(made)
  expect(augment(examples, 0, randomStream(4))).toEqual([])
})
