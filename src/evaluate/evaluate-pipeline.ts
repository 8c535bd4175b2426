/**
 * The whole way of a question: are the right documents found, and is the right span quoted from among all of them? Each
 * context of a SQuAD file is a document, and a question's own context is what has to be found: another passage that happens
 * to hold the same words is no hit.
 */
import type { Decision } from '../answer/decision.js'
import type { Passage } from '../domain.js'
import { contextKey, hasUnanswerable, type SquadExample } from '../text/squad.js'
import { type ScoreWithIntervals, scoreWithIntervals } from './intervals.js'
import { type ScoredQuestion, scoreQuestions } from './squad-metric.js'

export interface Pipeline {
  /** Best first, enough of them to name {@link DEEPEST_RANK} documents. */
  search(question: string): Promise<readonly Pick<Passage, 'chunk' | 'duplicates'>[]>
  /** What would be answered, and whether it passes. */
  consider(question: string): Promise<{ passages: readonly Passage[]; decision: Decision }>
}

export interface PipelineOptions {
  readonly pipeline: Pipeline
  readonly examples: readonly SquadExample[]
  /** By `contextKey`. */
  readonly documentIds: ReadonlyMap<string, string>
  readonly onProgress?: (done: number, total: number) => void
}

export interface PipelineEvaluation extends ScoreWithIntervals {
  /** Where every question has an answer, the best span counts whether or not it passes, as the 1.1 scorer has it. */
  readonly squadVersion: '1.1' | '2.0'
  /** Percent of the questions with an answer whose document is among the first k found. */
  readonly recallAt1: number
  readonly recallAt5: number
  readonly recallAt10: number
  readonly recallAt20: number
  /** Percent of all questions. */
  readonly abstained: number
  /** Of answering, one question at a time. */
  readonly p50Ms: number
  readonly p95Ms: number
  /** In the order of the examples. */
  readonly questions: readonly (ScoredQuestion & { readonly rank: number | null })[]
}

export const DEEPEST_RANK = 20

export async function evaluatePipeline({
  pipeline,
  examples,
  documentIds,
  onProgress,
}: PipelineOptions): Promise<PipelineEvaluation> {
  const squadVersion = hasUnanswerable(examples) ? '2.0' : '1.1'
  const predictions = new Map<string, string>()
  const ranks = new Map<string, number | null>()
  const times: number[] = []
  let abstained = 0
  for (const [at, { id, question, context }] of examples.entries()) {
    ranks.set(id, rankOf(documentIds.get(contextKey(context)), await pipeline.search(question)))
    const startedAt = performance.now()
    const { passages, decision } = await pipeline.consider(question)
    times.push(performance.now() - startedAt)
    const [best] = decision.answers
    if (!best?.passes) abstained++
    if (best && (best.passes || squadVersion === '1.1')) {
      predictions.set(id, (passages[best.passage] as Passage).text.slice(best.start, best.end))
    }
    onProgress?.(at + 1, examples.length)
  }
  const scored = scoreQuestions(examples, predictions, squadVersion)
  const questions = scored.map((question) => ({ ...question, rank: ranks.get(question.id) ?? null }))
  const findable = questions.filter(({ hasAnswer }) => hasAnswer)
  const recallAt = (k: number) =>
    percent(findable.filter(({ rank }) => rank !== null && rank <= k).length, findable.length)
  times.sort((left, right) => left - right)
  return {
    squadVersion,
    ...scoreWithIntervals(questions),
    recallAt1: recallAt(1),
    recallAt5: recallAt(5),
    recallAt10: recallAt(10),
    recallAt20: recallAt(DEEPEST_RANK),
    abstained: percent(abstained, examples.length),
    p50Ms: nearestRank(times, 0.5),
    p95Ms: nearestRank(times, 0.95),
    questions,
  }
}

/** Of a document among those found, from 1: one that several passages are of counts once. */
function rankOf(
  documentId: string | undefined,
  found: readonly Pick<Passage, 'chunk' | 'duplicates'>[],
): number | null {
  if (documentId === undefined) return null
  // A near-equal passage of another document stands for it.
  const at = found.findIndex(({ chunk, duplicates }) => [chunk.documentId, ...duplicates].includes(documentId))
  return at < 0 ? null : new Set(found.slice(0, at + 1).map(({ chunk }) => chunk.documentId)).size
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole)

/** 0 of nothing. */
const nearestRank = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
