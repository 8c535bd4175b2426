/**
 * Makes resources/general-set.json: the small general evaluation set that the gate asks every candidate, so that a reader
 * that learnt somebody's corrections has not forgotten how to read. Whole contexts are set aside (training leaves out
 * every context whose `contextKey` stands in this file), chosen by their hash: the same sources give the same file.
 *
 *   npm run build && node scripts/data/make-general-set.mjs OUT.json squad=FILE squadshifts-amazon=FILE \
 *     squadshifts-reddit=FILE qamr=FILE
 */
import { contextKey } from '../../dist/text/squad.js'
import { hash, makeSet } from './sources.mjs'

/** Questions to take; `pairWithin`: whose passages an unanswerable question may be paired with. */
const COUNTS = {
  squad: { answerable: 110, unanswerable: 80, pairWithin: 'title' },
  'squadshifts-amazon': { answerable: 85, unanswerable: 5, pairWithin: 'source' },
  'squadshifts-reddit': { answerable: 85, unanswerable: 15, pairWithin: 'source' },
  qamr: { answerable: 20, unanswerable: 0, pairWithin: 'source' },
}
const QUESTIONS_PER_CONTEXT = 2

/** Never 0, so that of the three orders below only the first counts: the file was made so. */
const byHash = (left, right) => (hash(left) < hash(right) ? -1 : 1)
const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/** Contexts in the order of their hash, each with its questions in the order of theirs. */
function groupByContext(examples) {
  const groups = new Map()
  for (const example of examples) {
    const key = contextKey(example.context)
    if (!groups.has(key)) groups.set(key, [])
    groups.get(key).push(example)
  }
  return [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, group]) => group.sort((left, right) => byHash(left.id, right.id)))
}

/** Repeated annotations of one span say nothing more: scores take the best of them. */
function withoutRepeats(example) {
  const answers = new Map(example.answers.map((answer) => [`${answer.start}:${answer.text}`, answer]))
  return { ...example, answers: [...answers.values()] }
}

function takeAnswerable(groups, count) {
  const taken = []
  const chosen = []
  for (const group of groups) {
    if (taken.length >= count) break
    const answerable = group.filter((example) => !example.isImpossible)
    if (answerable.length === 0) continue
    chosen.push(group)
    taken.push(...answerable.slice(0, Math.min(QUESTIONS_PER_CONTEXT, count - taken.length)))
  }
  return { taken, chosen }
}

/** Names and numbers of a question: what its answer must speak of. The first word has its capital from the sentence. */
function namesIn(question) {
  const [, ...rest] = question.match(/[\p{L}\p{N}]+/gu) ?? []
  return rest.filter((word) => /^[\p{Lu}\p{N}]/u.test(word) && word.length > 1).map((word) => word.toLowerCase())
}

/**
 * Questions moved to another passage that cannot answer them: it lacks a name or number of the question and every gold
 * answer. Of what is left, the passages that share most words with the question come first: they mislead best.
 */
function pairUnanswerable(groups, chosen, asked, pairWithin) {
  const passages = groups.map(([{ title, context }]) => ({
    title,
    context,
    lowered: context.toLowerCase(),
    words: new Set(wordsOf(context)),
  }))
  const pairs = []
  const questions = chosen.flat().filter((example) => !example.isImpossible && !asked.has(example.id))
  for (const example of questions) {
    const names = namesIn(example.question)
    if (names.length === 0) continue
    const asks = [...new Set(wordsOf(example.question))].filter((word) => word.length > 3)
    for (const other of passages) {
      if (other.context === example.context || (pairWithin === 'title' && other.title !== example.title)) continue
      if (names.every((name) => other.words.has(name))) continue
      if (example.answers.some((answer) => other.lowered.includes(answer.text.toLowerCase()))) continue
      const shared = asks.filter((word) => other.words.has(word)).length / Math.max(asks.length, 1)
      pairs.push({ example, other, shared })
    }
  }
  pairs.sort((left, right) => right.shared - left.shared || byHash(left.example.id, right.example.id))
  const usedQuestions = new Set()
  const usedContexts = new Set()
  return pairs
    .filter(({ example, other }) => {
      if (usedQuestions.has(example.id) || usedContexts.has(other.context)) return false
      usedQuestions.add(example.id)
      usedContexts.add(other.context)
      return true
    })
    .map(({ example, other }) => ({
      ...example,
      id: `${example.id}-elsewhere`,
      title: other.title,
      context: other.context,
      answers: [],
      isImpossible: true,
    }))
}

function select(examples, source) {
  const { answerable, unanswerable, pairWithin } = COUNTS[source]
  const groups = groupByContext(examples)
  // Unanswerable questions that people wrote mislead better than any pairing: half of the wanted ones, where there are any.
  const written = groups
    .flatMap((group) => group.filter((example) => example.isImpossible).slice(0, 1))
    .slice(0, Math.floor(unanswerable / 2))
  const { taken, chosen } = takeAnswerable(groups, answerable)
  const asked = new Set(taken.map((example) => example.id))
  const paired = pairUnanswerable(groups, chosen, asked, pairWithin).slice(0, unanswerable - written.length)
  return [...taken, ...written, ...paired]
    .sort(
      (left, right) =>
        byHash(left.title, right.title) || byHash(left.context, right.context) || byHash(left.id, right.id),
    )
    .map(withoutRepeats)
}

await makeSet(
  'make-general-set.mjs',
  process.argv.slice(2),
  select,
  'a selection, with unanswerable questions made by pairing a question with another passage',
)
