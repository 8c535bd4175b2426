import { DocentError } from '../errors.js'
import type { Window } from './windows.js'

export interface SpanLogits {
  /** One for each token of the window, special tokens included. */
  readonly startLogits: Float32Array
  readonly endLogits: Float32Array
}

export interface SpanSettings {
  readonly maxAnswerTokens: number
  readonly nBest: number
}

export const DEFAULT_SPAN_SETTINGS: SpanSettings = { maxAnswerTokens: 30, nBest: 20 }

export interface ScoredSpan {
  /** UTF-16 offsets into the context. */
  readonly start: number
  readonly end: number
  /** Start logit + end logit. */
  readonly score: number
}

export interface DecodedSpans {
  /** Best first, at most `nBest`, no range twice. */
  readonly spans: ScoredSpan[]
  /** Smallest start[CLS] + end[CLS] over the windows, as run_squad has it: one sure window outweighs many empty ones. */
  readonly nullScore: number
}

/**
 * The best spans of one context over all its windows: exactly the first `nBest` of every start with every end not before
 * it and within `maxAnswerTokens`, without going through them all.
 */
export function decodeSpans(
  windows: readonly Window[],
  logits: readonly SpanLogits[],
  settings: SpanSettings,
): DecodedSpans {
  if (windows.length !== logits.length) throw new DocentError('INTERNAL', 'as many logits as windows are needed')
  let nullScore = Number.POSITIVE_INFINITY
  const best = new Map<string, ScoredSpan>()
  for (const [index, window] of windows.entries()) {
    const scores = logits[index] as SpanLogits
    checkLogits(window, scores)
    nullScore = Math.min(nullScore, (scores.startLogits[0] as number) + (scores.endLogits[0] as number))
    for (const span of bestInWindow(window, scores, settings)) {
      const key = `${span.start}:${span.end}`
      const known = best.get(key)
      if (!known || span.score > known.score) best.set(key, span)
    }
  }
  return { spans: [...best.values()].sort(byScore).slice(0, settings.nBest), nullScore }
}

/** Larger score first; of equal ones the earlier, then the shorter, so that the order never depends on chance. */
export function byScore(left: ScoredSpan, right: ScoredSpan): number {
  return right.score - left.score || left.start - right.start || left.end - right.end
}

function checkLogits(window: Window, { startLogits, endLogits }: SpanLogits): void {
  const length = window.inputIds.length
  if (startLogits.length !== length || endLogits.length !== length) {
    throw new DocentError('INTERNAL', `${startLogits.length} and ${endLogits.length} logits for ${length} tokens`)
  }
  if (!startLogits.every(Number.isFinite) || !endLogits.every(Number.isFinite)) {
    throw new DocentError('INTERNAL', 'the reader gave logits that are not finite')
  }
}

/** Starts whose best end cannot reach the list are passed over, so that few pairs are ever looked at. */
function bestInWindow(window: Window, { startLogits, endLogits }: SpanLogits, settings: SpanSettings): ScoredSpan[] {
  const first = window.contextOffset
  const count = window.starts.length
  const reach = bestEndWithin(endLogits.subarray(first, first + count), settings.maxAnswerTokens)
  const best = new BestList(settings.nBest)
  for (let start = 0; start < count; start++) {
    const startLogit = startLogits[first + start] as number
    if (startLogit + (reach[start] as number) < best.entryScore) continue
    const last = Math.min(start + settings.maxAnswerTokens, count)
    for (let end = start; end < last; end++) {
      const score = startLogit + (endLogits[first + end] as number)
      if (score < best.entryScore) continue
      best.add({ start: window.starts[start] as number, end: window.ends[end] as number, score })
    }
  }
  return best.spans
}

/** result[i] = max(values[i .. i + width - 1]); a monotonic queue of candidates makes it one pass. */
function bestEndWithin(values: Float32Array, width: number): Float32Array {
  const result = new Float32Array(values.length)
  const queue = new Int32Array(values.length)
  let head = 0
  let tail = 0
  for (let index = values.length - 1; index >= 0; index--) {
    const value = values[index] as number
    while (tail > head && (values[queue[tail - 1] as number] as number) <= value) tail--
    queue[tail++] = index
    if ((queue[head] as number) >= index + width) head++
    result[index] = values[queue[head] as number] as number
  }
  return result
}

/** Sorted, at most `size` long. */
class BestList {
  readonly spans: ScoredSpan[] = []

  constructor(private readonly size: number) {}

  /** What a span needs to get in. */
  get entryScore(): number {
    return this.spans.length < this.size ? Number.NEGATIVE_INFINITY : (this.spans.at(-1) as ScoredSpan).score
  }

  add(span: ScoredSpan): void {
    let at = this.spans.length
    while (at > 0 && byScore(span, this.spans[at - 1] as ScoredSpan) < 0) at--
    this.spans.splice(at, 0, span)
    if (this.spans.length > this.size) this.spans.pop()
  }
}
