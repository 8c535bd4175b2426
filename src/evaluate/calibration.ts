/** Fits what read/confidence.ts computes with to readings of held-out questions. */
import { DocentError } from '../errors.js'
import { type Calibration, type Candidate, type Exactness, shareLogOdds } from '../read/confidence.js'
import { fitLogistic, type LogisticFit } from './logistic.js'

/** One question over one passage as the reader saw it. */
export interface CalibrationRow {
  readonly hasAnswer: boolean
  /** Of the best span, 0..1, whether or not it is given. */
  readonly f1: number
  /** 1: the best span is a gold answer to the word (exact match). Else 0. */
  readonly exact: number
  /** Best first. */
  readonly candidates: readonly Candidate[]
}

/** A reader is never that sure or unsure; outside, the fit follows noise. */
const MIN_TEMPERATURE = 0.25
const MAX_TEMPERATURE = 10

/**
 * All numbers of a calibration, from the readings of one evaluation with unanswerable questions in it: temperature and
 * null bias under which what is answerable is likeliest (Guo et al. 2017), the map to exact matches (Platt 1999) from the
 * answerable ones, and the threshold where answering stops paying.
 * @throws INVALID_DATASET without answerable or without unanswerable questions: nothing to fit to.
 */
export function fitCalibration(rows: readonly CalibrationRow[]): Calibration {
  if (!rows.some(({ hasAnswer }) => hasAnswer) || rows.every(({ hasAnswer }) => hasAnswer)) {
    throw new DocentError('INVALID_DATASET', 'calibration needs answerable and unanswerable questions')
  }
  const { temperature, nullBias } = fitAnswerable(rows)
  return { temperature, noAnswerThreshold: thresholdOf(rows), exactness: { nullBias, ...fitExact(rows) } }
}

/**
 * The log-odds of "there is an answer" are log(sum of exp(m / T)) - b. For each T the best b is a logistic regression; over
 * T the likelihood has one peak for all practical readers, which golden-section search over the logarithm finds.
 */
function fitAnswerable(rows: readonly CalibrationRow[]): { temperature: number; nullBias: number } {
  // A passage without any candidate is no answer by definition, and says nothing about T.
  const read = rows.filter(({ candidates }) => candidates.length > 0)
  const ratio = (Math.sqrt(5) - 1) / 2
  let low = Math.log(MIN_TEMPERATURE)
  let high = Math.log(MAX_TEMPERATURE)
  while (high - low > 1e-3) {
    const left = high - ratio * (high - low)
    const right = low + ratio * (high - low)
    const isLeftBetter =
      fitNull(read, Math.exp(left)).negativeLogLikelihood < fitNull(read, Math.exp(right)).negativeLogLikelihood
    if (isLeftBetter) high = right
    else low = left
  }
  const temperature = Math.exp((low + high) / 2)
  return { temperature, nullBias: -fitNull(read, temperature).bias }
}

function fitNull(rows: readonly CalibrationRow[], temperature: number): LogisticFit {
  const offsets = rows.map(({ candidates }) => logSumExp(candidates.map(({ margin }) => margin / temperature)))
  const outcomes = rows.map(({ hasAnswer }) => hasAnswer)
  return fitLogistic(
    rows.map(() => []),
    outcomes,
    { offsets },
  )
}

function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values)
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0))
}

function fitExact(rows: readonly CalibrationRow[]): Omit<Exactness, 'nullBias'> {
  const answerable = rows.filter(({ hasAnswer, candidates }) => hasAnswer && candidates.length > 0)
  const features = answerable.map(({ candidates }) => {
    const margins = candidates.map(({ margin }) => margin)
    return [shareLogOdds(margins)[0] as number, margins[0] as number]
  })
  const { bias, weights } = fitLogistic(
    features,
    answerable.map(({ exact }) => exact === 1),
  )
  return { bias, share: weights[0] ?? 0, margin: weights[1] ?? 0 }
}

const thresholdOf = (rows: readonly CalibrationRow[]): number =>
  fitThreshold(
    rows.flatMap(({ hasAnswer, f1, candidates }) => {
      const best = candidates[0]
      return best ? [{ noAnswerScore: -best.margin, hasAnswer, f1 }] : []
    }),
  )

/**
 * The threshold of the no-answer score at which an answer is worth as much F1 as an abstention: what answering brings is
 * the F1 of the span, what abstaining brings is 1 where there is no answer, and a logistic map over all rows says where
 * the one outweighs the other. The threshold with the best F1 on the very rows is the same in the limit, and depends on
 * the few rows next to it: fitted on 640, it is twice as uncertain (docs/decisions/0014-confidence.md).
 */
export function fitThreshold(
  questions: readonly { readonly noAnswerScore: number; readonly hasAnswer: boolean; readonly f1: number }[],
): number {
  const scores = questions.map(({ noAnswerScore }) => noAnswerScore)
  const { bias, weights } = fitLogistic(
    scores.map((score) => [-score]),
    questions.map(({ hasAnswer }) => hasAnswer),
    { importances: questions.map(({ hasAnswer, f1 }) => (hasAnswer ? f1 : 1)) },
  )
  const weight = weights[0] ?? 0
  if (weight > 0) return bias / weight
  // The score says nothing: all are answered, or none.
  return bias > 0 ? Math.max(...scores) + 1 : Math.min(...scores, 0) - 1
}
