/**
 * Questions that their passage does not answer, made from questions that one does. SQuAD 2.0's were written by people who
 * changed a question until its own paragraph no longer answered it (Rajpurkar et al. 2018); what teaches most is therefore
 * what looks most like an answerable question. Five ways, from near to far:
 *
 * - {@link askForOpposite}: a word of the question is exchanged for its opposite, which the passage does not have;
 * - {@link askWithAnotherWord}: a word that leads to the answer is exchanged for another of its kind;
 * - {@link askForAnother}: a name or number of the question is exchanged for another;
 * - {@link withoutAnswer}: the sentences that answer are taken out of the passage;
 * - {@link ofAnotherPassage}: the question is asked of a similar passage.
 *
 * Each gives null where nothing can be changed so, or where the answer's words would still be there. Pure functions of their arguments.
 */
import { sentenceSpans } from '../text/sentences.js'
import type { SquadExample } from '../text/squad.js'
import {
  askForAnother,
  askForOpposite,
  askWithAnotherWord,
  type Mentions,
  mentionsOf,
  wordSlots,
} from './changed-questions.js'
import { PassageSearch } from './passage-search.js'
import { type Random, shuffle } from './random.js'

/** Of what is left of a passage, so that "nothing answers" is not learnt from the length. Characters. */
const MIN_PASSAGE_LENGTH = 80

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

/** Of the share, for the ways that change the passage: such a passage is told apart by its subject, which is soon learnt. */
const OF_ANOTHER_SUBJECT = 1 / 3

/**
 * For a share of the answerable examples an unanswerable one in each of the three ways that change the question, and for a
 * third of it in each of the two that change the passage. Drawn anew for each way.
 * @param all whose passages, names and numbers may be taken; those of the same title are
 */
export function makeNegatives(
  examples: readonly SquadExample[],
  share: number,
  random: Random,
  all: readonly SquadExample[] = examples,
): Record<'opposite' | 'otherWord' | 'otherMention' | 'answerRemoved' | 'otherPassage', SquadExample[]> {
  using passages = new PassageSearch(all)
  const questions = new Map<string, string[]>()
  for (const { title, question } of all) questions.set(title, [...(questions.get(title) ?? []), question])
  const mentions = new Map([...questions].map(([title, ofTitle]) => [title, mentionsOf(ofTitle)]))
  const slots = wordSlots(all.map(({ question }) => question))
  const answerable = examples.filter(({ isImpossible }) => !isImpossible)
  const make = (way: (example: SquadExample) => SquadExample | null, ofShare = 1): SquadExample[] => {
    const count = Math.round(answerable.length * share * ofShare)
    const made: SquadExample[] = []
    for (const example of shuffle([...answerable], random)) {
      if (made.length === count) break
      const negative = way(example)
      if (negative) made.push(negative)
    }
    return made
  }
  return {
    opposite: make((example) => askForOpposite(example, random)),
    otherWord: make((example) => askWithAnotherWord(example, slots, random)),
    otherMention: make((example) => askForAnother(example, mentions.get(example.title) as Mentions, random)),
    answerRemoved: make(withoutAnswer, OF_ANOTHER_SUBJECT),
    otherPassage: make((example) => ofAnotherPassage(example, passages.near(example)), OF_ANOTHER_SUBJECT),
  }
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
