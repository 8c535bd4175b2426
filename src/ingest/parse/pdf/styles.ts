/** What the body of a document is set in, and so what its headings are. */
import type { Draft } from './drafts.js'
import { draftText, firstLine } from './drafts.js'
import { heaviest, median } from './geometry.js'
import type { Line } from './lines.js'
import { headingKey, type Outline } from './outline.js'

export interface BodyStyle {
  /** Points. */
  readonly fontSize: number
  readonly isBold: boolean
  /** From one baseline to the next, in font sizes. */
  readonly pitch: number
}

export function bodyStyleOf(columns: readonly (readonly Line[])[]): BodyStyle {
  const sizes = new Map<number, number>()
  const pitches: number[] = []
  let [bold, all] = [0, 0]
  for (const lines of columns)
    for (const [index, line] of lines.entries()) {
      const size = Math.round(line.fontSize * 2) / 2
      sizes.set(size, (sizes.get(size) ?? 0) + line.text.length)
      if (line.bold) bold += line.text.length
      all += line.text.length
      const before = lines[index - 1]
      if (before && before.fontSize === line.fontSize) pitches.push((line.baseline - before.baseline) / line.fontSize)
    }
  const pitch = median(pitches.filter((value) => value > 0.8 && value < 3))
  return { fontSize: heaviest(sizes) ?? 10, isBold: bold > 0.5 * all, pitch: pitch || 1.2 }
}

const NUMBERED =
  /^(\d{1,2}(\.\d{1,2}){0,4}\.?|[A-Z]\.(\d\.?)*|[IVX]{1,5}\.|(chapter|section|appendix|part|article) [\dA-Z]+[.:]?)\s+\p{L}/iu
const CAPTION = /^(figure|fig\.|table|listing|algorithm|abbildung|tabelle) ?\d/i

export const isCaption = (text: string): boolean => CAPTION.test(text)

/** Whether a paragraph reads as a heading: larger than the body, or as large and bold or numbered; short, and no sentence. */
export function looksLikeHeading(draft: Draft, body: BodyStyle, outline: Outline): boolean {
  const text = draftText(draft)
  if (
    draft.kind !== 'paragraph' ||
    draft.isAside ||
    draft.parts.length > 4 ||
    text.length > 220 ||
    !/\p{L}{2}|^\d+$/u.test(text)
  )
    return false
  if (outline.has(headingKey(text)) && text.length < 200) return true
  if (isCaption(text) || !/\p{L}{2}/u.test(text) || /[,;]$/.test(text)) return false
  const line = firstLine(draft)
  const ratio = line.fontSize / body.fontSize
  const isSentence = /[.!]["'”’)]?$/.test(text) && text.length > 60
  if (ratio >= 1.15) return !isSentence && (draft.parts.length <= 3 || ratio > 1.5)
  const isBold = line.bold && !body.isBold && draft.parts.every((part) => part.line.bold)
  if (ratio < 0.93 || draft.parts.length > 2 || text.length > 120) return false
  if (isBold) return !/[.:]$/.test(text) || NUMBERED.test(text)
  return ratio >= 1.05 && NUMBERED.test(text)
}

/**
 * Levels: those of the outline; for the rest by size and weight, from the largest on. Sizes count only where they are
 * larger than the body's, so that a bold line of the body's size is the lowest heading there is.
 */
export function levelHeadings(drafts: readonly Draft[], body: BodyStyle, outline: Outline): void {
  const headings = drafts.filter(({ kind }) => kind === 'heading')
  const styleOf = (draft: Draft) => {
    const { fontSize, bold } = firstLine(draft)
    if (fontSize < 1.05 * body.fontSize) return 'body'
    return `${fontSize.toFixed(0)} ${bold && fontSize < 1.15 * body.fontSize ? 'bold' : ''}`
  }
  const sizes = new Map(headings.map((draft) => [styleOf(draft), firstLine(draft).fontSize]))
  const ranked = [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? 1 : -1)).map(([style]) => style)
  for (const draft of headings) {
    const known = outline.get(headingKey(draftText(draft)))
    draft.headingLevel = known ?? Math.min(6, ranked.indexOf(styleOf(draft)) + 1)
  }
}
