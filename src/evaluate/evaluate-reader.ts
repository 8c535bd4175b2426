import type { ReaderScore } from '../domain.js'
import { DocentError } from '../errors.js'
import { toCandidates } from '../read/candidates.js'
import { type Calibration, toConfidences } from '../read/confidence.js'
import type { ReaderSettings } from '../read/reader.js'
import { type ReaderHost, runWindows } from '../read/windows.js'
import { type DecodedSpans, decodeSpans } from '../text/spans.js'
import { hasUnanswerable, type SquadExample } from '../text/squad.js'
import type { Encoding, Tokenizer } from '../text/tokenizer.js'
import { makeWindows, type Window } from '../text/windows.js'
import type { CalibrationRow } from './calibration.js'
import { type ConfidenceReport, type Decision, reportConfidence } from './confidence-metrics.js'
import { type ScoreWithIntervals, scoreWithIntervals } from './intervals.js'
import {
  applyThreshold,
  type BestThresholds,
  findBestThresholds,
  type ScoredQuestion,
  scoreAnswer,
  scoreQuestions,
  toReaderScore,
} from './squad-metric.js'

export interface EvaluationOptions {
  readonly host: ReaderHost
  readonly tokenizer: Tokenizer
  readonly settings: ReaderSettings
  readonly examples: readonly SquadExample[]
  /** Its threshold is only used where a question is unanswerable. */
  readonly calibration: Calibration
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface ReaderEvaluation extends ScoreWithIntervals {
  /** SQuAD 1.1 material, without any unanswerable question, is scored without ever abstaining. */
  readonly squadVersion: '1.1' | '2.0'
  /** SQuAD 2.0 only. */
  readonly hasAnswer?: ReaderScore
  readonly noAnswer?: ReaderScore
  readonly best?: BestThresholds
  /** In the order of the examples, with the threshold applied: `prediction` is empty for an abstention. */
  readonly questions: readonly ScoredQuestion[]
  /** Null score less the best span's score, by question id: the larger, the less there is an answer. */
  readonly noAnswerScores: ReadonlyMap<string, number>
}

/** Examples whose windows are in memory at once; the next ones are tokenised while these are read. */
const EXAMPLES_AT_ONCE = 16

/** @throws CANCELLED when the signal says so; whatever the host throws. */
export async function evaluateReader(
  options: EvaluationOptions,
): Promise<ReaderEvaluation & { confidence: ConfidenceReport }> {
  const { examples, calibration } = options
  const readings = await readExamples(options)
  const evaluation = scoreReadings(examples, readings, calibration.noAnswerThreshold)
  return { ...evaluation, confidence: reportConfidence(decisionsOf(evaluation, readings, calibration)) }
}

/** The second half of {@link evaluateReader}: the same readings can be scored again under another threshold. */
export function scoreReadings(
  examples: readonly SquadExample[],
  readings: readonly Reading[],
  noAnswerThreshold: number,
): ReaderEvaluation {
  const predictions = new Map(readings.map(({ id, prediction }) => [id, prediction]))
  const noAnswerScores = new Map(readings.map(({ id, noAnswerScore }) => [id, noAnswerScore]))
  if (!hasUnanswerable(examples)) {
    const questions = scoreQuestions(examples, predictions, '1.1')
    return { squadVersion: '1.1', ...scoreWithIntervals(questions), questions, noAnswerScores }
  }
  const raw = scoreQuestions(examples, predictions, '2.0')
  const questions = applyThreshold(raw, noAnswerScores, noAnswerThreshold)
  return {
    squadVersion: '2.0',
    ...scoreWithIntervals(questions),
    hasAnswer: toReaderScore(questions.filter(({ hasAnswer }) => hasAnswer)),
    noAnswer: toReaderScore(questions.filter(({ hasAnswer }) => !hasAnswer)),
    best: findBestThresholds(raw, noAnswerScores),
    questions,
    noAnswerScores,
  }
}

/**
 * What the reader said of each question and how sure it was: of a span, that it is exactly right; of an abstention, that
 * there is no answer.
 */
export function decisionsOf(
  { questions, squadVersion }: Pick<ReaderEvaluation, 'questions' | 'squadVersion'>,
  readings: readonly Reading[],
  calibration: Calibration,
): Decision[] {
  return readings.map(({ candidates, noAnswerScore }, index) => {
    const { noAnswerProbability, spans } = toConfidences(candidates, calibration)
    const abstains = squadVersion === '2.0' && noAnswerScore > calibration.noAnswerThreshold
    const confidence = abstains ? noAnswerProbability : (spans[0]?.confidence ?? 0)
    return { confidence, isRight: questions[index]?.exact === 1 }
  })
}

/** `{questionId: text}`, empty for no answer: what the official scorers read. */
export function predictionsFile(questions: readonly ScoredQuestion[]): Record<string, string> {
  return Object.fromEntries(questions.map(({ id, prediction }) => [id, prediction]))
}

/** What the reader made of one question, before any threshold. */
export interface Reading extends CalibrationRow {
  readonly id: string
  readonly prediction: string
  readonly noAnswerScore: number
}

/** In the order of the examples. Also what `fitCalibration` takes. */
export async function readExamples({
  host,
  tokenizer,
  settings,
  examples,
  onProgress,
  signal,
}: Omit<EvaluationOptions, 'calibration'>): Promise<Reading[]> {
  const readings: Reading[] = []
  const windowsOf = windowMaker(tokenizer, settings)
  let next = windowsOf(examples.slice(0, EXAMPLES_AT_ONCE))
  for (let from = 0; from < examples.length; from += EXAMPLES_AT_ONCE) {
    const windows = await next
    if (signal?.aborted) throw new DocentError('CANCELLED', 'the evaluation was cancelled')
    const reading = runWindows(host, windows.flat())
    next = windowsOf(examples.slice(from + EXAMPLES_AT_ONCE, from + 2 * EXAMPLES_AT_ONCE))
    const [logits] = await Promise.all([reading, next])
    let done = 0
    for (const [index, ofExample] of windows.entries()) {
      const decoded = decodeSpans(ofExample, logits.slice(done, done + ofExample.length), settings)
      readings.push(toReading(examples[from + index] as SquadExample, decoded))
      done += ofExample.length
    }
    onProgress?.(readings.length, examples.length)
  }
  return readings
}

/** Questions over the same context stand together in SQuAD files: it is tokenised once for all of them. */
function windowMaker(tokenizer: Tokenizer, settings: ReaderSettings) {
  let context: string | null = null
  let encoded: Promise<Encoding>
  return (examples: readonly SquadExample[]): Promise<Window[][]> =>
    Promise.all(
      examples.map(async (example) => {
        if (example.context !== context) {
          context = example.context
          encoded = tokenizer.encode(example.context)
        }
        const ofContext = encoded
        return makeWindows(await tokenizer.encode(example.question), await ofContext, tokenizer, settings)
      }),
    )
}

function toReading(example: SquadExample, decoded: DecodedSpans): Reading {
  const candidates = toCandidates(example.context, decoded).map((candidate) => ({ passage: 0, ...candidate }))
  const best = candidates[0]
  const prediction = best ? example.context.slice(best.start, best.end) : ''
  const golds = example.answers.map(({ text }) => text)
  return {
    id: example.id,
    prediction,
    // A context without any token has nothing to answer with.
    noAnswerScore: best ? -best.margin : Number.MAX_VALUE,
    hasAnswer: !example.isImpossible,
    ...scoreAnswer(golds, prediction, '2.0'),
    candidates,
  }
}
