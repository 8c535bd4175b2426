import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  contextKey,
  hasUnanswerable,
  parseSquad,
  type Repair,
  type SquadExample,
  toSquad,
} from '../../src/text/squad.js'

const contexts = fc
  .array(
    fc.oneof(fc.constantFrom('😀', '𝒜', 'e\u0301', '中', ' ', 'word'), fc.string({ unit: 'grapheme', maxLength: 4 })),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''))
  .filter((context) => context.length > 0)

const answerIn = (context: string) => {
  const borders = [0]
  for (const character of context) borders.push((borders.at(-1) as number) + character.length)
  return fc
    .tuple(fc.nat(borders.length - 2), fc.nat(borders.length - 2))
    .map(([left, right]) => [Math.min(left, right), Math.max(left, right)] as const)
    .map(([from, to]) => ({
      start: borders[from] as number,
      text: context.slice(borders[from], borders[to + 1]),
    }))
}

const exampleLists = fc
  .array(
    contexts.chain((context) =>
      fc.record({
        title: fc.constantFrom('A', 'B', ''),
        question: fc.string(),
        context: fc.constant(context),
        answers: fc.array(answerIn(context), { maxLength: 3 }),
      }),
    ),
    { maxLength: 8 },
  )
  .map((rows): SquadExample[] =>
    rows.map((row, index) => ({ ...row, id: `q${index}`, isImpossible: row.answers.length === 0 })),
  )

const file = (question: object, context = 'Anna leads the house.') => ({
  data: [{ title: 'T', paragraphs: [{ context, qas: [question] }] }],
})

describe('SQuAD files', () => {
  it('come back as they were written, in the same order, whatever characters they hold', () => {
    fc.assert(
      fc.property(exampleLists, (examples) => {
        const written = JSON.parse(JSON.stringify(toSquad(examples)))
        expect(parseSquad(written, 'file')).toEqual(examples)
      }),
    )
  })

  it('count code points outside and UTF-16 code units inside', () => {
    const squad = file({ id: 'a', question: 'Who?', answers: [{ text: 'Anna', answer_start: 3 }] }, '😀😀 Anna leads.')
    const examples = parseSquad(squad, 'file')
    expect(examples[0]?.answers).toEqual([{ text: 'Anna', start: 5 }])
    expect(toSquad(examples).data[0]?.paragraphs[0]?.qas[0]?.answers).toEqual([{ text: 'Anna', answer_start: 3 }])
  })

  it('are SQuAD 2.0 as soon as one question is unanswerable, and 1.1 without is_impossible otherwise', () => {
    const answered = { id: 'a', question: 'Who?', answers: [{ text: 'Anna', answer_start: 0 }] }
    const one = parseSquad(file(answered), 'file')
    expect(hasUnanswerable(one)).toBe(false)
    expect(toSquad(one)).toEqual({ version: '1.1', ...file(answered) })
    const two = parseSquad(file({ id: 'b', question: 'When?', answers: [], is_impossible: true }), 'file')
    expect(hasUnanswerable(two)).toBe(true)
    expect(toSquad([...one, ...two]).version).toBe('v2.0')
  })

  const anna = { text: 'Anna', answer_start: 0 }
  it.each([
    ['no list of data', {}, '"data" must be a list'],
    ['null', null, 'must be an object'],
    ['a context that is a number', { data: [{ paragraphs: [{ context: 1, qas: [] }] }] }, '"context" must be a string'],
    [
      'an answer that stands elsewhere',
      file({ id: 'a', question: 'q', answers: [{ text: 'Anna', answer_start: 1 }] }),
      'q.json, data[0], paragraphs[0], qas[0] (a), answers[0]: the context does not read "Anna" at code point 1',
    ],
    [
      'an answer beyond the end',
      file({ id: 'a', question: 'q', answers: [{ text: 'Anna', answer_start: 99 }] }),
      'does not read',
    ],
    [
      'a negative offset',
      file({ id: 'a', question: 'q', answers: [{ text: 'Anna', answer_start: -1 }] }),
      'whole number',
    ],
    ['an empty answer', file({ id: 'a', question: 'q', answers: [{ text: '', answer_start: 0 }] }), 'is empty'],
    [
      'an answer to an impossible question',
      file({ id: 'a', question: 'q', is_impossible: true, answers: [anna] }),
      'there are answers',
    ],
    ['no answer to a possible question', file({ id: 'a', question: 'q', answers: [] }), 'no answer'],
    [
      'is_impossible that is a word',
      file({ id: 'a', question: 'q', is_impossible: 'no', answers: [anna] }),
      'true or false',
    ],
    ['a missing question', file({ id: 'a', answers: [anna] }), '"question" must be a string'],
  ])('with %s are refused, naming the place', (_name, squad, message) => {
    expect(() => parseSquad(squad, 'q.json')).toThrow(expect.objectContaining({ code: 'INVALID_DATASET' }))
    expect(() => parseSquad(squad, 'q.json')).toThrow(message)
  })

  it('have an answer that stands elsewhere moved to the nearest place, when that is asked for', () => {
    const context = '😀 Anna met Anna and Anna'
    const at = (answer_start: number) => ({
      id: `at ${answer_start}`,
      question: 'Who?',
      answers: [{ text: 'Anna', answer_start }],
    })
    const squad = { data: [{ title: '', paragraphs: [{ context, qas: [at(2), at(3), at(9), at(24)] }] }] }
    const repairs: Repair[] = []
    const examples = parseSquad(squad, 'q.json', { onRepair: (repair) => repairs.push(repair) })
    expect(examples.map(({ answers }) => answers[0]?.start)).toEqual([3, 3, 12, 21])
    expect(repairs.map(({ id, from, to }) => [id, from, to])).toEqual([
      ['at 3', 3, 2],
      ['at 9', 9, 11],
      ['at 24', 24, 20],
    ])
    const nowhere = file({ id: 'a', question: 'q', answers: [{ text: 'Bert', answer_start: 1 }] })
    expect(() => parseSquad(nowhere, 'q.json', { onRepair: () => {} })).toThrow('does not read "Bert"')
  })

  it('with an id that stands twice are refused', () => {
    const squad = file({ id: 'a', question: 'q', answers: [anna] })
    expect(() => parseSquad({ data: [...squad.data, ...squad.data] }, 'q.json')).toThrow(/stands twice/)
  })
})

describe('contextKey', () => {
  it('does not see case, spacing, punctuation or Unicode form', () => {
    expect(contextKey('The “Café”,\n  at nine.')).toBe(contextKey('the cafe\u0301 at NINE'))
    expect(contextKey('at nine')).not.toBe(contextKey('at ten'))
  })
})
