/** How lists, tables and code look in canonical text: the same from Markdown and from HTML. */

/** One line per item; what follows an item's first line is indented under it. */
export function listText(items: readonly string[], firstNumber: number | null): string {
  return items
    .filter((item) => item.trim() !== '')
    .map((item, index) => {
      const marker = firstNumber === null ? '- ' : `${firstNumber + index}. `
      return marker + item.replace(/\n(?!\n)/g, '\n  ')
    })
    .join('\n')
}

/** One line per row, cells separated by bars. */
export function tableText(rows: readonly (readonly string[])[]): string {
  return rows
    .filter((row) => row.some((cell) => cell !== ''))
    .map((row) => row.join(' | ').trim())
    .join('\n')
}

/** Text within a line: runs of whitespace are one space, and only a break that the author set is a line end. */
export function inlineText(parts: readonly string[]): string {
  return parts
    .join('')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim()
}
