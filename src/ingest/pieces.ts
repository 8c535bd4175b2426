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

/**
 * In order, without whitespace around them. Sentences must be in order and apart. One that is longer than a chunk is taken
 * line by line (it is a table or code, where lines are what belongs together), a longer line is cut.
 */
export function* piecesOf(
  text: string,
  sentences: Iterable<TextSpan>,
  encoding: Encoding,
  limits: PieceLimits,
): Generator<Piece> {
  let token = 0
  for (const sentence of sentences) {
    const endToken = firstTokenFrom(encoding, token, sentence.end)
    if (endToken - token <= limits.maxTokens && sentence.end - sentence.start <= limits.maxLength) {
      yield* piece(text, sentence.start, sentence.end, endToken - token)
    } else {
      let lineToken = token
      for (const line of linesOf(text, sentence)) {
        yield* cutLine(text, line, lineToken, encoding, limits)
        lineToken = firstTokenFrom(encoding, lineToken, line.end)
      }
    }
    token = endToken
  }
}

/** Index of the first token that starts at `position` or later; the search begins at token `from`. */
function firstTokenFrom({ starts }: Encoding, from: number, position: number): number {
  let token = from
  while (token < starts.length && (starts[token] as number) < position) token++
  return token
}

function* linesOf(text: string, { start, end }: TextSpan): Generator<TextSpan> {
  for (let lineStart = start; lineStart < end; ) {
    const newline = text.indexOf('\n', lineStart)
    const lineEnd = newline < 0 || newline >= end ? end : newline + 1
    yield { start: lineStart, end: lineEnd }
    lineStart = lineEnd
  }
}

function* cutLine(
  text: string,
  line: TextSpan,
  firstToken: number,
  encoding: Encoding,
  { maxTokens, maxLength }: PieceLimits,
): Generator<Piece> {
  const { starts, ends } = encoding
  const endToken = firstTokenFrom(encoding, firstToken, line.end)
  let token = firstToken
  for (let from = line.start; from < line.end; ) {
    // Even parts: a few words alone say nothing.
    const tokensLeft = endToken - token
    const tokenLimit = Math.ceil(tokensLeft / Math.max(1, Math.ceil(tokensLeft / maxTokens)))
    let fitting = token
    while (fitting < endToken && fitting - token < tokenLimit && (ends[fitting] as number) - from <= maxLength)
      fitting++
    let cut = line.end
    if (fitting < endToken || line.end - from > maxLength) {
      // Where the first token alone is too long there is no token border within reach.
      const border = fitting > token && fitting < endToken ? (starts[fitting] as number) : from + maxLength
      cut = bestCut(text, from, Math.min(border, from + maxLength, line.end))
    }
    const afterCut = Math.min(firstTokenFrom(encoding, token, cut), endToken)
    yield* piece(text, from, cut, afterCut - token)
    // A token that the cut divides counts in both pieces.
    while (token < afterCut && (ends[token] as number) <= cut) token++
    from = cut
  }
}

/** At most `limit`: after a space of the second half, else at the limit but not inside a character. */
function bestCut(text: string, from: number, limit: number): number {
  const middle = from + Math.ceil((limit - from) / 2)
  const space = text.slice(middle, limit).lastIndexOf(' ')
  if (space >= 0) return middle + space + 1
  const insideCharacter = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(limit - 1, limit + 1))
  if (!insideCharacter) return limit
  return limit - 1 > from ? limit - 1 : limit + 1
}

/** Without the whitespace around it; nothing when there is nothing else. */
function* piece(text: string, from: number, to: number, tokenCount: number): Generator<Piece> {
  const part = text.slice(from, to)
  const start = from + part.length - part.trimStart().length
  if (start < to) yield { start, end: from + part.trimEnd().length, tokenCount }
}
