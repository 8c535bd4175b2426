/** Lines of the columns, in reading order, to paragraphs, lists, tables and code. */
import { type Draft, draftText, firstLine, lastLine } from './drafts.js'
import { median, type Rule, widthOf } from './geometry.js'
import { lineText } from './join-lines.js'
import { type Line, type Margins, marginsOf } from './lines.js'
import { type ListMark, markOf } from './list-marks.js'
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
  /** Points from baseline to baseline. */
  readonly pitch: number
}

export class ParagraphBuilder {
  readonly #drafts: Draft[] = []
  readonly #body: BodyStyle
  /** Where the items of the open list begin, by depth. Points. */
  #indents: number[] = []
  #lastMark: ListMark | null = null

  constructor(body: BodyStyle) {
    this.#body = body
  }

  drafts(): Draft[] {
    return this.#drafts
  }

  addColumn(column: Column): void {
    const text = column.lines
    if (text.length === 0) return
    let before: Line | null = null
    const margins = marginsOf(text)
    const surroundings = { margins, pitch: this.#pitchOf(text) }
    for (const item of withTables(text, column.rules)) {
      if ('rows' in item) {
        this.#addTable(item)
        before = null
      } else {
        if (column.isAside) this.#begin('paragraph', item, true, before)
        else this.#addLine(item, before, surroundings)
        before = item
      }
    }
  }

  #pitchOf(lines: readonly Line[]): number {
    const pitches = lines.slice(1).map((line, index) => line.baseline - (lines[index] as Line).baseline)
    const size = median(lines.map(({ fontSize }) => fontSize))
    const usual = median(pitches.filter((pitch) => pitch > 0.8 * size && pitch < 2.6 * size))
    return usual > 0 && pitches.length >= 4 ? usual : this.#body.pitch * size
  }

  #addTable({ rows, headerRows }: Table): void {
    const parts = rows.map(({ cells, line }) => ({
      line,
      text: cells.map(lineText).join(' | ').trim(),
      joins: 'break' as const,
    }))
    this.#drafts.push({ kind: 'table', parts, headerRows, isFloat: true })
  }

  #addLine(line: Line, before: Line | null, around: Surroundings): void {
    const last = this.#drafts.at(-1)
    const isNew = before === null || beginsAnew(before, line, around, last)
    const mark = markOf(line.text, { isNew, lastMark: last?.kind === 'list' ? this.#lastMark : null })
    if (mark) this.#addItem(line, mark, last, before)
    else if (line.mono && isCodeLine(line, around)) this.#addCode(line, last, before)
    else if (before === null) this.#continueColumn(line, around)
    else if (isNew || !last || last.kind === 'code' || last.kind === 'table')
      this.#begin('paragraph', line, false, before)
    else last.parts.push({ line, text: lineText(line.text), joins: 'flow' })
  }

  #begin(kind: 'paragraph', line: Line, isAside: boolean, _before: Line | null): void {
    const text = lineText(line.text)
    if (text === '') return
    const isSmall = line.fontSize < 0.93 * this.#body.fontSize
    this.#drafts.push({ kind, parts: [{ line, text, joins: 'break' }], isFloat: isAside || isSmall || isCaption(text) })
  }

  #addItem(line: Line, mark: ListMark, last: Draft | undefined, before: Line | null): void {
    const goesOn = last?.kind === 'list' && (before !== null || line.page - lastLine(last).page <= 1)
    if (!goesOn) this.#indents = []
    const left = line.box[0]
    if (before === null && goesOn)
      this.#indents = this.#indents.map((indent) => indent + left - (this.#indents.at(-1) ?? left))
    while (this.#indents.length > 1 && left < (this.#indents.at(-1) ?? 0) - 3) this.#indents.pop()
    if (left > (this.#indents.at(-1) ?? -Infinity) + 6) this.#indents.push(left)
    const depth = Math.max(0, this.#indents.length - 1)
    const text = `${'  '.repeat(depth)}${mark.marker} ${lineText(mark.rest)}`.trimEnd()
    this.#lastMark = mark
    const part = { line, text, joins: 'break' as const }
    if (goesOn) last.parts.push(part)
    else this.#drafts.push({ kind: 'list', parts: [part], isFloat: false })
  }

  #addCode(line: Line, last: Draft | undefined, before: Line | null): void {
    const indent = last?.kind === 'code' && before ? codeIndent(firstLine(last), line) : 0
    const text = `${' '.repeat(indent)}${lineText(line.text)}`
    if (last?.kind === 'code' && before) last.parts.push({ line, text, joins: 'break' })
    else this.#drafts.push({ kind: 'code', parts: [{ line, text, joins: 'break' }], isFloat: false })
  }

  /** The first line of a column may go on with what the column before, or the page before, left open. */
  #continueColumn(line: Line, around: Surroundings): void {
    const open = this.#openDraft()
    if (open && goesOnIn(open, line, around)) open.parts.push({ line, text: lineText(line.text), joins: 'flow' })
    else this.#begin('paragraph', line, false, null)
  }

  /** The last draft that is no float: tables, captions and footnotes may stand between the halves of a paragraph. */
  #openDraft(): Draft | undefined {
    const open = this.#drafts.findLast(({ isFloat }) => !isFloat)
    return open && (open.kind === 'paragraph' || open.kind === 'list') ? open : this.#drafts.at(-1)
  }
}

/** Whether a line begins a paragraph, seen from the line above it in the same column. */
function beginsAnew(before: Line, line: Line, { margins, pitch }: Surroundings, last: Draft | undefined): boolean {
  const size = Math.max(before.fontSize, line.fontSize)
  if (Math.abs(before.fontSize - line.fontSize) > 0.08 * size || before.bold !== line.bold) return true
  const gap = line.baseline - before.baseline
  if (gap < 0.5 * size || gap > Math.max(pitch * 1.22, pitch + 0.15 * size)) return true
  const indent = line.box[0] - before.box[0]
  const isListItem = last?.kind === 'list'
  if (margins.flushLeft >= 0.4 || isListItem) {
    if (indent > 0.8 * size && !(isListItem && last.parts.at(-1)?.line === before)) return true
    const isFirst = last !== undefined && lastLine(last) === before && last.parts.at(-1)?.joins === 'break'
    if (indent < -0.8 * size && (!isFirst || isListItem)) return true
  }
  return endsShort(before, line, margins)
}

/** A line that leaves more room than the next word needs ends its paragraph, if it ends a sentence or the others are full. */
function endsShort(before: Line, line: Line, margins: Margins): boolean {
  const firstWord = line.text.trimStart().split(/\s/, 1)[0] ?? ''
  const wordWidth = (widthOf(line.box) / Math.max(1, line.text.length)) * (firstWord.length + 1)
  const isFlush = margins.flushLeft >= 0.4
  const room = margins.right - (isFlush ? before.box[2] : margins.left) - (isFlush ? 0 : widthOf(before.box))
  const isJustified = margins.flushRight > 0.5
  if (room < wordWidth + (isJustified ? 1 : 2) * before.fontSize) return false
  return isJustified || /[.!?:]["'”’)\]]?$/.test(before.text.trimEnd())
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

/** Monospaced text in running text is a name; code stands in lines of its own that leave room. */
function isCodeLine(line: Line, { margins }: Surroundings): boolean {
  const isCentred =
    Math.abs(line.box[0] - margins.left + line.box[2] - margins.right) < line.fontSize &&
    line.box[0] - margins.left > 2 * line.fontSize
  return line.text.length > 1 && !(isCentred && /@|:\/\//.test(line.text))
}

function codeIndent(first: Line, line: Line): number {
  const advance = widthOf(line.box) / Math.max(1, line.text.length)
  return Math.max(0, Math.min(40, Math.round((line.box[0] - first.box[0]) / advance)))
}
