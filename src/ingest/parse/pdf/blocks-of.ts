/** Drafts to blocks: the lines joined, and where each of them stands. */
import { type Block, normaliseText, type TextBox } from '../../canonical-text.js'
import type { Draft } from './drafts.js'
import { shownBox } from './geometry.js'
import { beforeNext, type Vocabulary } from './join-lines.js'

export interface PageSize {
  readonly width: number
  readonly height: number
}

/** Null where nothing is left of the text. */
export function blockOf(draft: Draft, vocabulary: Vocabulary, sizeOf: (page: number) => PageSize): Block | null {
  let text = ''
  const boxes: TextBox[] = []
  for (const { line, text: part, joins } of draft.parts) {
    if (part === '') continue
    if (text !== '') {
      text = joins === 'break' ? `${text}\n` : beforeNext(text, part, vocabulary)
      const last = boxes.at(-1)
      // The hyphen that went belonged to the line before.
      if (last && last.end > text.length) boxes[boxes.length - 1] = { ...last, end: text.length }
    }
    const start = text.length
    text += part
    const { width, height } = sizeOf(line.page)
    const [left, top, right, bottom] = shownBox(line.box, line.turn, width, height)
    const box = [rounded(left), rounded(top), rounded(right), rounded(bottom)] as const
    boxes.push({ start, end: text.length, page: line.page, box })
  }
  const canonical = normaliseText(text)
  if (canonical === '') return null
  const first = boxes[0]
  // Letters of two lines that compose to one would move the offsets: then only the page is told.
  const where = canonical === text ? { boxes } : {}
  return {
    text: canonical,
    ...(first && { page: first.page }),
    ...where,
    ...(draft.kind === 'heading'
      ? { headingLevel: draft.headingLevel ?? 6 }
      : draft.kind === 'paragraph'
        ? {}
        : { kind: draft.kind }),
    ...(draft.kind === 'table' && { headerRows: draft.headerRows ?? 0 }),
  }
}

const rounded = (points: number): number => Math.round(points * 100) / 100
