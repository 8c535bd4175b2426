/** Lines of the columns, in reading order, to paragraphs, lists, tables and code. */
import { type Draft, draftText, firstLine, lastLine } from './drafts.js'
import { listAt, quantile, type Rule, widthOf } from './geometry.js'
import { lineText } from './join-lines.js'
import { divides, type Line, type Margins, marginsOf } from './lines.js'
import { type ListMark, markOf } from './list-marks.js'
import { headingKey, type Outline } from './outline.js'
import { type BodyStyle, isCaption } from './styles.js'
import { type Table, withTables } from './tables.js'

export interface Column {
  readonly lines: readonly Line[]
  readonly rules: readonly Rule[]
  /** Stands beside the text, not in it. */
  readonly isAside: boolean
}

/** What a line is compared with to see whether it begins something new. */
interface Surroundings {
  readonly margins: Margins
  /** From baseline to baseline, in font sizes, where lines are as large as this one. */
  readonly pitchAt: (line: Line) => number
  readonly rules: readonly Rule[]
  /** Points. */
  readonly bodySize: number
}

export class ParagraphBuilder {
  readonly #drafts: Draft[] = []
  /** What the next line of this column may go on with. */
  #current: Draft | undefined
  readonly #body: BodyStyle
  readonly #outline: Outline
  /** Where the items of the open list begin, by depth. Points. */
  #indents: number[] = []
  #lastMark: ListMark | null = null

  constructor(body: BodyStyle, outline: Outline) {
    this.#body = body
    this.#outline = outline
  }

  drafts(): Draft[] {
    return this.#drafts
  }

  #push(draft: Draft): void {
    this.#drafts.push(draft)
    this.#current = draft
  }

  addColumn(column: Column): void {
    const text = column.lines
    if (text.length === 0) return
    let before: Line | null = null
    const pitches = pitchesOf(text)
    const surroundings = {
      margins: marginsOf(text),
      pitchAt: (line: Line) => pitches.get(sizeClass(line)) ?? this.#body.pitch,
      rules: column.rules,
      bodySize: this.#body.fontSize,
    }
    for (const item of withTables(text, column.rules)) {
      if ('rows' in item) {
        this.#addTable(item)
        before = null
      } else {
        if (column.isAside) this.#begin(item, true)
        else this.#addLine(item, before, surroundings)
        before = item
      }
    }
  }

  #addTable({ rows, headerRows }: Table): void {
    const parts = rows.map(({ cells, line }) => ({
      line,
      text: cells.map(lineText).join(' | ').trim(),
      joins: 'break' as const,
    }))
    this.#push({ kind: 'table', parts, headerRows, isFloat: true, isAside: false })
  }

  #addLine(line: Line, before: Line | null, around: Surroundings): void {
    const last = this.#current
    const isNew = before === null || beginsAnew(before, line, around, last)
    const lastMark = last?.kind === 'list' ? this.#lastMark : null
    const mark = this.#isNumberedHeading(line) ? null : markOf(line.text, { isNew, lastMark })
    if (mark) this.#addItem(line, mark, last, before)
    else if ((isNew || last?.kind === 'code') && line.mono && isCodeLine(line, around))
      this.#addCode(line, last, before)
    else if (before === null || (isNew && last?.isFloat && /^\p{Ll}/u.test(line.text)))
      this.#continueColumn(line, around)
    else if (isNew || !last || last.kind === 'code' || last.kind === 'table') this.#begin(line, false)
    else last.parts.push({ line, text: lineText(line.text), joins: 'flow' })
  }

  /** "1. Introduction" may look like the first item of a list. */
  #isNumberedHeading({ text, bold, fontSize }: Line): boolean {
    if (!/^\d/.test(text) || text.length > 120) return false
    const isLarge = fontSize > 1.05 * this.#body.fontSize
    return (bold && !this.#body.isBold) || isLarge || this.#outline.has(headingKey(text))
  }

  #begin(line: Line, isAside: boolean): void {
    const text = lineText(line.text)
    if (text === '') return
    const isSmall = line.fontSize < 0.93 * this.#body.fontSize
    const isFloat = isAside || isSmall || isCaption(text)
    this.#push({ kind: 'paragraph', parts: [{ line, text, joins: 'break' }], isFloat, isAside })
  }

  #addItem(line: Line, mark: ListMark, last: Draft | undefined, before: Line | null): void {
    const goesOn = last?.kind === 'list' && (before !== null || line.page - lastLine(last).page <= 1)
    if (!goesOn) this.#indents = []
    const left = line.box[0]
    if (before === null && goesOn)
      this.#indents = this.#indents.map((indent) => indent + left - (this.#indents.at(-1) ?? left))
    // The next number belongs to the same list, wherever it stands: text may be flush right.
    const isNext = goesOn && mark.number !== null && this.#lastMark?.number === mark.number - 1
    if (isNext) this.#indents = [...this.#indents.slice(0, -1), left]
    while (this.#indents.length > 1 && left < (this.#indents.at(-1) ?? 0) - 3) this.#indents.pop()
    if (left > (this.#indents.at(-1) ?? -Infinity) + 6) this.#indents.push(left)
    const depth = Math.max(0, this.#indents.length - 1)
    const text = `${'  '.repeat(depth)}${mark.marker} ${lineText(mark.rest)}`.trimEnd()
    this.#lastMark = mark
    const part = { line, text, joins: 'break' as const }
    if (goesOn) last.parts.push(part)
    else this.#push({ kind: 'list', parts: [part], isFloat: false, isAside: false })
  }

  #addCode(line: Line, last: Draft | undefined, before: Line | null): void {
    const indent = last?.kind === 'code' && before ? codeIndent(firstLine(last), line) : 0
    const text = `${' '.repeat(indent)}${lineText(line.text)}`
    if (last?.kind === 'code' && before) last.parts.push({ line, text, joins: 'break' })
    else this.#push({ kind: 'code', parts: [{ line, text, joins: 'break' }], isFloat: false, isAside: false })
  }

  /** The first line of a column, or below a figure, may go on with what the column before, or the page before, left open. */
  #continueColumn(line: Line, around: Surroundings): void {
    const open = this.#openDraft()
    if (open && !isCaption(line.text) && goesOnIn(open, line, around)) {
      open.parts.push({ line, text: lineText(line.text), joins: 'flow' })
      this.#current = open
    } else this.#begin(line, false)
  }

  /** The last draft that is no float: tables, captions and footnotes may stand between the halves of a paragraph. */
  #openDraft(): Draft | undefined {
    const open = this.#drafts.findLast(({ isFloat }) => !isFloat)
    return open && (open.kind === 'paragraph' || open.kind === 'list') ? open : undefined
  }
}

/** Whether a line begins a paragraph, seen from the line above it in the same column. */
function beginsAnew(before: Line, line: Line, around: Surroundings, last: Draft | undefined): boolean {
  const { margins, rules } = around
  const size = Math.max(before.fontSize, line.fontSize)
  if (Math.abs(before.fontSize - line.fontSize) > 0.08 * size) return true
  // A bold line that fills the column is the beginning of a paragraph ("Figure 1. ..."), a shorter one a heading.
  const isRunIn = before.bold && margins.right - before.box[2] < size
  if (before.bold !== line.bold && size < 1.15 * around.bodySize && !isRunIn) return true
  const gap = line.baseline - before.baseline
  if (
    gap < 0.5 * size ||
    gap > (around.pitchAt(line) + 0.25) * size ||
    rules.some((rule) => divides(rule, before, line))
  )
    return true
  const indent = line.box[0] - before.box[0]
  const isListItem = last?.kind === 'list'
  // Where lines are flush right, or centred, their left edges say nothing.
  if (margins.flushLeft >= 0.4 || (isListItem && margins.flushRight < 0.7)) {
    if (indent > 0.8 * size && !(isListItem && last.parts.at(-1)?.line === before)) return true
    const isFirst = last !== undefined && lastLine(last) === before && last.parts.at(-1)?.joins === 'break'
    // An item's second line may stand left of its first, where the mark was indented like a paragraph's first line.
    const isFull = margins.right - before.box[2] < 3 * size
    if (indent < -0.8 * size && !(isFirst && (isFull || !isListItem))) return true
  }
  return endsShort(before, line, margins)
}

/** The usual distance of lines of each size, in font sizes: at the lower end, because paragraphs may be as short as their gaps. */
function pitchesOf(lines: readonly Line[]): Map<number, number> {
  const pitches = new Map<number, number[]>()
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1]
    if (!before || sizeClass(before) !== sizeClass(line)) continue
    const pitch = (line.baseline - before.baseline) / line.fontSize
    if (pitch > 0.9 && pitch < 2.6) listAt(pitches, sizeClass(line)).push(pitch)
  }
  const known = [...pitches].filter(([, values]) => values.length >= 3)
  return new Map(known.map(([size, values]) => [size, quantile(values, 0.35)]))
}

const sizeClass = ({ fontSize }: Line): number => Math.round(fontSize * 2)

/** A line that leaves more room than the next word needs ends its paragraph, if it ends a sentence or the others are full. */
function endsShort(before: Line, line: Line, margins: Margins): boolean {
  const firstWord = line.text.trimStart().split(/\s/, 1)[0] ?? ''
  const wordWidth = (widthOf(line.box) / Math.max(1, line.text.length)) * (firstWord.length + 1)
  const isFlush = margins.flushLeft >= 0.4
  const room = margins.right - (isFlush ? before.box[2] : margins.left) - (isFlush ? 0 : widthOf(before.box))
  const isJustified = margins.flushRight > 0.5
  if (room < wordWidth + (isJustified ? 1 : 2) * before.fontSize) return false
  if (isJustified || /[.!?:]["'”’)\]]?$/.test(before.text.trimEnd())) return true
  return isFlush && room > 0.35 * (margins.right - margins.left) && /^\p{Lu}/u.test(line.text)
}

/** Whether the first line of a column goes on with a paragraph, or with the last item of a list, of the column before. */
function goesOnIn(open: Draft, line: Line, { margins }: Surroundings): boolean {
  const last = lastLine(open)
  if (last.page < line.page - 1 || last.turn !== line.turn) return false
  if (Math.abs(last.fontSize - line.fontSize) > 0.05 * line.fontSize || last.bold !== line.bold) return false
  const end = lineText(last.text)
  const start = lineText(line.text)
  if (/[-\u2010]$/.test(end)) return /^\p{L}/u.test(start)
  if (/[.!?:]["'”’)\]]?$/.test(end)) return /^\p{Ll}/u.test(start) && !/[!?:]$/.test(end)
  if (/^\p{Ll}/u.test(start)) return true
  const isIndented = line.box[0] - margins.left > 0.8 * line.fontSize
  return !isIndented && draftText(open).length > 60 && margins.flushLeft > 0.4
}

/** Code stands at the left, one line under another; a line in the middle of the page is an address. */
function isCodeLine(line: Line, { margins }: Surroundings): boolean {
  const [left, right] = [line.box[0] - margins.left, margins.right - line.box[2]]
  const isCentred = left > 2 * line.fontSize && Math.abs(left - right) < 2 * line.fontSize
  return !isCentred && !/^\S+(@|:\/\/)\S+$/.test(line.text)
}

function codeIndent(first: Line, line: Line): number {
  const advance = widthOf(line.box) / Math.max(1, line.text.length)
  return Math.max(0, Math.min(40, Math.round((line.box[0] - first.box[0]) / advance)))
}
