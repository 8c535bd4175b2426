/**
 * Questions that people could have asked of a passage and that it does not answer: each differs from an answerable one in a
 * single place. SQuAD 2.0's were written so by people (Rajpurkar et al. 2018: antonyms, negations, exchanged entities,
 * exchanged conditions). What the passage itself offers in exchange teaches most: a question with a name that stands nowhere
 * is told apart by that alone. Nothing here can vouch for the meaning; what is refused is what would still be answered in
 * the answer's own sentence. Pure functions of their arguments.
 */
import { sentenceSpans, type TextSpan } from '../text/sentences.js'
import type { SquadExample } from '../text/squad.js'
import type { Random } from './random.js'

/** Initials, or a word with a capital; a genitive is not part of it. */
const CAPITALISED = "(?:(?:\\p{Lu}\\.)+|\\p{Lu}[\\p{L}\\p{N}-]*(?:['’]\\p{Lu}\\p{L}+)?)"
/** A run of them, small words between. */
const NAME = `${CAPITALISED}(?:\\s+(?:(?:of|the|de|and)\\s+)?${CAPITALISED})*`
/** Not at the start of the question, which is capitalised anyway. */
const NAME_IN_QUESTION = new RegExp(`(?<=\\S\\s)${NAME}`, 'gu')
/** Not at the start of a sentence. */
const NAME_IN_PASSAGE = new RegExp(`(?<=[\\p{Ll},;]\\s)${NAME}`, 'gu')
const NUMBER = /(?<=\s)\d[\d,.]*\d|(?<=\s)\d(?=\s|\?)/g
const WORDS = /[\p{L}']+/gu

/** What questions about one title mention, to be exchanged for each other. */
export interface Mentions {
  readonly names: readonly string[]
  readonly numbers: readonly string[]
}

export function mentionsOf(questions: Iterable<string>): Mentions {
  const names = new Set<string>()
  const numbers = new Set<string>()
  for (const question of questions) {
    for (const [name] of question.matchAll(NAME_IN_QUESTION)) names.add(name)
    for (const [number] of question.matchAll(NUMBER)) numbers.add(number)
  }
  return { names: [...names], numbers: [...numbers] }
}

/**
 * The question with one of its names or numbers exchanged: for one of the passage's other sentences, or where those have
 * none, for one of `mentions` that the passage does not have. Numbers are exchanged for numbers of as many digits.
 */
export function askForAnother(example: SquadExample, mentions: Mentions, random: Random): SquadExample | null {
  const { question, context } = example
  const { answering, elsewhere } = splitAtAnswer(example)
  const lower = context.toLowerCase()
  const isNowhere = (text: string): boolean => !lower.includes(text.toLowerCase())
  const isElsewhere = (text: string): boolean => !answering.includes(text.toLowerCase())
  const exchanges = (pattern: RegExp, inPassage: RegExp, known: readonly string[]) =>
    [...question.matchAll(pattern)].map(({ index, 0: old }) => {
      const fits = (text: string): boolean =>
        isAnother(text, question) && (pattern !== NUMBER || text.length === old.length)
      const offered = [...elsewhere.matchAll(inPassage)]
        .map(([text]) => text)
        .filter((text) => isElsewhere(text) && fits(text))
      const others = offered.length > 0 ? offered : known.filter((text) => isNowhere(text) && fits(text))
      return { index, old, others }
    })
  const chosen = pick(
    [
      ...exchanges(NAME_IN_QUESTION, NAME_IN_PASSAGE, mentions.names),
      ...exchanges(NUMBER, NUMBER, mentions.numbers),
    ].filter(({ others }) => others.length > 0),
    random,
  )
  if (!chosen) return null
  return changed(example, 'other-mention', { ...chosen, other: pick(chosen.others, random) as string })
}

/** Neither part of the question nor another form of what stands there. */
function isAnother(text: string, question: string): boolean {
  const asked = new Set(question.match(WORDS))
  const words = text.match(WORDS) ?? [text]
  return !question.includes(text) && words.every((word) => !asked.has(word))
}

/** Which words questions have between the same two neighbours: they are mostly of the same kind. */
export type WordSlots = ReadonlyMap<string, readonly string[]>

export function wordSlots(questions: Iterable<string>): WordSlots {
  const slots = new Map<string, Set<string>>()
  for (const question of questions) {
    for (const { word, slot } of slotsOf(question)) slots.set(slot, (slots.get(slot) ?? new Set()).add(word))
  }
  return new Map([...slots].map(([slot, words]) => [slot, [...words]]))
}

/** The question's content words, each with its neighbours. */
function slotsOf(question: string): { index: number; word: string; slot: string }[] {
  const words = [...question.matchAll(WORDS)]
  return words.flatMap(({ index, 0: word }, at) => {
    const [before, after] = [words[at - 1]?.[0], words[at + 1]?.[0]]
    return isContent(word) ? [{ index, word, slot: `${before} ${after}`.toLowerCase() }] : []
  })
}

/** Words whose first letters are the same are taken for forms of one word. */
const STEM_LENGTH = 4
const MIN_CONTENT_LENGTH = 4

/** The question with a word that it shares with the answering sentence exchanged for one that stands so in another question. */
export function askWithAnotherWord(example: SquadExample, slots: WordSlots, random: Random): SquadExample | null {
  const { question } = example
  const { answering } = splitAtAnswer(example)
  const stem = (word: string): string => word.slice(0, STEM_LENGTH)
  const taken = new Set(
    [...question.toLowerCase().matchAll(WORDS), ...answering.matchAll(WORDS)].map(([word]) => stem(word)),
  )
  const exchanges = slotsOf(question).flatMap(({ index, word, slot }) => {
    if (!answering.includes(word)) return []
    const others = slots.get(slot)?.filter((other) => !taken.has(stem(other))) ?? []
    return others.length > 0 ? [{ index, old: word, others }] : []
  })
  const chosen = pick(exchanges, random)
  if (!chosen) return null
  return changed(example, 'other-word', { ...chosen, other: pick(chosen.others, random) as string })
}

function isContent(word: string): boolean {
  return word.length >= MIN_CONTENT_LENGTH && word === word.toLowerCase() && !FUNCTION_WORDS.has(word)
}

/** Those long enough that have no content of their own. */
const FUNCTION_WORDS = new Set(
  (
    'about above after again against also among around because been before behind being below beneath beside between ' +
    'beyond both could does down during each either every from great have having into itself just like made make many ' +
    'might more most much must near often only other others over rather really same should since some such than that ' +
    'their theirs them then there these they thing things this those though through throughout toward towards under until ' +
    'upon usually very well were what whatever when where whether which while whom whose will with within without would ' +
    'your'
  ).split(' '),
)

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
  const exchange = (opposites: ReadonlyMap<string, string>): Exchange | undefined => {
    const asked = [...question.matchAll(WORDS)].flatMap(({ 0: word, index }) => {
      const other = opposites.get(word)
      // What begins a question has a capital, and what has one inside belongs to a name: neither is in the list.
      if (other === undefined || inPassage.has(other)) return []
      return [{ index, old: word, other }]
    })
    return pick(asked, random)
  }
  const asked = exchange(OPPOSITE_OF) ?? (random() < NEGATED_SHARE ? exchange(NEGATION_OF) : undefined)
  return asked === undefined ? null : changed(example, 'opposite', asked)
}

interface Exchange {
  readonly index: number
  readonly old: string
  readonly other: string
}

function changed(example: SquadExample, way: string, { index, old, other }: Exchange): SquadExample {
  const { question } = example
  const asked = question.slice(0, index) + other + question.slice(index + old.length)
  return { ...example, id: `${example.id}/${way}`, question: asked, answers: [], isImpossible: true }
}

/** The sentences that hold a gold answer, in lower case, and the passage without them. */
function splitAtAnswer({ context, answers }: SquadExample): { answering: string; elsewhere: string } {
  const holdsAnswer = (sentence: TextSpan): boolean =>
    answers.some(({ start, text }) => start < sentence.end && sentence.start < start + text.length)
  const answering: string[] = []
  const elsewhere: string[] = []
  for (const sentence of sentenceSpans(context)) {
    const text = context.slice(sentence.start, sentence.end)
    if (holdsAnswer(sentence)) answering.push(text.toLowerCase())
    else elsewhere.push(text)
  }
  return { answering: answering.join(' '), elsewhere: elsewhere.join(' ') }
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)]
}
