/**
 * Markdown for static site generators carries template tags (`{% include x %}`, Jekyll and Liquid) that are not text and
 * that even break links: `[name]({% page "/a" %})` is no link to a Markdown parser. This takes them out beforehand.
 */

/** Bounded, so that a text full of "{%" costs one pass. */
const TAG = /\{%-?\s{0,20}(\w+)((?:(?!%\}|\{%)[\s\S]){0,500}?)-?%\}/g

/** Ends a paragraph, as a tag on a line of its own does, and no HTML block, as a blank line would. */
const EMPTY_COMMENT = '<!---->'

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
  const lastCommentEnd = source.lastIndexOf('endcomment')
  for (const match of source.matchAll(TAG)) {
    const [tag, name, rest] = match as unknown as [string, string, string]
    while ((code[nextCode]?.end ?? Number.POSITIVE_INFINITY) <= match.index) nextCode++
    if ((code[nextCode]?.start ?? Number.POSITIVE_INFINITY) <= match.index) continue
    if (!inComment) result += source.slice(from, match.index)
    from = match.index + tag.length
    // One that nobody closes would swallow the rest of the text.
    if (name === 'comment') inComment = from < lastCommentEnd
    else if (name === 'endcomment') {
      inComment = false
      result += EMPTY_COMMENT
    } else if (!inComment && !isAddress(source, match.index)) {
      result += isAlone(source, match.index, from) ? EMPTY_COMMENT : quotedWord(rest)
    }
  }
  return result + source.slice(from)
}

const isAddress = (source: string, start: number): boolean =>
  /[("'=<]\s*$/.test(source.slice(Math.max(0, start - 20), start))

/** Nothing on its line but tags. */
function isAlone(source: string, start: number, end: number): boolean {
  const before = source.slice(Math.max(0, start - NEIGHBOURHOOD), start)
  const after = source.slice(end, end + NEIGHBOURHOOD)
  const line = before.slice(before.lastIndexOf('\n') + 1) + after.split('\n', 1)[0]
  return line.replace(TAG, '').trim() === ''
}

const quotedWord = (rest: string): string => /^\s*["']([\w-]+)["']\s*$/.exec(rest)?.[1] ?? ''
