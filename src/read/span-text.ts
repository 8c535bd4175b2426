import { DocentError } from '../errors.js'
import type { TextSpan } from '../text/sentences.js'

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '“': '”', '«': '»' }
const ALL_CLOSERS = new Set(Object.values(CLOSERS))

const STRAIGHT_QUOTE = '"'
/** What joins a quote to the text around it. A full stop may belong to it ("U.S."), and so may "!" and "?" at its end. */
const LEADING = /[\s,;:!?…、。，；：！？،؛؟]/u
const TRAILING = /[\s,;:…、，；：،؛]/u
/** With a space at its inner side: "-3" and "well-" keep theirs. */
const DASH = /[-–—]/

/**
 * The span as people would mark it: whole characters with their combining marks (which tokenizers strip), without
 * whitespace and separating punctuation around it, and without half a pair of brackets or quotation marks at its ends:
 * "thirty (30" takes the ")" that follows, "(thirty" loses its "(" where none closes it. Null when nothing is left.
 */
export function tidySpan(text: string, span: TextSpan): TextSpan | null {
  let tidy = trimmed(text, { start: characterStart(text, span.start), end: characterEnd(text, span.end) })
  while (tidy) {
    const { start, end }: TextSpan = tidy
    const { openers, strays } = unpaired(text, tidy)
    const innermost = openers.at(-1)
    const partner = innermost === undefined ? undefined : closerOf(text[innermost] as string)
    if (partner !== undefined && partner === text[end]) tidy = { start, end: characterEnd(text, end + 1) }
    else if (strays.has(end - 1)) tidy = trimmed(text, { start, end: end - 1 })
    else if (strays.has(start)) tidy = trimmed(text, { start: characterEnd(text, start + 1), end })
    else return tidy
  }
  return null
}

const closerOf = (unit: string): string | undefined => (unit === STRAIGHT_QUOTE ? unit : CLOSERS[unit])

/** Offsets of the brackets in the span whose partner is not in it: those that open, in their order, and all. */
function unpaired(text: string, { start, end }: TextSpan): { openers: number[]; strays: Set<number> } {
  const openers: number[] = []
  const closers: number[] = []
  for (let at = start; at < end; at++) {
    const unit = text[at] as string
    if (unit === STRAIGHT_QUOTE && isInch(text, at)) continue
    const open = openers.at(-1)
    if (open !== undefined && closerOf(text[open] as string) === unit) openers.pop()
    else if (closerOf(unit)) openers.push(at)
    else if (ALL_CLOSERS.has(unit)) closers.push(at)
  }
  return { openers, strays: new Set([...openers, ...closers]) }
}

/** 6' 2" */
const isInch = (text: string, at: number): boolean => /\d/.test(text[at - 1] ?? '')

function trimmed(text: string, { start, end }: TextSpan): TextSpan | null {
  let from = start
  let to = end
  const isDash = (at: number): boolean => DASH.test(text[at] as string)
  const leads = (): boolean => LEADING.test(text[from] as string) || (isDash(from) && /\s/.test(text[from + 1] ?? ''))
  const trails = (): boolean =>
    TRAILING.test(text[to - 1] as string) || (isDash(to - 1) && /\s/.test(text[to - 2] ?? ''))
  while (from < to && leads()) from = characterEnd(text, from + 1)
  while (to > from && trails()) to--
  return from < to ? { start: from, end: to } : null
}

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** `offset`, or the begin of the character (grapheme cluster) that it lies inside. */
function characterStart(text: string, offset: number): number {
  if (isBorder(text, offset)) return offset
  return characters.segment(text).containing(offset)?.index ?? offset
}

/** `offset`, or the end of the character that it lies inside. */
function characterEnd(text: string, offset: number): number {
  if (isBorder(text, offset)) return offset
  const character = characters.segment(text).containing(offset)
  return character && character.index < offset ? character.index + character.segment.length : offset
}

/** Surely: there are no marks below U+0300, and a canonical text has no \r. */
const isBorder = (text: string, offset: number): boolean =>
  offset <= 0 || offset >= text.length || text.charCodeAt(offset) < 0x300

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
