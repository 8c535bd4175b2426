/**
 * Canonical text to the units that no border should lie in: sentences, headings, rows of tables, lines of code. What a
 * parser said of the text (the places) outranks what its punctuation looks like: "No. 5 | approx. 3" is one row.
 */
import type { BlockKind, Place } from '../domain.js'
import { sentenceSpans, type TextSpan } from '../text/sentences.js'
import type { CanonicalDocument } from './canonical-text.js'

export interface Unit extends TextSpan {
  readonly kind: BlockKind
  /** It goes on with the list item that the unit before it began, so that a border before it is a worse one. */
  readonly continues: boolean
  /** Of a row: shared by all rows of its table. */
  readonly table: Table | null
  readonly isHeader: boolean
}

export interface Table {
  /** The rows that name the columns, if any: they come first. */
  readonly header: TextSpan | null
}

/** A stretch of blocks of one kind, up to where the next one begins. */
interface Area extends TextSpan {
  readonly kind: BlockKind
  readonly places: readonly Place[]
}

/** In order, apart, covering every character that is not whitespace; the places are in order and do not overlap. */
export function* unitsOf({ canonicalText, places }: Pick<CanonicalDocument, 'canonicalText' | 'places'>) {
  for (const area of areasOf(canonicalText, places)) {
    if (area.kind === 'table') yield* rowsOf(canonicalText, area)
    else if (area.kind === 'list') yield* itemsOf(canonicalText, area)
    else if (area.kind === 'paragraph') yield* sentencesOf(canonicalText, area)
    else for (const line of linesOf(canonicalText, area)) yield unit(area.kind, line)
  }
}

/** Lines of a page are places too, and no borders: what counts is where the kind changes. */
function* areasOf(text: string, places: readonly Place[]): Generator<Area> {
  let kind: BlockKind = 'paragraph'
  let start = 0
  let inside: Place[] = []
  for (const place of places) {
    if (place.kind !== kind) {
      if (place.start > start) yield { kind, start, end: place.start, places: inside }
      kind = place.kind
      start = place.start
      inside = []
    }
    // Of the others only the kind is asked, and a book has a place for each of its lines.
    if (kind === 'table') inside.push(place)
  }
  yield { kind, start, end: text.length, places: inside }
}

const unit = (kind: BlockKind, { start, end }: TextSpan, continues = false): Unit => ({
  start,
  end,
  kind,
  continues,
  table: null,
  isHeader: false,
})

function* sentencesOf(text: string, { start, end, kind }: Area): Generator<Unit> {
  for (const span of sentenceSpans(text.slice(start, end))) yield unit(kind, shifted(span, start))
}

/** An item begins on a line that is not indented, or with a marker; the lines under it, and its sentences, continue it. */
function* itemsOf(text: string, area: Area): Generator<Unit> {
  for (const line of linesOf(text, area)) {
    const lineText = text.slice(line.start, line.end)
    let continues = !BEGINS_ITEM.test(lineText)
    for (const span of sentenceSpans(lineText)) {
      yield unit('list', shifted(span, line.start), continues)
      continues = true
    }
  }
}

const BEGINS_ITEM = /^(?:\S|\s+(?:[-*+•–◦▪]|\(?(?:\p{N}{1,3}(?:\.\p{N}{1,3})*|\p{L}|[ivxlcdm]{1,7})[.)])\s)/iu

function* rowsOf(text: string, { places }: Area): Generator<Unit> {
  let table: Table = { header: null }
  for (const [index, row] of places.entries()) {
    const before = places[index - 1]
    if (!before || !isNextRow(text, before, row))
      table = { header: row.isHeader ? headerSpan(text, places, index) : null }
    yield { ...unit('table', row), table, isHeader: row.isHeader }
  }
}

/** Of the same table: blocks are separated by a blank line, rows are not, and a table has its header first. */
const isNextRow = (text: string, before: Place, row: Place): boolean =>
  text.slice(before.end, row.start) === '\n' && (before.isHeader || !row.isHeader)

function headerSpan(text: string, rows: readonly Place[], first: number): TextSpan {
  let last = rows[first] as Place
  for (let index = first + 1; ; index++) {
    const row = rows[index]
    if (!row?.isHeader || !isNextRow(text, last, row)) return { start: (rows[first] as Place).start, end: last.end }
    last = row
  }
}

/** Those that hold more than whitespace. */
function* linesOf(text: string, { start, end }: TextSpan): Generator<TextSpan> {
  for (let lineStart = start; lineStart < end; ) {
    const newline = text.indexOf('\n', lineStart)
    const lineEnd = newline < 0 || newline >= end ? end : newline
    if (lineEnd > lineStart) yield { start: lineStart, end: lineEnd }
    lineStart = lineEnd + 1
  }
}

const shifted = ({ start, end }: TextSpan, by: number): TextSpan => ({ start: start + by, end: end + by })
