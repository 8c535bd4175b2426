/**
 * Questions that their passage does not answer, made from questions that one does. SQuAD 2.0's were written by people who
 * changed a question until its own paragraph no longer answered it (Rajpurkar et al. 2018); what teaches most is therefore
 * what looks most like an answerable question. Three ways, from near to far:
 *
 * - {@link askForAnother}: a name or number of the question is exchanged for one that the passage does not have;
 * - {@link withoutAnswer}: the sentences that answer are taken out of the passage;
 * - {@link ofAnotherPassage}: the question is asked of a similar passage.
 *
 * Each gives null where it cannot vouch that nothing answers. Pure functions of their arguments.
 */
import { sentenceSpans } from '../text/sentences.js'
import type { SquadExample } from '../text/squad.js'
import type { Random } from './random.js'

/** Of what is left of a passage, so that "nothing answers" is not learnt from the length. Characters. */
const MIN_PASSAGE_LENGTH = 80

/** A run of capitalised words, small words between them, not at the start of the question (which is capitalised anyway). */
const NAME = /(?<=\S\s)\p{Lu}[\p{L}\p{N}'’.-]*(?:\s+(?:(?:of|the|de|and)\s+)?\p{Lu}[\p{L}\p{N}'’-]*)*/gu
const NUMBER = /(?<=\s)\d[\d,.]*\d|(?<=\s)\d(?=\s|\?)/g

/** What can be exchanged for what: names for names, numbers for numbers of as many digits. */
export interface Mentions {
  readonly names: readonly string[]
  readonly numbers: readonly string[]
}

export function mentionsOf(questions: Iterable<string>): Mentions {
  const names = new Set<string>()
  const numbers = new Set<string>()
  for (const question of questions) {
    for (const [name] of question.matchAll(NAME)) names.add(name)
    for (const [number] of question.matchAll(NUMBER)) numbers.add(number)
  }
  return { names: [...names], numbers: [...numbers] }
}

/** The question with one of its names or numbers exchanged for another of `mentions` that the passage does not have. */
export function askForAnother(example: SquadExample, mentions: Mentions, random: Random): SquadExample | null {
  const { question, context } = example
  const names = [...question.matchAll(NAME)].map(({ index, 0: old }) => ({ index, old, others: mentions.names }))
  const numbers = [...question.matchAll(NUMBER)].map(({ index, 0: old }) => {
    return { index, old, others: mentions.numbers.filter(({ length }) => length === old.length) }
  })
  const chosen = pick([...names, ...numbers], random)
  if (!chosen) return null
  const { index, old, others } = chosen
  const lower = context.toLowerCase()
  const isNew = (text: string): boolean => text !== old && !old.includes(text) && !lower.includes(text.toLowerCase())
  const other = pick(others.filter(isNew), random)
  if (other === undefined) return null
  const asked = question.slice(0, index) + other + question.slice(index + old.length)
  return unanswerable(example, { id: `${example.id}/other-mention`, question: asked })
}

/** The passage without the sentences that hold a gold answer. Null when its words still stand elsewhere, or too little does. */
export function withoutAnswer(example: SquadExample): SquadExample | null {
  const { context, answers } = example
  const answering = sentenceSpans(context).filter((sentence) =>
    answers.some(({ start, text }) => start < sentence.end && sentence.start < start + text.length),
  )
  let rest = ''
  let from = 0
  for (const { start, end } of answering) {
    rest += context.slice(from, start)
    from = end
  }
  rest = (rest + context.slice(from)).replace(/[^\S\n]{2,}/g, ' ').trim()
  if (answers.length === 0 || rest.length < MIN_PASSAGE_LENGTH || mentionsAnswer(rest, example)) return null
  return unanswerable(example, { id: `${example.id}/answer-removed`, context: rest })
}

/** The question asked of the first of `passages` that does not have the words of an answer. */
export function ofAnotherPassage(example: SquadExample, passages: Iterable<string>): SquadExample | null {
  for (const context of passages) {
    if (context !== example.context && !mentionsAnswer(context, example)) {
      return unanswerable(example, { id: `${example.id}/other-passage`, context })
    }
  }
  return null
}

function mentionsAnswer(text: string, { answers }: SquadExample): boolean {
  const lower = text.toLowerCase()
  return answers.some((answer) => lower.includes(answer.text.toLowerCase()))
}

function unanswerable(
  example: SquadExample,
  changes: { readonly id: string; readonly question?: string; readonly context?: string },
): SquadExample {
  return { ...example, ...changes, answers: [], isImpossible: true }
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)]
}
