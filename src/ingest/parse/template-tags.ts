/**
 * Markdown for static site generators carries template tags (`{% include x %}`, Jekyll and Liquid) that are not text and
 * that even break links: `[name]({% page "/a" %})` is no link to a Markdown parser. This takes them out beforehand.
 */

/** Bounded, so that a text full of "{%" costs one pass. */
const TAG = /\{%-?\s{0,20}(\w+)((?:(?!%\}|\{%)[\s\S]){0,500}?)-?%\}/g

/** How much of a line is looked at on each side of a tag: a line may be megabytes long. */
const NEIGHBOURHOOD = 300

export interface CodeRange {
  readonly start: number
  readonly end: number
}

/**
 * - What stands between `comment` and `endcomment` goes, tags and all.
 * - A tag alone on its line, or where a link's address or an attribute goes, is removed.
 * - A tag in running text leaves its argument when that is one quoted word, because such a tag prints it
 *   (`ask in {% channel "travel" %}`), and nothing otherwise.
 * Tags inside code stay: they are what the code is about.
 */
export function withoutTemplateTags(source: string, code: readonly CodeRange[]): string {
  let result = ''
  let from = 0
  let inComment = false
  let nextCode = 0
  for (const match of source.matchAll(TAG)) {
    const [tag, name, rest] = match as unknown as [string, string, string]
    while ((code[nextCode]?.end ?? Number.POSITIVE_INFINITY) <= match.index) nextCode++
    if ((code[nextCode]?.start ?? Number.POSITIVE_INFINITY) <= match.index) continue
    if (!inComment) result += source.slice(from, match.index)
    from = match.index + tag.length
    if (name === 'comment') inComment = true
    else if (name === 'endcomment') inComment = false
    else if (!inComment && isInRunningText(source, match.index, from)) result += quotedWord(rest)
  }
  return result + source.slice(from)
}

function isInRunningText(source: string, start: number, end: number): boolean {
  if (/[("'=<]\s*$/.test(source.slice(Math.max(0, start - 20), start))) return false
  const before = source.slice(Math.max(0, start - NEIGHBOURHOOD), start)
  const after = source.slice(end, end + NEIGHBOURHOOD)
  const line = before.slice(before.lastIndexOf('\n') + 1) + after.split('\n', 1)[0]
  return line.replace(TAG, '').trim() !== ''
}

const quotedWord = (rest: string): string => /^\s*["']([\w-]+)["']\s*$/.exec(rest)?.[1] ?? ''
