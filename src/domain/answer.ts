/** What a question leads to: passages, and quotes from them. */
import type { Chunk } from './chunk.js'

/** A chunk that retrieval chose, with the text it covers and how it was found. Ranks count from 1; null: not found so. */
export interface Passage {
  readonly chunk: Chunk
  readonly documentTitle: string
  readonly text: string
  readonly denseRank: number | null
  /** Cosine similarity, -1..1. */
  readonly denseScore: number | null
  readonly lexicalRank: number | null
  /** BM25, larger is better. */
  readonly lexicalScore: number | null
  /** Of both searches (retrieve/fusion.ts): what the passages are ordered by unless they were reranked. */
  readonly score: number
  /** What they are ordered by then (answer/rerank.ts); those that were not looked at have none, and come last. */
  readonly rerankScore?: number
  /** Documents of the same collection that say nearly the same, in passages that came lower and are left out. */
  readonly duplicates: readonly string[]
}

export interface Answer {
  readonly id: string
  /** Empty, as `context` is, in a stored interaction whose document was deleted since. */
  readonly text: string
  /** 0..1, the probability that it is exactly right (answer/decision.ts). */
  readonly confidence: number
  readonly documentId: string
  readonly documentVersion: number
  readonly start: number
  readonly end: number
  /** The passage it was read in, for display, and where that begins in the canonical text. */
  readonly context: string
  readonly contextStart: number
}

export interface Turn {
  readonly question: string
  readonly answer: string | null
}

export interface AskSettings {
  readonly topK: number
  /** Passages of one document at most, where that was asked for. */
  readonly perDocument?: number
  readonly maxAnswers: number
  readonly minConfidence: number
}

/** Milliseconds spent in each step. */
export interface Timings {
  readonly embedMs: number
  readonly retrieveMs: number
  readonly readMs: number
  readonly totalMs: number
}
