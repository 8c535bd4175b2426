/** Runs of text in the order of the content stream to pieces: stretches of a line that no wide gap divides. */
import { heaviest, type Piece, union, widthOf } from './geometry.js'

/** A text item of pdf.js, placed. Text of spaces only says that a space belongs there. */
export type Run = Piece

/** Parts of the font size: a wider gap is a space; a much wider one may be the gap between columns or cells. */
const SPACE = 0.16
const DIVIDE = 0.7

export class PieceBuilder {
  readonly #pieces: Piece[] = []
  readonly #seen = new Map<string, Piece[]>()
  #open: Run[] = []
  #spaceComes = false

  add(run: Run): void {
    if (run.text.trim() === '') {
      this.#spaceComes = true
      return
    }
    if (this.#isDrawnTwice(run)) return
    if (this.#open.length > 0 && !continues(this.#open, run)) this.#close()
    const text = this.#open.length > 0 && this.#spaceComes ? ` ${run.text}` : run.text
    this.#spaceComes = false
    this.#open.push({ ...run, text })
  }

  pieces(): Piece[] {
    this.#close()
    return this.#pieces
  }

  /** Some programs make text bold by writing it twice, a hair apart. */
  #isDrawnTwice(run: Run): boolean {
    const same = this.#seen.get(run.text)
    if (!same) {
      this.#seen.set(run.text, [run])
      return false
    }
    const near = run.fontSize * 0.15
    const isTwice = same.some(
      ({ box, baseline }) => Math.abs(box[0] - run.box[0]) < near && Math.abs(baseline - run.baseline) < near,
    )
    if (!isTwice) same.push(run)
    return isTwice
  }

  #close(): void {
    if (this.#open.length > 0) this.#pieces.push(joinPieces(this.#open))
    this.#open = []
    this.#spaceComes = false
  }
}

/** Whether a run goes on where the runs before it ended: on their line, or as a small mark above or below it. */
function continues(open: readonly Run[], run: Run): boolean {
  const last = open.at(-1)
  if (!last || run.rightToLeft || last.rightToLeft) return false
  const size = Math.max(last.fontSize, run.fontSize)
  const gap = run.box[0] - last.box[2]
  if (gap > DIVIDE * size || gap < -0.5 * size) return false
  const shift = Math.abs(run.baseline - last.baseline)
  const isMark = Math.min(last.fontSize, run.fontSize) < 0.85 * size
  return shift < (isMark ? 0.6 : 0.2) * size
}

/** One piece of several on a line, in reading order: spaces where the gaps say so, raised digits told from the word before. */
export function joinPieces(parts: readonly Piece[], separator = ' '): Piece {
  const main = largest(parts)
  let text = ''
  let before: Piece | null = null
  for (const part of parts) {
    const gap = before ? gapBetween(before, part) : 0
    const size = before ? Math.max(before.fontSize, part.fontSize) : 0
    const spaced = before !== null && gap > SPACE * Math.min(size, main.fontSize) && !/\s$/.test(text)
    const isRaised = isSuperscript(part, main)
    text = isRaised ? withSuperscript(text, part.text, spaced) : text + (spaced ? separator : '') + part.text
    before = part
  }
  const box = union(parts.map((part) => part.box))
  const bold = parts.every((part) => part.bold || !/[\p{L}\p{N}]/u.test(part.text))
  const mono = lengthOf(parts.filter((part) => part.mono)) > 0.8 * lengthOf(parts)
  const rightToLeft = lengthOf(parts.filter((part) => part.rightToLeft)) > 0.5 * lengthOf(parts)
  const { baseline, fontSize } = main
  return { text, box, baseline, fontSize, bold, mono, rightToLeft }
}

const gapBetween = (a: Piece, b: Piece): number => Math.max(b.box[0] - a.box[2], a.box[0] - b.box[2])

const lengthOf = (parts: readonly Piece[]): number => parts.reduce((sum, { text }) => sum + text.trim().length, 0)

/** The part in the font size and on the baseline that most of the text has. */
function largest(parts: readonly Piece[]): Piece {
  const weights = new Map<string, number>()
  const key = ({ fontSize, baseline }: Piece) => `${fontSize.toFixed(1)} ${baseline.toFixed(0)}`
  for (const part of parts) weights.set(key(part), (weights.get(key(part)) ?? 0) + widthOf(part.box))
  const most = heaviest(weights)
  return parts.find((part) => key(part) === most) ?? (parts[0] as Piece)
}

function isSuperscript(part: Piece, main: Piece): boolean {
  return part.fontSize < 0.85 * main.fontSize && main.baseline - part.baseline > 0.15 * main.fontSize
}

const RAISED_DIGITS = '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'

/**
 * "practice" and a raised 2 must become neither "practice2", which no search for the word finds, nor, for 10 and a raised 3,
 * "103". Raised digits keep their height, and a word of three letters or more is no unit of measure: it ends before them.
 */
function withSuperscript(text: string, raised: string, spaced: boolean): string {
  if (!/^\s*\d+\s*$/.test(raised)) return text + (spaced ? ' ' : '') + raised
  const digits = raised.replace(/\d/g, (digit) => RAISED_DIGITS[Number(digit)] ?? digit)
  const gap = spaced || /[\p{L}\p{P}]{3}$/u.test(text) ? ' ' : ''
  return text + (/\s$/.test(text) ? '' : gap) + digits.trimStart() + (text === '' ? ' ' : '')
}
