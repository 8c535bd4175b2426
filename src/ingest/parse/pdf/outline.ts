/** The outline (bookmarks): the headings as the author's program knew them. */
import { normaliseText } from '../../canonical-text.js'
import type { PDFDocumentProxy } from './pdfjs.js'

/** Levels 1 to 6 by the {@link headingKey} of a title. Where two entries read the same, the higher one counts. */
export type Outline = ReadonlyMap<string, number>

const MAX_ENTRIES = 20_000

export async function readOutline(pdf: PDFDocumentProxy): Promise<Outline> {
  const levels = new Map<string, number>()
  const open = ((await pdf.getOutline()) ?? []).map((entry) => ({ entry, level: 1 }))
  for (let read = 0; open.length > 0 && read < MAX_ENTRIES; read++) {
    const next = open.shift()
    if (!next) break
    const key = headingKey(next.entry.title)
    if (key !== '' && !levels.has(key)) levels.set(key, Math.min(next.level, 6))
    for (const entry of next.entry.items) open.push({ entry, level: next.level + 1 })
  }
  return levels
}

/** Letters and digits only: an outline has "Introduction" for "1. INTRODUCTION". */
export function headingKey(text: string): string {
  return normaliseText(text)
    .toLowerCase()
    .replace(/^\s*((chapter|section|appendix|part)\s+)?([\divx]+[.):]?)+(\s|$)/, '')
    .replace(/[^\p{L}\p{N}]+/gu, '')
}
