export interface TextSpan {
  readonly start: number
  readonly end: number
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** A full stop after these ends no sentence. Lower case. */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof sr jr st mt ft rev hon gen col capt lt sgt gov sen rep pres vs etc eg e.g ie i.e cf al approx ' +
    'dept est fig figs vol vols pp ed eds ch sec inc ltd co corp bros jan feb mar apr jun jul aug sep sept oct nov dec'
  ).split(' '),
)

/** Without any of these a block is one sentence, and the segmenter, which is slow to start, need not be asked. */
const MAY_END_INSIDE = /[.!?]|[^\p{ASCII}]/u

const STRETCH_LENGTH = 2048

/** Lines shorter than this are headings, list items or verse: they end where they end. Longer ones may be wrapped text. */
const MIN_WRAPPED_LINE_LENGTH = 50

/**
 * Sentences of a text (Unicode UAX #29, then joined again after abbreviations and initials), in order, without the
 * whitespace around them: every other character is in exactly one span. A blank line, a list marker or a short line ends
 * a sentence too.
 */
export function sentenceSpans(text: string): TextSpan[] {
  const spans: TextSpan[] = []
  for (const block of blocks(text)) {
    let open: TextSpan | null = null
    // Wrapped lines become spaces, one for one, so that the segmenter sees running text and offsets stay.
    const running = text.slice(block.start, block.end).replace(/[\r\n]/g, ' ')
    for (const segment of segments(running)) {
      const found = trimmed(text, block.start + segment.start, block.start + segment.end)
      if (!found) continue
      const span: TextSpan = open ? { start: open.start, end: found.end } : found
      if (endsInAbbreviation(text.slice(found.start, found.end))) {
        open = span
      } else {
        spans.push(span)
        open = null
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

/** At the end, on a blank line, or on a list item, heading, quote or table row. */
function startsBlock(text: string, lineStart: number): boolean {
  const pattern = /[ \t]*(?:$|\r?\n|[-*+•–>|#]|\(?\p{N}{1,3}[.)]\s)/uy
  pattern.lastIndex = lineStart
  return lineStart >= text.length || pattern.test(text)
}

function trimmed(text: string, from: number, to: number): TextSpan | null {
  let start = from
  let end = to
  while (start < end && /\s/.test(text[start] as string)) start++
  while (end > start && /\s/.test(text[end - 1] as string)) end--
  return start < end ? { start, end } : null
}

/** "… by Dr.", "… George W.", and the number of a list item, which the segmenter takes for a sentence. */
function endsInAbbreviation(sentence: string): boolean {
  if (/^\(?\p{N}{1,3}[.)]$/u.test(sentence)) return true
  const word = /(?:^|[\s("'“‘])([\p{L}.]+)\.$/u.exec(sentence.slice(-12))?.[1]
  if (!word) return false
  return /^\p{Lu}$/u.test(word) || ABBREVIATIONS.has(word.toLowerCase())
}
