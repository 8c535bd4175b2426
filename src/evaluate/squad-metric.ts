/**
 * evaluate/ measures: readers against gold answers, candidates against the serving version. Enters: a reader and examples,
 * or scores. Leaves: scores, calibrations and verdicts. Called by train/, jobs/ and the commands; it changes nothing.
 *
 * This file equals the official SQuAD scorers, 1.1 and 2.0 (Rajpurkar et al. 2016, 2018), to the last digit that
 * floating-point addition in the same order gives; test/fixtures/squad-scorer holds what they print.
 */
import type { ReaderScore } from '../domain.js'
import type { SquadExample } from '../text/squad.js'

/** Python's string.punctuation: ASCII only. */
const PUNCTUATION = /[!-/:-@[-`{-~]/g
/** Python's \b sees letters and numbers of every script and the underscore, but no combining marks. */
const ARTICLES = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu
/** What Python's str.split() splits at. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts the four information separators as whitespace
const WHITESPACE = /[\p{White_Space}\x1c-\x1f]+/u

export function normalizedTokens(answer: string): string[] {
  const words = answer.toLowerCase().replace(PUNCTUATION, '').replace(ARTICLES, ' ').split(WHITESPACE)
  return words.filter((word) => word !== '')
}

export const normalizeAnswer = (answer: string): string => normalizedTokens(answer).join(' ')

export interface AnswerScore {
  /** 0 or 1. */
  readonly exact: number
  /** 0..1. */
  readonly f1: number
}

export type SquadVersion = '1.1' | '2.0'

/**
 * The best score over the gold answers. The two versions differ where nothing is left of an answer: 2.0 takes that for
 * "no answer" and gives it F1 1 when gold has none either, 1.1 gives it F1 0. Without gold answers only the empty
 * prediction is right.
 */
export function scoreAnswer(goldAnswers: readonly string[], prediction: string, version: SquadVersion): AnswerScore {
  let golds = goldAnswers.map(normalizedTokens)
  if (version === '2.0') golds = golds.filter((tokens) => tokens.length > 0)
  if (golds.length === 0) golds = [[]]
  const predicted = normalizedTokens(prediction)
  const joined = predicted.join(' ')
  return {
    exact: golds.some((tokens) => tokens.join(' ') === joined) ? 1 : 0,
    f1: Math.max(...golds.map((tokens) => tokenF1(tokens, predicted, version))),
  }
}

function tokenF1(gold: readonly string[], predicted: readonly string[], version: SquadVersion): number {
  if (version === '2.0' && gold.length === 0 && predicted.length === 0) return 1
  const counts = new Map<string, number>()
  for (const token of gold) counts.set(token, (counts.get(token) ?? 0) + 1)
  let same = 0
  for (const token of predicted) {
    const left = counts.get(token) ?? 0
    if (left > 0) same++
    counts.set(token, left - 1)
  }
  if (same === 0) return 0
  const precision = same / predicted.length
  const recall = same / gold.length
  return (2 * precision * recall) / (precision + recall)
}

/** A question with its score before any threshold. */
export interface ScoredQuestion extends AnswerScore {
  readonly id: string
  readonly hasAnswer: boolean
  readonly prediction: string
}

/** In the order of the examples; a question without prediction counts as answered with nothing. */
export function scoreQuestions(
  examples: readonly SquadExample[],
  predictions: ReadonlyMap<string, string>,
  version: SquadVersion,
): ScoredQuestion[] {
  return examples.map(({ id, answers }) => {
    const prediction = predictions.get(id) ?? ''
    const golds = answers.map(({ text }) => text)
    return { id, hasAnswer: answers.length > 0, prediction, ...scoreAnswer(golds, prediction, version) }
  })
}

/** SQuAD 2.0: a question whose no-answer score exceeds the threshold is taken as answered with nothing. */
export function applyThreshold(
  questions: readonly ScoredQuestion[],
  noAnswerScores: ReadonlyMap<string, number>,
  threshold: number,
): ScoredQuestion[] {
  return questions.map((question) => {
    if (!((noAnswerScores.get(question.id) ?? 0) > threshold)) return question
    const score = question.hasAnswer ? 0 : 1
    return { ...question, prediction: '', exact: score, f1: score }
  })
}

/** Percent. */
export function toReaderScore(questions: readonly AnswerScore[]): ReaderScore {
  const n = questions.length
  const percent = (sum: number): number => (n === 0 ? 0 : (100 * sum) / n)
  return {
    n,
    exactMatch: percent(questions.reduce((sum, { exact }) => sum + exact, 0)),
    f1: percent(questions.reduce((sum, { f1 }) => sum + f1, 0)),
  }
}

export interface BestThresholds {
  /** Percent. */
  readonly bestExact: number
  readonly bestExactThreshold: number
  readonly bestF1: number
  readonly bestF1Threshold: number
}

/**
 * The thresholds that would have scored best on these very questions: what the official scorer calls best_exact and
 * best_f1, an upper bound and no measure of what serves. `questions` are scored before any threshold.
 */
export function findBestThresholds(
  questions: readonly ScoredQuestion[],
  noAnswerScores: ReadonlyMap<string, number>,
): BestThresholds {
  const exact = bestThreshold(questions, noAnswerScores, 'exact')
  const f1 = bestThreshold(questions, noAnswerScores, 'f1')
  return {
    bestExact: exact.score,
    bestExactThreshold: exact.threshold,
    bestF1: f1.score,
    bestF1Threshold: f1.threshold,
  }
}

/** From "never answer" on, one question more is answered at each step, the surest first. */
function bestThreshold(
  questions: readonly ScoredQuestion[],
  noAnswerScores: ReadonlyMap<string, number>,
  metric: 'exact' | 'f1',
): { score: number; threshold: number } {
  const noAnswerScore = ({ id }: ScoredQuestion): number => noAnswerScores.get(id) ?? 0
  let score = questions.filter(({ hasAnswer }) => !hasAnswer).length
  let best = { score, threshold: 0 }
  for (const question of questions.toSorted((left, right) => noAnswerScore(left) - noAnswerScore(right))) {
    if (question.hasAnswer) score += question[metric]
    else if (question.prediction !== '') score -= 1
    if (score > best.score) best = { score, threshold: noAnswerScore(question) }
  }
  return { score: questions.length === 0 ? 0 : (100 * best.score) / questions.length, threshold: best.threshold }
}
