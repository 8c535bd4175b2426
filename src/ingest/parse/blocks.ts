/** How lists, tables and code look in canonical text: the same from every format. */

export interface ListItem {
  /** What stands before the first line: `-`, `3.`, `(b)`. Empty where the text is itself a list, which is then not indented. */
  readonly marker: string
  readonly text: string
}

/** One line per item; what follows an item's first line is indented under it. */
export function listText(items: readonly ListItem[]): string {
  return items
    .filter(({ text }) => text.trim() !== '')
    .map(({ marker, text }) => (marker === '' ? text : `${marker} ${text.replace(/\n(?!\n)/g, '\n  ')}`))
    .join('\n')
}

export interface OutlineItem extends ListItem {
  /** How deep it lies; only differences count. */
  readonly level: number
}

/** A list whose items say how deep they lie, instead of lying within one another. Not indented more than its depth asks. */
export function outlineText(items: readonly OutlineItem[]): string {
  const open: number[] = []
  const lines: string[] = []
  for (const { level, marker, text } of items) {
    while ((open.at(-1) ?? -1) >= level) open.pop()
    const indent = '  '.repeat(open.length)
    open.push(level)
    lines.push(indent + listText([{ marker, text }]).replace(/\n(?!\n)/g, `\n${indent}`))
  }
  return lines.join('\n')
}

/** Markers of items that are numbered from `first`, or of items without numbers: null. An item without text has no number. */
export function numbered(texts: readonly string[], first: number | null): ListItem[] {
  return texts
    .filter((text) => text.trim() !== '')
    .map((text, index) => ({ marker: first === null ? '-' : `${first + index}.`, text }))
}

/** One line per row, cells separated by bars. */
export function tableText(rows: readonly (readonly string[])[]): string {
  return filledRows(rows)
    .map((row) => row.join(' | ').trim())
    .join('\n')
}

/** A row without text is no line of the table's text. */
export const filledRows = <Row extends readonly string[]>(rows: readonly Row[]): Row[] =>
  rows.filter((row) => row.some((cell) => cell !== ''))

/** Text within a line: runs of whitespace are one space, and only a break that the author set is a line end. */
export function inlineText(parts: readonly string[]): string {
  return parts
    .join('')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim()
}
