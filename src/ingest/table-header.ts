/**
 * The header of a table that goes on in a further chunk: embedded and indexed with that chunk, since "12 | 3 | yes" says
 * nothing without the names of its columns, but no part of its span, since it does not stand there.
 */
import type { Encoding } from '../text/tokenizer.js'
import type { Piece } from './pieces.js'

export interface HeaderLimits {
  readonly maxHeaderTokens: number
  /** Characters, as a long word may be one token. */
  readonly maxHeaderLength: number
}

export interface CarriedHeader {
  readonly text: string
  readonly tokenCount: number
}

/** What a chunk that begins with `first` carries: whole words, as many as fit. Null where it has the header itself, or none. */
export function carriedHeader(
  text: string,
  first: Piece,
  encoding: Encoding,
  { maxHeaderTokens, maxHeaderLength }: HeaderLimits,
): CarriedHeader | null {
  const header = first.table?.header
  if (!header || first.isHeader) return null
  const firstToken = tokenAt(encoding, header.start)
  const endToken = tokenAt(encoding, header.end)
  let fitting = firstToken
  while (
    fitting < endToken &&
    fitting - firstToken < maxHeaderTokens &&
    (encoding.ends[fitting] as number) - header.start <= maxHeaderLength
  )
    fitting++
  const end = fitting === endToken ? header.end : (encoding.starts[fitting] as number)
  const words = fitting === endToken ? text.slice(header.start, end) : wholeWords(text, header.start, end)
  if (words === '') return null
  const tokenCount = tokenAt(encoding, header.start + words.length) - firstToken
  return { text: words, tokenCount }
}

/** Without the word that `end` lies in, and without a bar behind the last one. */
function wholeWords(text: string, start: number, end: number): string {
  const part = text.slice(start, end)
  const whole = /\s$/.test(part) ? part : part.slice(0, Math.max(0, part.search(/\s\S*$/)))
  return whole.replace(/[\s|]+$/, '')
}

/** Index of the first token that starts at `position` or later. */
function tokenAt({ starts }: Encoding, position: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as number) < position) low = middle + 1
    else high = middle
  }
  return low
}
