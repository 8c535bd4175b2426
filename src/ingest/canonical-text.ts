/**
 * Canonical text: what every offset of Docent counts into. Parsers give blocks (a paragraph, a heading, a list, a table);
 * this file alone decides which characters stay, so that a text means the same whichever parser it came through.
 *
 * The rules, in this order:
 *  1. byte order marks and characters that nobody sees (soft hyphen, zero-width space, word joiner) are removed;
 *  2. every line end (CR LF, CR, NEL, U+2028, U+2029, vertical tab, form feed) becomes LF;
 *  3. a lone surrogate becomes U+FFFD, other control characters but the tab are removed;
 *  4. every Unicode space (no-break, thin, ideographic, ...) becomes a space: what a person types must match;
 *  5. Unicode normalisation form C;
 *  6. no spaces or tabs at the end of a line, at most one blank line in a row, no blank lines around the text.
 *
 * Blocks are separated by one blank line. Applying the rules twice changes nothing.
 */
import type { BlockKind, Box, JsonObject, Place, Section } from '../domain.js'

export interface Block {
  readonly text: string
  /** 1..6 for a heading, which begins a section; absent for everything else. */
  readonly headingLevel?: number
  /** What it is, where it is neither heading nor paragraph. A line of a table's text is a row. */
  readonly kind?: 'list' | 'table' | 'code'
  /** Of a table: how many of its first lines name the columns; 0 unless told. */
  readonly headerRows?: number
  /** From 1. A text that runs over several pages says so in `boxes`. */
  readonly page?: number
  readonly sheet?: string
  /** From 1. */
  readonly slide?: number
  /** Of a table: the number, in its sheet, of the row that its first line is; 1 unless told. */
  readonly firstRow?: number
  /** Where parts of the text stand on pages: in order, not overlapping. The text must be canonical already. */
  readonly boxes?: readonly TextBox[]
}

/** A part of a block's text, usually a line, and where it stands. */
export interface TextBox {
  readonly start: number
  readonly end: number
  readonly page: number
  readonly box: Box
}

/** What a parser made of a file. */
export interface ParsedDocument {
  /** What the document calls itself, if it does. */
  readonly title: string | null
  readonly metadata: JsonObject
  readonly blocks: readonly Block[]
}

export interface CanonicalDocument {
  readonly canonicalText: string
  readonly sections: readonly Section[]
  /** One for each block, but for each row of a table and each line of a page: in order, not overlapping. */
  readonly places: readonly Place[]
}

// Each pattern is linear: a run is entered at its first character only, so that a megabyte of spaces costs one pass.
const INVISIBLE = /[\u00ad\u200b\u2060\ufeff]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const LINE_END = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g
const LONE_SURROGATE = /\p{Surrogate}/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g
const UNICODE_SPACE = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
const SPACE_BEFORE_LINE_END = /(?<![ \t])[ \t]+$/gm
const BLANK_LINES = /\n{3,}/g
const LEADING_BLANK_LINES = /^\n+/

export function normaliseText(text: string): string {
  return text
    .replace(INVISIBLE, '')
    .replace(LINE_END, '\n')
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(CONTROL, '')
    .replace(UNICODE_SPACE, ' ')
    .normalize('NFC')
    .replace(SPACE_BEFORE_LINE_END, '')
    .replace(BLANK_LINES, '\n\n')
    .replace(LEADING_BLANK_LINES, '')
    .trimEnd()
}

/** Blocks to text. The sections cover all of it: each begins at its heading, the first at 0. */
export function canonicalDocument(blocks: readonly Block[]): CanonicalDocument {
  const texts: string[] = []
  const headings: { start: number; level: number; text: string }[] = []
  const places: Place[] = []
  let length = 0
  for (const block of blocks) {
    const text = normaliseText(block.headingLevel ? block.text.replace(/\s+/g, ' ').trim() : block.text)
    if (text === '') continue
    const start = length === 0 ? 0 : length + 2
    if (block.headingLevel) headings.push({ start, level: block.headingLevel, text })
    for (const place of placesOf(block, text, start)) places.push(place)
    texts.push(text)
    length = start + text.length
  }
  return { canonicalText: texts.join('\n\n'), sections: sectionsOf(headings, length), places }
}

function* placesOf(block: Block, text: string, start: number): Generator<Place> {
  const kind: BlockKind = block.headingLevel ? 'heading' : (block.kind ?? 'paragraph')
  const common = { kind, sheet: block.sheet ?? null, slide: block.slide ?? null, row: null, isHeader: false }
  const { page = null, boxes = [] } = block
  if (kind === 'table') {
    const firstRow = block.firstRow ?? 1
    for (const [index, line] of linesOf(text).entries()) {
      const isHeader = index < (block.headerRows ?? 0)
      const box = boxes.find((each) => each.start < line.end && each.end > line.start)
      const where = { page: box?.page ?? page, box: box?.box ?? null }
      yield { ...common, ...where, start: start + line.start, end: start + line.end, row: firstRow + index, isHeader }
    }
  } else if (boxes.length > 0 && text === block.text) {
    for (const { start: from, end: to, ...where } of boxes)
      yield { ...common, ...where, start: start + from, end: start + to }
  } else {
    yield { ...common, page: page ?? boxes[0]?.page ?? null, box: null, start, end: start + text.length }
  }
}

function linesOf(text: string): { start: number; end: number }[] {
  let start = 0
  return text.split('\n').map((line) => {
    const span = { start, end: start + line.length }
    start = span.end + 1
    return span
  })
}

function sectionsOf(headings: readonly { start: number; level: number; text: string }[], length: number): Section[] {
  const sections: Section[] = []
  const open: { level: number; text: string }[] = []
  const firstStart = headings[0]?.start ?? length
  if (firstStart > 0) sections.push({ start: 0, end: firstStart, headingPath: [] })
  for (const [index, heading] of headings.entries()) {
    while ((open.at(-1)?.level ?? 0) >= heading.level) open.pop()
    open.push(heading)
    const end = headings[index + 1]?.start ?? length
    sections.push({ start: heading.start, end, headingPath: open.map(({ text }) => text) })
  }
  return sections
}
