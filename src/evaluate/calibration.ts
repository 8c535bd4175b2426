import { DocentError } from '../errors.js'
import { toProbabilities } from '../read/confidence.js'
import type { Calibration } from '../read/reader.js'

/** One question over one passage as the reader saw it, best candidate first. */
export interface CalibrationRow {
  readonly hasAnswer: boolean
  /** Of the best span, 0..1, whether or not it is given. */
  readonly f1: number
  /** `isRight`: overlaps a gold answer, which is what a confidence vouches for (read/confidence.ts). */
  readonly candidates: readonly { readonly margin: number; readonly isRight: boolean }[]
}

/** A reader is never that sure or unsure; outside, the fit follows noise. */
const MIN_TEMPERATURE = 0.25
const MAX_TEMPERATURE = 10
/** Probability given to what no candidate covers, so that one miss does not outweigh everything. */
const FLOOR = 1e-4

/**
 * Both numbers of a calibration, from the readings of one evaluation with unanswerable questions in it: the temperature
 * under which what is right is likeliest (Guo et al. 2017), and the threshold with the best F1.
 * @throws INVALID_DATASET without answerable or without unanswerable questions: nothing to fit to.
 */
export function fitCalibration(rows: readonly CalibrationRow[]): Calibration {
  if (!rows.some(({ hasAnswer }) => hasAnswer) || rows.every(({ hasAnswer }) => hasAnswer)) {
    throw new DocentError('INVALID_DATASET', 'calibration needs answerable and unanswerable questions')
  }
  return { temperature: fitTemperature(rows), noAnswerThreshold: fitThreshold(rows) }
}

/** Golden-section search over the logarithm: the likelihood has one peak there for all practical readers. */
function fitTemperature(rows: readonly CalibrationRow[]): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let low = Math.log(MIN_TEMPERATURE)
  let high = Math.log(MAX_TEMPERATURE)
  while (high - low > 1e-3) {
    const left = high - ratio * (high - low)
    const right = low + ratio * (high - low)
    if (negativeLogLikelihood(rows, Math.exp(left)) < negativeLogLikelihood(rows, Math.exp(right))) high = right
    else low = left
  }
  return Math.exp((low + high) / 2)
}

/** Mean over the rows, in nats, of what is right: the spans that overlap a gold answer, or that there is none. */
export function negativeLogLikelihood(rows: readonly CalibrationRow[], temperature: number): number {
  let sum = 0
  for (const { hasAnswer, candidates } of rows) {
    const margins = candidates.map(({ margin }) => ({ passage: 0, margin }))
    const { noAnswerProbability, shares } = toProbabilities(margins, temperature)
    const right = candidates.reduce((mass, { isRight }, index) => mass + (isRight ? (shares[index] as number) : 0), 0)
    sum -= Math.log(Math.max(hasAnswer ? right : noAnswerProbability, FLOOR))
  }
  return sum / rows.length
}

/** Halfway between the last question that should be answered and the first that should not, so that neither is on edge. */
function fitThreshold(rows: readonly CalibrationRow[]): number {
  const answered = rows
    .flatMap(({ hasAnswer, f1, candidates }) => {
      const best = candidates[0]
      return best ? [{ noAnswerScore: -best.margin, gain: hasAnswer ? f1 : -1 }] : []
    })
    .sort((left, right) => left.noAnswerScore - right.noAnswerScore)
  const scoreAt = (index: number): number | undefined => answered[index]?.noAnswerScore
  let total = 0
  let best = { total: 0, threshold: (scoreAt(0) ?? 0) - 1 }
  for (const [index, { noAnswerScore, gain }] of answered.entries()) {
    total += gain
    const next = scoreAt(index + 1) ?? noAnswerScore + 2
    // A threshold cannot pass between equal scores.
    if (next > noAnswerScore && total > best.total) best = { total, threshold: (noAnswerScore + next) / 2 }
  }
  return best.threshold
}
