/** Results as people read them on a terminal. */
export interface AnswerView {
  readonly id: string
  readonly text: string
  readonly confidence: number
  readonly start: number
  readonly end: number
  readonly documentVersion: number
  readonly context: string
  readonly contextStart: number
  readonly document: { readonly id: string; readonly title: string }
  readonly location: { readonly label: string }
}

/** Characters of the passage shown on each side of an answer. */
const AROUND = 160

export const percent = (share: number): string => `${Math.round(share * 100)} %`

/** The answer, the quote it stands in with the answer marked, where that is, and the ids that a correction names. */
export function answerLines(answer: AnswerView): string {
  const { text, context, confidence, document, documentVersion, location } = answer
  const start = answer.start - answer.contextStart
  const before = clipStart(context.slice(0, start))
  const after = clipEnd(context.slice(start + text.length))
  const quote = oneLine(`${before}»${text}«${after}`)
  const source = document.title ? location.label : '(deleted document)'
  return [
    oneLine(text),
    `  "${quote}"`,
    `  ${source}, version ${documentVersion} · confidence ${percent(confidence)}`,
    `  answer ${answer.id} · document ${document.id}`,
  ].join('\n')
}

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

function clipStart(text: string): string {
  if (text.length <= AROUND) return text
  const tail = text.slice(-AROUND)
  return `…${tail.slice(Math.max(0, tail.search(/\s/)))}`
}

function clipEnd(text: string): string {
  if (text.length <= AROUND) return text
  const head = text.slice(0, AROUND)
  const lastSpace = head.search(/\s\S*$/)
  return `${lastSpace > 0 ? head.slice(0, lastSpace) : head}…`
}

/** Columns as wide as their longest cell; the last one is not padded. */
export function table(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  if (rows.length === 0) return '(none)'
  const cells = [header, ...rows.map((row) => row.map((cell) => String(cell ?? '-')))]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A moment as a person on this machine writes it. */
export const moment = (iso: string | null): string => (iso ? iso.slice(0, 19).replace('T', ' ') : '-')

export interface PageInfo {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

/** Says below a list how to get the rest of it. */
export const moreLine = ({ hasNextPage, endCursor }: PageInfo): string =>
  hasNextPage ? `\n\nmore: --after ${endCursor}` : ''
