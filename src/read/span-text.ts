import { DocentError } from '../errors.js'
import type { TextSpan } from '../text/sentences.js'

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '“': '”', '«': '»' }
const ALL_CLOSERS = new Set(Object.values(CLOSERS))

/**
 * The span as people would mark it: without whitespace around it, with the combining marks that belong to its last
 * character (which tokenizers strip), and without half a pair of brackets at its ends: "thirty (30" takes the ")" that
 * follows, "(thirty" loses its "(" where none closes it. Null when nothing is left.
 */
export function tidySpan(text: string, span: TextSpan): TextSpan | null {
  let tidy = trimmed(text, span)
  while (tidy) {
    const { start, end }: TextSpan = tidy
    const { openers, closers } = unpaired(text, tidy)
    const innermost = openers.at(-1)
    const partner = innermost === undefined ? undefined : CLOSERS[text[innermost] as string]
    const isStray = (at: number): boolean => openers.includes(at) || closers.includes(at)
    if (partner !== undefined && partner === text[end]) tidy = { start, end: end + 1 }
    else if (isStray(end - 1)) tidy = trimmed(text, { start, end: end - 1 })
    else if (isStray(start)) tidy = trimmed(text, { start: start + 1, end })
    else return { start, end: withMarks(text, end) }
  }
  return null
}

/** Offsets of the brackets in the span whose partner is not in it, in their order. */
function unpaired(text: string, { start, end }: TextSpan): { openers: number[]; closers: number[] } {
  const openers: number[] = []
  const closers: number[] = []
  for (let at = start; at < end; at++) {
    const unit = text[at] as string
    const open = openers.at(-1)
    if (CLOSERS[unit]) openers.push(at)
    else if (open !== undefined && CLOSERS[text[open] as string] === unit) openers.pop()
    else if (ALL_CLOSERS.has(unit)) closers.push(at)
  }
  return { openers, closers }
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
