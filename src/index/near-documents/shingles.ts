/**
 * Shingles (Broder 1997): the runs of three words of a text. Two texts are as near as the share of their shingles that both
 * have (Jaccard). Three, not the five of web pages: a changed number touches as many shingles as they are long, and policies
 * are short.
 */
import type { Word } from '../../text/words.js'

export const SHINGLE_WORDS = 3

/** One for each word that begins one, in order; a text of fewer words is one shingle, an empty one none. */
export function shinglesOf(words: readonly Word[]): string[] {
  const count = words.length === 0 ? 0 : Math.max(1, words.length - SHINGLE_WORDS + 1)
  return Array.from({ length: count }, (_, at) => shingleAt(words, at))
}

function shingleAt(words: readonly Word[], at: number): string {
  let shingle = ''
  for (let index = at; index < at + SHINGLE_WORDS && index < words.length; index++) shingle += ` ${words[index]?.key}`
  return shingle
}
