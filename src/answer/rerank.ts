/**
 * A second look at the first passages of a search, by a model that sees question and passage together. The served reader
 * is one: how far its best span stands above the null says whether the passage answers. Chosen on 620 questions over 7,263
 * passages, none of which the reader had seen: docs/retrieval.md. A cross-encoder (retrieve/cross-encoder.ts) is another.
 */
import type { Passage } from '../domain.js'
import type { ReadResult } from '../read/reader.js'

/** So many of the first passages are looked at; the order of the others stays. */
export const RERANK_DEPTH = 12

/** What one unit of margin is worth in scores of retrieval. */
const MARGIN_WEIGHT = 0.03
/** Below it a passage is hopeless: more does not make it worse, and one without any span is there. */
const LOWEST_MARGIN = -15

/** @param read of the passages, in their order @returns a score for each */
export function scoresByReader(passages: readonly Passage[], { candidates }: Pick<ReadResult, 'candidates'>): number[] {
  const margins = passages.map(() => LOWEST_MARGIN)
  for (const { passage, margin } of candidates) margins[passage] = Math.max(margins[passage] as number, margin)
  return passages.map(({ score }, at) => score + MARGIN_WEIGHT * (margins[at] as number))
}

/** @param scores of the first passages, in their order: the highest goes first. What has none stays behind them. */
export function rerank(passages: readonly Passage[], scores: readonly number[]): Passage[] {
  const seen = scores.map((rerankScore, at) => ({ ...(passages[at] as Passage), rerankScore }))
  return [...seen.sort((a, b) => b.rerankScore - a.rerankScore), ...passages.slice(scores.length)]
}
