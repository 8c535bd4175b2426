/**
 * Makes resources/replay-set.json: a part of what the bundled readers learnt, to be learnt again beside corrections, so that
 * a reader does not forget. Nothing of it stands in resources/general-set.json or resources/calibration-set.json, which share
 * their passages. Contexts and questions are chosen by their hash: the same sources give the same file.
 *
 *   npm run build && node scripts/data/make-replay-set.mjs OUT.json squad=FILE squadshifts-amazon=FILE \
 *     squadshifts-reddit=FILE qamr=FILE
 */
import { contextKey } from '../../dist/text/squad.js'
import { makeNegatives } from '../../dist/train/negatives.js'
import { randomStream } from '../../dist/train/random.js'
import { byPlace, makeSet, readGeneralSet } from './sources.mjs'

/** Answerable questions to take. */
const COUNTS = { squad: 500, 'squadshifts-amazon': 130, 'squadshifts-reddit': 130, qamr: 90 }
const QUESTIONS_PER_CONTEXT = 2
/** Of the questions taken, as `makeNegatives` has it. */
const NEGATIVES_SHARE = 0.1
const SEED = 1

const general = (await readGeneralSet()).examples
const keptAside = new Set(general.map(({ context }) => contextKey(context)))

function select(examples, source) {
  const perContext = new Map()
  const taken = examples
    .filter(({ context, isImpossible }) => !isImpossible && !keptAside.has(contextKey(context)))
    .sort(byPlace)
    .filter(({ context }) => {
      perContext.set(context, (perContext.get(context) ?? 0) + 1)
      return perContext.get(context) <= QUESTIONS_PER_CONTEXT
    })
    .slice(0, COUNTS[source])
  const negatives = makeNegatives(taken, NEGATIVES_SHARE, randomStream(SEED))
  return [...taken, ...Object.values(negatives).flat()].sort(byPlace)
}

await makeSet(
  'make-replay-set.mjs',
  process.argv.slice(2),
  select,
  'a selection, with unanswerable questions made of answerable ones',
)
