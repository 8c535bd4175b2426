import { DocentError } from '../errors.js'
import type { TextSpan } from '../text/sentences.js'

/**
 * The span as people would mark it: without whitespace around it, and with the combining marks that belong to its last
 * character, which tokenizers strip. Null when nothing is left.
 */
export function tidySpan(text: string, { start, end }: TextSpan): TextSpan | null {
  let from = start
  let to = end
  while (from < to && /\s/.test(text[from] as string)) from++
  while (to > from && /\s/.test(text[to - 1] as string)) to--
  if (from === to) return null
  const marks = /\p{M}*/uy
  marks.lastIndex = to
  to += marks.exec(text)?.[0].length ?? 0
  return { start: from, end: to }
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
