/**
 * Questions that their passage does not answer, made from questions that one does. SQuAD 2.0's were written by people who
 * changed a question until its own paragraph no longer answered it (Rajpurkar et al. 2018); what teaches most is therefore
 * what looks most like an answerable question. Four ways, from near to far:
 *
 * - {@link askForOpposite}: a word of the question is exchanged for its opposite, which the passage does not have;
 * - {@link askForAnother}: a name or number of the question is exchanged for one that the passage does not have;
 * - {@link withoutAnswer}: the sentences that answer are taken out of the passage;
 * - {@link ofAnotherPassage}: the question is asked of a similar passage.
 *
 * Each gives null where it cannot vouch that nothing answers. Pure functions of their arguments.
 */
import { sentenceSpans } from '../text/sentences.js'
import type { SquadExample } from '../text/squad.js'
import { PassageSearch } from './passage-search.js'
import { type Random, shuffle } from './random.js'

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

/**
 * Words that exclude each other. Each is followed by its opposite; a question that had one and asks for the other is about
 * something else. Chosen for what questions ask: order, amount, direction, place in time, sides and outcomes.
 */
const OPPOSITES =
  'first last|earliest latest|oldest newest|older newer|younger older|youngest oldest|before after|beginning end|' +
  'start end|started ended|began ended|begin stop|opened closed|founded dissolved|built destroyed|born died|' +
  'most least|more fewer|many few|largest smallest|larger smaller|biggest smallest|bigger smaller|greatest least|' +
  'highest lowest|higher lower|high low|maximum minimum|longest shortest|longer shorter|long short|tallest shortest|' +
  'fastest slowest|faster slower|best worst|better worse|richest poorest|rich poor|majority minority|' +
  'north south|northern southern|east west|eastern western|northeast southwest|northwest southeast|left right|' +
  'above below|inside outside|upper lower|top bottom|front back|internal external|inner outer|domestic foreign|' +
  'won lost|win lose|winner loser|gained lost|increase decrease|increased decreased|rise fall|rose fell|' +
  'allowed banned|allow forbid|allows forbids|legal illegal|accepted rejected|accept reject|agreed refused|' +
  'supported opposed|support oppose|approved rejected|included excluded|include exclude|joined left|entered left|' +
  'arrived departed|bought sold|buy sell|import export|imported exported|created abolished|added removed|' +
  'strong weak|stronger weaker|easy difficult|hot cold|warm cool|wet dry|heavy light|hard soft|deep shallow|' +
  'positive negative|public private|male female|men women|man woman|husband wife|father mother|king queen|brother sister|' +
  'ancient modern|early late|day night|summer winter|spring autumn|young old|new old|rural urban|' +
  'success failure|succeeded failed|victory defeat|peace war|friend enemy|ally enemy|attacker defender|' +
  'always never|common rare|often rarely|true false|correct wrong|advantage disadvantage|similar different'

/** Nearly every question has one of these, so they are used where nothing else is found, and then seldom. */
const NEGATIONS = "can cannot|is isn't|was wasn't|are aren't|were weren't|did didn't|does doesn't|has hasn't"
const NEGATED_SHARE = 0.2

const WORDS = /[\p{L}']+/gu

const OPPOSITE_OF = new Map<string, string>()
for (const pair of OPPOSITES.split('|')) {
  const [left, right] = pair.split(' ') as [string, string]
  if (!OPPOSITE_OF.has(left)) OPPOSITE_OF.set(left, right)
  if (!OPPOSITE_OF.has(right)) OPPOSITE_OF.set(right, left)
}
const NEGATION_OF = new Map(NEGATIONS.split('|').map((pair) => pair.split(' ') as [string, string]))

/** The question with one word exchanged for its opposite. Null when it has none, or the passage has the other word. */
export function askForOpposite(example: SquadExample, random: Random): SquadExample | null {
  const { question, context } = example
  const inPassage = new Set(context.toLowerCase().match(WORDS))
  const exchange = (opposites: ReadonlyMap<string, string>): string | undefined => {
    const asked = [...question.matchAll(WORDS)].flatMap(({ 0: word, index }) => {
      const other = opposites.get(word)
      // What begins a question has a capital, and what has one inside belongs to a name: neither is in the list.
      if (other === undefined || inPassage.has(other)) return []
      return [question.slice(0, index) + other + question.slice(index + word.length)]
    })
    return pick(asked, random)
  }
  const asked = exchange(OPPOSITE_OF) ?? (random() < NEGATED_SHARE ? exchange(NEGATION_OF) : undefined)
  return asked === undefined ? null : unanswerable(example, { id: `${example.id}/opposite`, question: asked })
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

/**
 * For a share of the answerable examples an unanswerable one in each of the four ways, drawn anew for each way.
 * @param all whose passages, names and numbers may be taken; those of the same title are
 */
export function makeNegatives(
  examples: readonly SquadExample[],
  share: number,
  random: Random,
  all: readonly SquadExample[] = examples,
): Record<'opposite' | 'otherMention' | 'answerRemoved' | 'otherPassage', SquadExample[]> {
  using passages = new PassageSearch(all)
  const questions = new Map<string, string[]>()
  for (const { title, question } of all) questions.set(title, [...(questions.get(title) ?? []), question])
  const mentions = new Map([...questions].map(([title, ofTitle]) => [title, mentionsOf(ofTitle)]))
  const answerable = examples.filter(({ isImpossible }) => !isImpossible)
  const count = Math.round(answerable.length * share)
  const make = (way: (example: SquadExample) => SquadExample | null): SquadExample[] => {
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
    otherMention: make((example) => askForAnother(example, mentions.get(example.title) as Mentions, random)),
    answerRemoved: make(withoutAnswer),
    otherPassage: make((example) => ofAnotherPassage(example, passages.near(example))),
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

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)]
}
