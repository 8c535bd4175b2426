/** The marks that begin an item of a list. */
export interface ListMark {
  /** As the block's text has it: "-" for any bullet, a number as it stands. */
  readonly marker: string
  readonly rest: string
  /** Of a numbered item. */
  readonly number: number | null
}

const BULLET =
  /^([\u2022\u25cf\u25cb\u25aa\u25ab\u25a0\u25a1\u25e6\u2023\u2043\u27a2\u2756]|[-*\u2013o\u00b7\u2219\u2713\u2714](?=\s))\s*(?=\S|$)/u
const NUMBER = /^(\(?(\d{1,3})[.)]|\[(\d{1,3})\])\s+(?=\S)/
const LETTER = /^(\(?([a-z])[.)])\s+(?=\S)/

/**
 * @param context whether the line begins something new in any case, and the mark of the item before it: a number counts only
 * where a paragraph may begin or where it is the next one ("in\n12. The" is no item)
 */
export function markOf(text: string, context: { isNew: boolean; lastMark: ListMark | null }): ListMark | null {
  const trimmed = text.trimStart()
  const bullet = BULLET.exec(trimmed)
  if (bullet) {
    const isDash = /^[-*\u2013o\u00b7\u2219\u2713\u2714]/.test(trimmed)
    return isDash && !context.isNew && !context.lastMark
      ? null
      : { marker: '-', rest: trimmed.slice(bullet[0].length), number: null }
  }
  const numbered = NUMBER.exec(trimmed) ?? LETTER.exec(trimmed)
  if (!numbered) return null
  const value = numbered[2] ?? numbered[3] ?? ''
  const number = /\d/.test(value) ? Number(value) : value.charCodeAt(0) - 96
  const isNext = context.lastMark?.number != null && number === context.lastMark.number + 1
  if (!isNext && !context.isNew) return null
  return { marker: numbered[1] ?? '', rest: trimmed.slice(numbered[0].length), number }
}
