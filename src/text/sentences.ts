import { goesOn, JOIN_CONTEXT } from './sentence-joins.js'

export interface TextSpan {
  readonly start: number
  readonly end: number
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Without any of these a block is one sentence, and the segmenter, which is slow to start, need not be asked. */
const MAY_END_INSIDE = /[.!?]|[^\p{ASCII}]/u

/** Without a space before it, the segmenter takes a quote that opens for one that closes. */
const OPENED_AT_END = /(?<=[。！？．])[“‘「『（《〈【]+$/u

const STRETCH_LENGTH = 2048

/** Lines shorter than this are headings, list items or verse: they end where they end. Longer ones may be wrapped text. */
const MIN_WRAPPED_LINE_LENGTH = 50

/**
 * Sentences of a text (Unicode UAX #29, then joined again where one goes on: sentence-joins.ts), in order, without the
 * whitespace around them: every other character is in exactly one span. A blank line, a list marker or a short line ends
 * a sentence too.
 */
export function sentenceSpans(text: string): TextSpan[] {
  const spans: TextSpan[] = []
  for (const block of blocks(text)) {
    // Wrapped lines become spaces, one for one, so that the segmenter sees running text and offsets stay.
    const running = text.slice(block.start, block.end).replace(/[\r\n]/g, ' ')
    let open: TextSpan | null = null
    let start = block.start
    for (const segment of segments(running)) {
      const end = block.start + segment.end - openedAtEnd(running, segment)
      const found = trimmed(text, start, end)
      start = end
      if (!found) continue
      if (open && areOneSentence(text, open, found)) {
        open = { start: open.start, end: found.end }
      } else {
        if (open) spans.push(open)
        open = found
      }
    }
    if (open) spans.push(open)
  }
  return spans
}

/**
 * What the segmenter makes of a text, asked in stretches: its time grows with the square of the length. The last segment
 * of a stretch may go on behind it and begins the next one.
 */
function* segments(text: string): Generator<TextSpan> {
  let start = 0
  let length = STRETCH_LENGTH
  while (start < text.length) {
    const stretch = text.slice(start, start + length)
    const isLast = start + length >= text.length
    const found = MAY_END_INSIDE.test(stretch) ? [...segmenter.segment(stretch)] : []
    const rest = found.at(-1)?.index ?? 0
    if (rest === 0 && !isLast) {
      length *= 2
      continue
    }
    for (const { segment, index } of isLast ? found : found.slice(0, -1)) {
      yield { start: start + index, end: start + index + segment.length }
    }
    if (isLast && found.length === 0) yield { start, end: text.length }
    start = isLast ? text.length : start + rest
    length = STRETCH_LENGTH
  }
}

/** Runs of lines that may be one wrapped paragraph. */
function* blocks(text: string): Generator<TextSpan> {
  let blockStart = 0
  let lineStart = 0
  while (lineStart < text.length) {
    const newline = text.indexOf('\n', lineStart)
    const nextLine = newline < 0 ? text.length : newline + 1
    const line = text.slice(lineStart, nextLine).trim()
    if (line.length < MIN_WRAPPED_LINE_LENGTH || startsBlock(text, nextLine)) {
      yield { start: blockStart, end: nextLine }
      blockStart = nextLine
    }
    lineStart = nextLine
  }
  if (blockStart < text.length) yield { start: blockStart, end: text.length }
}

/** "a. First", but not the wrapped "z. B."; "iv. Fourth" and "b) Second". */
const BLOCK_START =
  /[ \t]*(?:$|\r?\n|[-*+•–>|#]|\(?(?:\p{N}{1,3}[.)]|\p{L}\)|x{0,3}(?:i[xv]|vi{0,3}|i{2,3})[.)]|\p{Ll}\.(?!\s\p{L}{1,3}\.))\s)/uy

/** At the end, on a blank line, or on a list item, heading, quote or table row. */
function startsBlock(text: string, lineStart: number): boolean {
  BLOCK_START.lastIndex = lineStart
  return lineStart >= text.length || BLOCK_START.test(text)
}

function trimmed(text: string, from: number, to: number): TextSpan | null {
  let start = from
  let end = to
  while (start < end && /\s/.test(text[start] as string)) start++
  while (end > start && /\s/.test(text[end - 1] as string)) end--
  return start < end ? { start, end } : null
}

/** Of characters at the end of a segment that belong to the next one. */
function openedAtEnd(text: string, { start, end }: TextSpan): number {
  if (end === text.length) return 0
  return OPENED_AT_END.exec(text.slice(Math.max(start, end - 4), end))?.[0].length ?? 0
}

function areOneSentence(text: string, first: TextSpan, second: TextSpan): boolean {
  const before = text.slice(Math.max(first.start, first.end - JOIN_CONTEXT), first.end)
  const after = text.slice(second.start, Math.min(second.end, second.start + JOIN_CONTEXT))
  return goesOn(before, after, first.end < second.start)
}
