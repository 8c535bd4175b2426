/** Sentences with their token counts, those longer than a chunk cut: what the chunker puts together. */
import type { TextSpan } from '../text/sentences.js'
import type { Encoding } from '../text/tokenizer.js'

export interface Piece extends TextSpan {
  readonly tokenCount: number
}

export interface PieceLimits {
  readonly maxTokens: number
  /** In UTF-16 code units; at least 2, so that a surrogate pair fits. */
  readonly maxLength: number
}

/** In order, without whitespace around them. Sentences must be in order and apart. */
export function* piecesOf(
  text: string,
  sentences: Iterable<TextSpan>,
  { starts, ends }: Encoding,
  limits: PieceLimits,
): Generator<Piece> {
  let token = 0
  for (const sentence of sentences) {
    let nextToken = token
    while (nextToken < starts.length && (starts[nextToken] as number) < sentence.end) nextToken++
    const tokens = { starts: starts.subarray(token, nextToken), ends: ends.subarray(token, nextToken) }
    yield* cutSentence(text, sentence, tokens, limits)
    token = nextToken
  }
}

type TokenSpans = Pick<Encoding, 'starts' | 'ends'>

function* cutSentence(
  text: string,
  sentence: TextSpan,
  { starts, ends }: TokenSpans,
  { maxTokens, maxLength }: PieceLimits,
): Generator<Piece> {
  let token = 0
  for (let from = sentence.start; from < sentence.end; ) {
    let fitting = token
    while (fitting < starts.length && fitting - token < maxTokens && (ends[fitting] as number) - from <= maxLength) {
      fitting++
    }
    let cut = sentence.end
    if (fitting < starts.length || sentence.end - from > maxLength) {
      // Where the first token alone is too long there is no token border within reach.
      const border = fitting > token && fitting < starts.length ? (starts[fitting] as number) : from + maxLength
      cut = bestCut(text, from, Math.min(border, from + maxLength, sentence.end))
    }
    let afterCut = token
    while (afterCut < starts.length && (starts[afterCut] as number) < cut) afterCut++
    const span = trimmed(text, from, cut)
    if (span) yield { ...span, tokenCount: afterCut - token }
    // A token that the cut divides counts in both pieces.
    while (token < afterCut && (ends[token] as number) <= cut) token++
    from = cut
  }
}

/** At most `limit`: after a line end or else a space of the second half, else at the limit but not inside a character. */
function bestCut(text: string, from: number, limit: number): number {
  const middle = from + Math.ceil((limit - from) / 2)
  const half = text.slice(middle, limit)
  const lineEnd = half.lastIndexOf('\n')
  const border = lineEnd >= 0 ? lineEnd : half.lastIndexOf(' ')
  if (border >= 0) return middle + border + 1
  if (!isInsideCharacter(text, limit)) return limit
  return limit - 1 > from ? limit - 1 : limit + 1
}

function isInsideCharacter(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1))
}

function trimmed(text: string, from: number, to: number): TextSpan | null {
  const part = text.slice(from, to)
  const start = from + part.length - part.trimStart().length
  return start < to ? { start, end: from + part.trimEnd().length } : null
}
