/** Fits what answer/decision.ts computes with to questions that were retrieved and read as `ask` does it. */
import { answerLogOdds, exchangeRate, type Group, groupAnswers, type PassagePlace } from '../answer/decision.js'
import { DocentError } from '../errors.js'
import type { Candidate } from '../read/confidence.js'
import type { AnswerCalibration } from '../registry/answer-calibrations.js'
import { fitThreshold } from './calibration.js'
import { fitLogistic } from './logistic.js'
import { scoreAnswer } from './squad-metric.js'

export interface AskedQuestion {
  /** Empty: the documents do not answer it. They may answer it where no passage does: then retrieval missed it. */
  readonly golds: readonly string[]
  readonly passages: readonly PassagePlace[]
  /** Of all passages. */
  readonly candidates: readonly Candidate[]
}

/** Similarities are cosines, scores of their size, and margins some log-odds: what they are worth to each other at first. */
const FIRST_RATE = 10
/** Past it the reader would hardly be listened to. */
const MAX_RATE = 50
const ROUNDS = 8
/** The least weight of a margin: an answer that reads better is never less likely. */
const MIN_MARGIN_WEIGHT = 0.01

/**
 * Maximum likelihood of both maps, and the threshold where answering stops paying. Which span the decision is depends
 * on the exchange rate of similarity and margin, and that on the maps: so both are found in turns.
 * @throws INVALID_DATASET without answerable or without unanswerable questions
 */
export function fitAnswerCalibration(questions: readonly AskedQuestion[]): AnswerCalibration {
  const answerable = questions.filter(({ golds }) => golds.length > 0).length
  if (answerable === 0 || answerable === questions.length) {
    throw new DocentError('INVALID_DATASET', 'calibration needs answerable and unanswerable questions')
  }
  let decided = decideAll(questions, FIRST_RATE)
  let answerMap = fitAnswerable(decided)
  for (let round = 1; round < ROUNDS; round++) {
    decided = decideAll(questions, exchangeRate({ answerable: answerMap }))
    answerMap = fitAnswerable(decided)
  }
  decided = decideAll(questions, exchangeRate({ answerable: answerMap }))
  const exact = fitExact(decided)
  const minLogOdds = -fitThreshold(
    decided.map(({ group, hasAnswer, f1 }) => ({
      noAnswerScore: -answerLogOdds(group.features, { answerable: answerMap }),
      hasAnswer,
      f1,
    })),
  )
  return { answerable: answerMap, exact, minLogOdds }
}

interface Decided {
  readonly group: Group
  readonly hasAnswer: boolean
  readonly f1: number
  readonly isExact: boolean
}

/** Questions without any candidate are no decisions. */
function decideAll(questions: readonly AskedQuestion[], rate: number): Decided[] {
  return questions.flatMap(({ golds, passages, candidates }) => {
    const [group] = groupAnswers(candidates, passages, rate)
    if (!group) return []
    const { passage, start, end } = group.best
    const text = (passages[passage] as PassagePlace).text.slice(start, end)
    const { exact, f1 } = scoreAnswer(golds, text, '2.0')
    return [{ group, hasAnswer: golds.length > 0, f1, isExact: exact === 1 }]
  })
}

function fitAnswerable(decided: readonly Decided[]): AnswerCalibration['answerable'] {
  const features = decided.map(({ group: { features } }) => [features.margin, features.similarity])
  const { bias, weights } = fitLogistic(
    features,
    decided.map(({ hasAnswer }) => hasAnswer),
  )
  const margin = Math.max(weights[0] ?? 0, MIN_MARGIN_WEIGHT)
  return { bias, margin, similarity: Math.min(weights[1] ?? 0, MAX_RATE * margin) }
}

function fitExact(decided: readonly Decided[]): AnswerCalibration['exact'] {
  const answerable = decided.filter(({ hasAnswer }) => hasAnswer)
  const features = answerable.map(({ group: { features } }) => [
    features.shareLogOdds,
    features.margin,
    features.similarity,
  ])
  const { bias, weights } = fitLogistic(
    features,
    answerable.map(({ isExact }) => isExact),
  )
  return { bias, share: weights[0] ?? 0, margin: weights[1] ?? 0, similarity: weights[2] ?? 0 }
}
