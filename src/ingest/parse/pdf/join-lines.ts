/** Lines to running text: hyphens at line ends undone where the document's own words say so. */
import { normaliseText } from '../../canonical-text.js'

const WORD = /\p{L}[\p{L}\p{M}'’]*(?:-[\p{L}\p{M}'’]+)*/gu
const HYPHENATED_END = /([\p{L}\p{M}'’]+)[-\u2010]$/u
const FIRST_WORD = /^[\p{L}\p{M}'’]+(?:-[\p{L}\p{M}]+)*/u
/** Written with a hyphen whatever follows. */
const COMPOUND = new Set(
  (
    'self non well ex cross high low half all quasi single multi mixed real end open user long short large small full fine ' +
    'first second third two three four five six seven eight nine ten'
  ).split(' '),
)
/** Words that other words begin with: "some" and "times" are both words, and "sometimes" is meant. */
const OPENING = new Set(
  'with some there where here how when what every any over under out up further more never none them your my our it can'.split(
    ' ',
  ),
)

/** The words of a document, lower case, but for those that a line end divides. */
export class Vocabulary {
  readonly #words = new Set<string>()
  #isWithinWord = false

  addLine(text: string): void {
    const words: string[] = text.match(WORD) ?? []
    if (this.#isWithinWord) words.shift()
    this.#isWithinWord = HYPHENATED_END.test(text.trimEnd())
    if (this.#isWithinWord) words.pop()
    for (const word of words) {
      this.#words.add(word.toLowerCase())
      if (word.includes('-')) for (const part of word.split('-')) this.#words.add(part.toLowerCase())
    }
  }

  has(word: string): boolean {
    return this.#words.has(word.toLowerCase())
  }
}

/** A line as it stands in a block of running text. */
export function lineText(text: string): string {
  return normaliseText(withAccents(text).replace(/\s+/g, ' ').trim()).trim()
}

/** TeX sets an accent as a character of its own before the letter: "na\u00a8\u0131ve". */
const ACCENTS: Readonly<Record<string, string>> = {
  '\u00a8': '\u0308',
  '\u00b4': '\u0301',
  '\u02c6': '\u0302',
  '\u02c7': '\u030c',
  '\u02d8': '\u0306',
  '\u02d9': '\u0307',
  '\u02da': '\u030a',
  '\u02dc': '\u0303',
}
const SPACING_ACCENT = /([\u00a8\u00b4\u02c6\u02c7\u02d8-\u02da\u02dc])(\p{L})/gu

function withAccents(text: string): string {
  return text.replace(SPACING_ACCENT, (_, accent: string, letter: string) => {
    const base = letter === '\u0131' ? 'i' : letter === '\u0237' ? 'j' : letter
    return `${base}${ACCENTS[accent]}`.normalize('NFC')
  })
}

/** What `text` becomes before `next` is put behind it: without its hyphen, or with a space. */
export function beforeNext(text: string, next: string, vocabulary: Vocabulary): string {
  const last = text.slice(text.lastIndexOf(' ') + 1)
  if (/^(https?:|www\.)/.test(last) && /[/\-_.=&?#]$/.test(last)) return text
  const divided = HYPHENATED_END.exec(last)?.[1]
  if (divided !== undefined && last.slice(0, -1).includes('-')) return text // "state-of-the-", "art"
  if (divided !== undefined) return isOneWord(divided, next, vocabulary) ? text.slice(0, -1) : text
  if (/\S[\u2014/]$/.test(text) || (CJK_END.test(text) && CJK_START.test(next))) return text
  return `${text} `
}

function isOneWord(head: string, next: string, vocabulary: Vocabulary): boolean {
  const tail = FIRST_WORD.exec(next)?.[0]
  if (tail === undefined) return false
  if (vocabulary.has(`${head}${tail}`)) return true
  if (tail[0] !== tail[0]?.toLowerCase() || head.length === 1) return false
  if (vocabulary.has(`${head}-${tail}`) || COMPOUND.has(head.toLowerCase())) return false
  if (OPENING.has(head.toLowerCase())) return true
  // Two words of the document are more likely a compound than the halves of a word that is found nowhere else in it.
  return !(head.length > 2 && tail.length > 2 && vocabulary.has(head) && vocabulary.has(tail))
}

const CJK = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u3000-\\u303f\\uff00-\\uffef]'
const CJK_END = new RegExp(`${CJK}$`, 'u')
const CJK_START = new RegExp(`^${CJK}`, 'u')
