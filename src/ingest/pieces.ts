/** Units with their token counts, those longer than a chunk cut: what the chunker puts together. */
import { sentenceSpans, type TextSpan } from '../text/sentences.js'
import type { Encoding } from '../text/tokenizer.js'
import type { Unit } from './units.js'

export interface Piece extends Unit {
  readonly tokenCount: number
}

export interface PieceLimits {
  readonly maxTokens: number
  /** In UTF-16 code units; at least 2, so that a surrogate pair fits. */
  readonly maxLength: number
}

/**
 * In order, without whitespace around them. Units must be in order and apart. One that is longer than a chunk is taken
 * apart: a row into the sentences of its cells, anything else line by line (lines are what belongs together in a text
 * without sentences); what is still too long is cut.
 */
export function* piecesOf(
  text: string,
  units: Iterable<Unit>,
  encoding: Encoding,
  limits: PieceLimits,
): Generator<Piece> {
  let token = 0
  for (const unit of units) {
    const endToken = firstTokenFrom(encoding, token, unit.end)
    if (endToken - token <= limits.maxTokens && unit.end - unit.start <= limits.maxLength) {
      for (const piece of trimmed(text, unit.start, unit.end, endToken - token)) yield { ...unit, ...piece }
    } else {
      let { continues } = unit
      for (const piece of cutUnit(text, unit, token, encoding, limits)) {
        yield { ...unit, ...piece, continues }
        continues = unit.kind === 'table' || unit.kind === 'list'
      }
    }
    token = endToken
  }
}

type Cut = Pick<Piece, 'start' | 'end' | 'tokenCount'>

function* cutUnit(
  text: string,
  unit: Unit,
  firstToken: number,
  encoding: Encoding,
  limits: PieceLimits,
): Generator<Cut> {
  let token = firstToken
  for (const part of unit.kind === 'table' ? cellSentences(text, unit) : linesOf(text, unit)) {
    yield* cutLine(text, part, token, encoding, limits)
    token = firstTokenFrom(encoding, token, part.end)
  }
}

/** Each with the bar behind its cell. */
function* cellSentences(text: string, row: TextSpan): Generator<TextSpan> {
  for (let start = row.start; start < row.end; ) {
    const bar = text.indexOf(' | ', start)
    const end = bar < 0 || bar >= row.end ? row.end : bar + ' | '.length
    for (const span of sentenceSpans(text.slice(start, end))) yield { start: start + span.start, end: start + span.end }
    start = end
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
): Generator<Cut> {
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
    yield* trimmed(text, from, cut, afterCut - token)
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
function* trimmed(text: string, from: number, to: number, tokenCount: number): Generator<Cut> {
  const part = text.slice(from, to)
  const start = from + part.length - part.trimStart().length
  if (start < to) yield { start, end: from + part.trimEnd().length, tokenCount }
}
