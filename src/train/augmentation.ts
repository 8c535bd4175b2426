/**
 * Changed copies of examples with the same answer: what a reader should not depend on is made to vary. Each way gives null
 * where it has nothing to change. Pure functions of their arguments; offsets move with the text.
 */
import { sentenceSpans } from '../text/sentences.js'
import type { SquadAnswer, SquadExample } from '../text/squad.js'
import { type Random, shuffle } from './random.js'

/** A changed copy of a share of the examples, each in one of the ways, drawn from the random stream. */
export function augment(examples: readonly SquadExample[], share: number, random: Random): SquadExample[] {
  const ways = [shuffleSentences, dropSentences, cutAround, misspell, lowerCase]
  const count = Math.round(examples.length * share)
  const made: SquadExample[] = []
  for (const example of shuffle([...examples], random)) {
    if (made.length === count) break
    // From a way drawn at random on, the first that changes anything.
    const first = Math.floor(random() * ways.length)
    for (let next = 0; next < ways.length; next++) {
      const copy = (ways[(first + next) % ways.length] as (typeof ways)[number])(example, random)
      if (!copy) continue
      made.push(copy)
      break
    }
  }
  return made
}

/** The passage's sentences in another order. */
export function shuffleSentences(example: SquadExample, random: Random): SquadExample | null {
  const sentences = sentenceSpans(example.context)
  const order = shuffle([...sentences.keys()], random)
  if (order.every((sentence, place) => sentence === place)) return null
  return withSentences(example, sentences, order, 'shuffled')
}

/** Without some of the sentences that hold no answer. */
export function dropSentences(example: SquadExample, random: Random): SquadExample | null {
  const sentences = sentenceSpans(example.context)
  const kept = [...sentences.keys()].filter((sentence) => {
    const { start, end } = sentences[sentence] as Sentence
    const answers = example.answers.some((answer) => answer.start < end && start < answer.start + answer.text.length)
    return answers || random() < 0.6
  })
  if (kept.length === 0 || kept.length === sentences.length) return null
  return withSentences(example, sentences, kept, 'dropped')
}

/** The window shifted around the answer: begins and ends at other sentences. */
export function cutAround(example: SquadExample, random: Random): SquadExample | null {
  const sentences = sentenceSpans(example.context)
  const answering = [...sentences.keys()].filter((sentence) => {
    const { start, end } = sentences[sentence] as Sentence
    return example.answers.some((answer) => answer.start < end && start < answer.start + answer.text.length)
  })
  const lastSentence = sentences.length - 1
  const [first = 0, last = lastSentence] = [answering[0], answering.at(-1)]
  const from = Math.floor(random() * (first + 1))
  const to = last + Math.floor(random() * (lastSentence - last + 1))
  if (from > to || (from === 0 && to === lastSentence)) return null
  const kept = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  return withSentences(example, sentences, kept, 'cut')
}

/** Two neighbouring letters of a longer word of the question in the wrong order. */
export function misspell(example: SquadExample, random: Random): SquadExample | null {
  const words = [...example.question.matchAll(/\p{Ll}{5,}/gu)]
  const word = words[Math.floor(random() * words.length)]
  if (!word) return null
  // Never the first letter: people get that right.
  const at = word.index + 1 + Math.floor(random() * (word[0].length - 2))
  const { question } = example
  const [left = '', right = ''] = question.slice(at, at + 2)
  if (left === right) return null
  return copyOf(example, 'misspelt', { question: question.slice(0, at) + right + left + question.slice(at + 2) })
}

/** As people type into a search box. */
export function lowerCase(example: SquadExample): SquadExample | null {
  const question = example.question.toLowerCase().replace(/\s*\?$/, '')
  return question === example.question ? null : copyOf(example, 'lower-case', { question })
}

type Sentence = ReturnType<typeof sentenceSpans>[number]

/** Null when no answer is left whole in one of the sentences that stay. */
function withSentences(
  example: SquadExample,
  sentences: readonly Sentence[],
  order: readonly number[],
  way: string,
): SquadExample | null {
  const answers: SquadAnswer[] = []
  let context = ''
  for (const index of order) {
    const { start, end } = sentences[index] as Sentence
    const moved = context === '' ? 0 : context.length + 1
    context = context === '' ? example.context.slice(start, end) : `${context} ${example.context.slice(start, end)}`
    for (const answer of example.answers) {
      if (answer.start >= start && answer.start + answer.text.length <= end) {
        answers.push({ text: answer.text, start: moved + answer.start - start })
      }
    }
  }
  // An answer that runs over a border is in pieces now.
  if (answers.length < example.answers.length) return null
  return copyOf(example, way, { context, answers })
}

function copyOf(example: SquadExample, way: string, changes: Partial<SquadExample>): SquadExample {
  return { ...example, ...changes, id: `${example.id}/${way}` }
}
