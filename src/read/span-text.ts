import { DocentError } from '../errors.js'
import type { TextSpan } from '../text/sentences.js'

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '“': '”', '«': '»' }
const OPENERS = Object.fromEntries(Object.entries(CLOSERS).map(([opener, closer]) => [closer, opener]))

/**
 * The span as people would mark it: without whitespace around it, with the combining marks that belong to its last
 * character (which tokenizers strip), and without half a pair of brackets at its ends: "thirty (30" takes the ")" that
 * follows, "(thirty" loses its "(" where none closes it. Null when nothing is left.
 */
export function tidySpan(text: string, span: TextSpan): TextSpan | null {
  let tidy = trimmed(text, span)
  for (;;) {
    if (!tidy) return null
    const { start, end }: TextSpan = tidy
    const first = text[start] as string
    const last = text[end - 1] as string
    const next = text[end] ?? ''
    if (OPENERS[next] && openIn(text, start, end, OPENERS[next]) > 0) tidy = { start, end: end + 1 }
    else if (CLOSERS[last] && openIn(text, start, end, last) > 0) tidy = trimmed(text, { start, end: end - 1 })
    else if (CLOSERS[first] && openIn(text, start, end, first) > 0) tidy = trimmed(text, { start: start + 1, end })
    else if (OPENERS[first] && end - start > 1) tidy = trimmed(text, { start: start + 1, end })
    else return { start, end: withMarks(text, end) }
  }
}

/** How many of `opener` are opened in the span and not closed in it. */
function openIn(text: string, start: number, end: number, opener: string): number {
  let open = 0
  for (let at = start; at < end; at++) {
    if (text[at] === opener) open++
    else if (text[at] === CLOSERS[opener] && open > 0) open--
  }
  return open
}

function trimmed(text: string, { start, end }: TextSpan): TextSpan | null {
  let from = start
  let to = end
  while (from < to && /\s/.test(text[from] as string)) from++
  while (to > from && /\s/.test(text[to - 1] as string)) to--
  return from < to ? { start: from, end: to } : null
}

function withMarks(text: string, end: number): number {
  const marks = /\p{M}*/uy
  marks.lastIndex = end
  return end + (marks.exec(text)?.[0].length ?? 0)
}

/**
 * The invariant of every answer, checked where one leaves: its text is what stands between its offsets, and neither end
 * is inside a character.
 * @throws INTERNAL
 */
export function checkSpan(source: string, span: TextSpan & { readonly text: string }): void {
  const { start, end, text } = span
  const inside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= source.length
  if (!inside || source.slice(start, end) !== text || splitsPair(source, start) || splitsPair(source, end)) {
    throw new DocentError('INTERNAL', `a span from ${start} to ${end} is not a quote of its passage`)
  }
}

function splitsPair(text: string, offset: number): boolean {
  const isHigh = (text.charCodeAt(offset - 1) & 0xfc00) === 0xd800
  return isHigh && (text.charCodeAt(offset) & 0xfc00) === 0xdc00
}
