/**
 * Words as texts are compared by: whatever stands between spaces and signs, and where a script writes no spaces each
 * character, without case, in one Unicode form. Offsets count UTF-16 units of the text as it is.
 */
export interface Word {
  readonly key: string
  readonly start: number
  readonly end: number
}

const SPACELESS = 'Han Hiragana Katakana Bopomofo Thai Lao Khmer Myanmar'
  .split(' ')
  .map((script) => `\\p{Script=${script}}`)
  .join('')
const WORD = new RegExp(`[${SPACELESS}]\\p{M}*|(?:(?![${SPACELESS}])[\\p{L}\\p{N}\\p{M}])+`, 'gu')

export function wordsOf(text: string): Word[] {
  const words: Word[] = []
  for (const match of text.matchAll(WORD)) {
    const [found] = match
    words.push({ key: found.normalize('NFC').toLowerCase(), start: match.index, end: match.index + found.length })
  }
  return words
}
