/** One asked question, with everything needed to reproduce it. */
import type { Answer, AskSettings, Timings, Turn } from './answer.js'
import type { DocumentFilter } from './filter.js'

/** What is kept of a passage: enough to find it and its scores again. */
export interface PassageRecord {
  readonly chunkSeq: number
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  readonly denseRank: number | null
  readonly denseScore: number | null
  readonly lexicalRank: number | null
  readonly lexicalScore: number | null
  readonly score: number
}

/** How sure its answer is, and of what: enough to fit the calibration again once somebody said what was right. */
export interface DecisionRecord {
  /** The calibration of answers that was used (registry/answer-calibrations.ts); null: the reader's own. */
  readonly calibration: string | null
  /** Of the best answer, given or not (answer/decision.ts); null: no passage had anything to quote. */
  readonly features: {
    readonly margin: number
    readonly similarity: number
    readonly shareLogOdds: number
    readonly agreeing: number
  } | null
}

export interface Interaction {
  readonly id: string
  readonly question: string
  /** The question as it was retrieved and read, after `history` was resolved. */
  readonly resolvedQuestion: string
  readonly history: readonly Turn[]
  /** Ids asked; empty means all. */
  readonly collectionIds: readonly string[]
  readonly filter: DocumentFilter
  readonly settings: AskSettings
  readonly passages: readonly PassageRecord[]
  readonly answers: readonly Answer[]
  readonly abstained: boolean
  readonly noAnswerProbability: number
  /** Null in interactions of releases that kept none. */
  readonly decision: DecisionRecord | null
  readonly readerVersion: string
  readonly embedderVersion: string
  readonly timings: Timings
  readonly createdAt: Date
}
