/**
 * The served reader as a reranker: it reads question and passage together, as a cross-encoder does, and how far its best
 * span stands above the null says whether the passage answers. Chosen on 620 questions over 7,263 passages, none of which
 * the reader had seen: docs/retrieval.md.
 */
import type { Passage } from '../domain.js'
import type { ReadResult } from '../read/reader.js'

/** So many of the first passages are read; the order of the others stays. */
export const RERANK_DEPTH = 12

/** What one unit of margin is worth in scores of retrieval. */
const MARGIN_WEIGHT = 0.03
/** Below it a passage is hopeless: more does not make it worse, and one without any span is there. */
const LOWEST_MARGIN = -15

/** @param read of the first {@link RERANK_DEPTH} passages, in their order */
export function rerank(passages: readonly Passage[], { candidates }: Pick<ReadResult, 'candidates'>): Passage[] {
  const margins = new Map<number, number>()
  for (const { passage, margin } of candidates) margins.set(passage, Math.max(margins.get(passage) ?? margin, margin))
  const read = passages.slice(0, RERANK_DEPTH).map((passage, at) => {
    const readerMargin = Math.max(margins.get(at) ?? LOWEST_MARGIN, LOWEST_MARGIN)
    return { ...passage, readerMargin, score: passage.score + MARGIN_WEIGHT * readerMargin }
  })
  return [...read.sort((a, b) => b.score - a.score), ...passages.slice(RERANK_DEPTH)]
}
