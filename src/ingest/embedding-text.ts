/** Longest title and headings before a chunk: about 30 tokens of English. */
const MAX_PREFIX_LENGTH = 120

/**
 * The text that is embedded for a chunk: title and headings, then the chunk. A chunk from the middle of a section often
 * does not name its subject ("It refills after a year"); the headings do. The embedder's window is 256 tokens and a chunk
 * takes up to 220, so that the prefix is held short: first the outer headings go, then the ends of what is left. The
 * chunk itself is never shortened here, and what a heading path repeats (of the title, or of the chunk's own first line)
 * is left out. The header of a table that goes on in this chunk stands between the two: the chunker has held it short,
 * together with the chunk.
 */
export function embeddingText(
  title: string,
  headingPath: readonly string[],
  chunkText: string,
  tableHeader: string | null = null,
): string {
  const names = [title, ...headingPath].filter((name) => name !== '')
  const distinct = names.filter((name, index) => names.indexOf(name) === index && !beginsWithLine(chunkText, name))
  const before = [shortened(distinct), tableHeader ?? ''].filter((line) => line !== '')
  return [...before, chunkText].join('\n')
}

const beginsWithLine = (text: string, line: string): boolean =>
  text.startsWith(line) && (text.length === line.length || text[line.length] === '\n')

function shortened(names: readonly string[]): string {
  const [first, ...others] = names
  if (first === undefined) return ''
  const kept = [first, ...others]
  while (kept.length > 2 && joined(kept).length > MAX_PREFIX_LENGTH) kept.splice(1, 1)
  if (joined(kept).length <= MAX_PREFIX_LENGTH) return joined(kept)
  const room = Math.floor((MAX_PREFIX_LENGTH - joined(kept.map(() => '')).length) / kept.length)
  return joined(kept.map((name) => firstWords(name, room)))
}

const joined = (names: readonly string[]): string => names.join(' > ')

function firstWords(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const lastSpace = text.slice(0, maxLength + 1).lastIndexOf(' ')
  // Cut inside a word only where there is no space, and never inside a surrogate pair.
  return lastSpace > 0 ? text.slice(0, lastSpace) : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')
}
