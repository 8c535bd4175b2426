/**
 * Makes resources/calibration-set.json: what a reader's temperature and threshold are fitted on. Other questions about the
 * passages that resources/general-set.json keeps aside, half of them without an answer: those that people wrote first, the
 * rest made from questions that are not asked here. All are chosen by their hash: the same sources give the same file.
 *
 *   npm run build && node scripts/data/make-calibration-set.mjs OUT.json squad=FILE squadshifts-amazon=FILE \
 *     squadshifts-reddit=FILE qamr=FILE
 */
import { contextKey } from '../../dist/text/squad.js'
import { makeNegatives } from '../../dist/train/negatives.js'
import { randomStream } from '../../dist/train/random.js'
import { byHashOf, byPlace, makeSet, readGeneralSet } from './sources.mjs'

/** Answerable questions to take; as many unanswerable ones go with them. */
const COUNTS = { squad: 200, 'squadshifts-amazon': 50, 'squadshifts-reddit': 50, qamr: 20 }
const SEED = 1
const byId = byHashOf(({ id }) => id)

const general = (await readGeneralSet()).examples
const keptAside = new Set(general.map(({ context }) => contextKey(context)))
/** Those that the general set asks of another passage are not asked again of their own. */
const asked = new Set(general.map(({ id }) => id.replace(/-elsewhere$/, '')))

function select(examples, source) {
  const count = COUNTS[source]
  const free = examples.filter(({ id, context }) => keptAside.has(contextKey(context)) && !asked.has(id)).sort(byId)
  const answerable = free.filter((example) => !example.isImpossible)
  const written = free.filter((example) => example.isImpossible).slice(0, count)
  const made = makeNegatives(answerable.slice(count), 1, randomStream(SEED), free)
  const negatives = inTurn(Object.values(made)).slice(0, count - written.length)
  return [...answerable.slice(0, count), ...written, ...negatives].sort(byPlace)
}

/** One of each way, then a second of each, and so on: where a way has no more, the others go on. */
function inTurn(ways) {
  return ways
    .flatMap((made) => made.sort(byId).map((example, turn) => ({ example, turn })))
    .sort((left, right) => left.turn - right.turn)
    .map(({ example }) => example)
}

await makeSet(
  'make-calibration-set.mjs',
  process.argv.slice(2),
  select,
  'a selection, with unanswerable questions made of answerable ones',
)
