/** The passage over which a correction's question is taught: as near as can be to what the reader was shown. */
import type { AnchoredSpan, Chunk, DocumentVersion, Interaction } from '../domain.js'

/** Of the window that is cut where no passage and no chunk holds the span. */
const WINDOW_WORDS = 200
/** How far from the span words are counted, in UTF-16 units: a line may be as long as its file. */
const REACH = 8000

export interface TextSpan {
  readonly start: number
  readonly end: number
}

/**
 * The interaction's best passage that holds the span; else the smallest run of chunks around it; else, for a version whose
 * chunks are gone, about 200 words around it, cut at line borders.
 * @param chunks of the document's current version
 */
export function contextPassage(
  span: AnchoredSpan,
  interaction: Interaction,
  version: DocumentVersion,
  chunks: readonly Chunk[],
): TextSpan {
  const passage = interaction.passages.find(
    (candidate) =>
      candidate.documentId === span.documentId &&
      candidate.documentVersion === span.documentVersion &&
      holds(candidate, span),
  )
  if (passage) return { start: passage.start, end: passage.end }
  return chunkRun(span, chunks) ?? windowAround(span, version.canonicalText)
}

function chunkRun(span: AnchoredSpan, chunks: readonly Chunk[]): TextSpan | undefined {
  const same = chunks.filter(({ version }) => version === span.documentVersion)
  const single = same.find((chunk) => holds(chunk, span))
  if (single) return { start: single.start, end: single.end }
  const touched = same.filter((chunk) => chunk.start < span.end && span.start < chunk.end)
  if (touched.length === 0) return undefined
  const run = {
    start: Math.min(...touched.map(({ start }) => start)),
    end: Math.max(...touched.map(({ end }) => end)),
  }
  return holds(run, span) ? run : undefined
}

/** Whole lines on both sides in turn while they fit; where not even one does, the words nearest to the span. */
export function windowAround(span: TextSpan, text: string): TextSpan {
  let { start, end } = span
  let words = countWords(text.slice(start, end))
  let [openBefore, openAfter] = [true, true]
  while (openBefore || openAfter) {
    const before = start < 2 ? 0 : text.lastIndexOf('\n', start - 2) + 1
    const wordsBefore = countWords(text.slice(before, start))
    openBefore &&= start > 0 && words + wordsBefore <= WINDOW_WORDS
    if (openBefore) [start, words] = [before, words + wordsBefore]
    const newline = text.indexOf('\n', end)
    const after = newline < 0 ? text.length : newline + 1
    const wordsAfter = countWords(text.slice(end, after))
    openAfter &&= end < text.length && words + wordsAfter <= WINDOW_WORDS
    if (openAfter) [end, words] = [after, words + wordsAfter]
  }
  const share = Math.max(1, (WINDOW_WORDS - words) >> 1)
  return {
    start: start === span.start ? startOfWordsBefore(text, start, share) : start,
    end: end === span.end ? endOfWordsAfter(text, end, share) : end,
  }
}

function startOfWordsBefore(text: string, from: number, count: number): number {
  const offset = Math.max(0, from - REACH)
  // The first word may be cut by the reach, and a character with it: left out when there are others.
  const found = [...text.slice(offset, from).matchAll(/\S+/g)]
  const whole = offset > 0 ? found.slice(1) : found
  const first = whole.slice(-count)[0]
  return first ? offset + first.index : from
}

function endOfWordsAfter(text: string, from: number, count: number): number {
  const offset = Math.min(text.length, from + REACH)
  const found = [...text.slice(from, offset).matchAll(/\S+/g)]
  const whole = offset < text.length ? found.slice(0, -1) : found
  const last = whole.slice(0, count).at(-1)
  return last ? from + last.index + last[0].length : from
}

function countWords(text: string): number {
  return text.length > REACH ? Number.POSITIVE_INFINITY : (text.match(/\S+/g)?.length ?? 0)
}

function holds(outer: TextSpan, inner: TextSpan): boolean {
  return outer.start <= inner.start && inner.end <= outer.end
}
