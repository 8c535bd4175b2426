/** Texts compared shingle by shingle: what a sketch can only estimate, and the places that show it. */
import { type Word, wordsOf } from '../../text/words.js'
import { SHINGLE_WORDS, shinglesOf } from './shingles.js'

/** `text` is what the canonical text has from `start` to `end`. */
export interface TextSpan {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Comparison {
  /** Jaccard of the two sets of shingles, 0..1. */
  readonly share: number
  /** Longest first, the same words in both. */
  readonly common: readonly { readonly here: TextSpan; readonly there: TextSpan }[]
  /** In the order of the text: where shingles stand that the other has nowhere. */
  readonly onlyHere: readonly TextSpan[]
  readonly onlyThere: readonly TextSpan[]
}

const EXAMPLES = 3
/** Of an example, which ends with the last whole word before. */
const MAX_LENGTH = 300

interface Shingled {
  readonly text: string
  readonly words: readonly Word[]
  readonly shingles: readonly string[]
  /** Where a shingle stands first. */
  readonly places: ReadonlyMap<string, number>
}

/** A text with each of the others. */
export function compareTexts(hereText: string, thereTexts: readonly string[]): Comparison[] {
  const here = shingled(hereText)
  return thereTexts.map((text) => compare(here, shingled(text)))
}

function compare(here: Shingled, there: Shingled): Comparison {
  let shared = 0
  for (const shingle of here.places.keys()) if (there.places.has(shingle)) shared++
  const all = here.places.size + there.places.size - shared
  return {
    share: all === 0 ? 0 : shared / all,
    common: commonRuns(here, there),
    onlyHere: lonelyRuns(here, there),
    onlyThere: lonelyRuns(there, here),
  }
}

function shingled(text: string): Shingled {
  const words = wordsOf(text)
  const shingles = shinglesOf(words)
  const places = new Map<string, number>()
  shingles.forEach((shingle, at) => {
    if (!places.has(shingle)) places.set(shingle, at)
  })
  return { text, words, shingles, places }
}

function commonRuns(here: Shingled, there: Shingled): Comparison['common'] {
  const runs: { from: number; other: number; length: number }[] = []
  for (let at = 0; at < here.shingles.length; ) {
    const other = there.places.get(here.shingles[at] as string)
    let length = 0
    if (other !== undefined) while (sameWord(here, at + length, there, other + length)) length++
    if (other !== undefined) runs.push({ from: at, other, length })
    at += Math.max(1, length)
  }
  return runs
    .sort((a, b) => b.length - a.length)
    .slice(0, EXAMPLES)
    .map(({ from, other, length }) => {
      const fitting = Math.min(fittingWords(here, from, length), fittingWords(there, other, length))
      return { here: spanOf(here, from, fitting), there: spanOf(there, other, fitting) }
    })
}

function sameWord(here: Shingled, at: number, there: Shingled, other: number): boolean {
  const word = here.words[at]
  return word !== undefined && word.key === there.words[other]?.key
}

/** Words that no shingle covers which the other text has. */
function lonelyRuns(text: Shingled, other: Shingled): TextSpan[] {
  const covered = new Uint8Array(text.words.length)
  text.shingles.forEach((shingle, at) => {
    if (other.places.has(shingle)) covered.fill(1, at, at + SHINGLE_WORDS)
  })
  const spans: TextSpan[] = []
  for (let at = covered.indexOf(0); at >= 0 && spans.length < EXAMPLES; ) {
    const next = covered.indexOf(1, at)
    const end = next < 0 ? covered.length : next
    spans.push(spanOf(text, at, fittingWords(text, at, end - at)))
    at = next < 0 ? -1 : covered.indexOf(0, end)
  }
  return spans
}

/** How many of the words from `first` on fit into an example: one at least. */
function fittingWords({ words }: Shingled, first: number, count: number): number {
  const limit = (words[first]?.start ?? 0) + MAX_LENGTH
  let fitting = 1
  while (fitting < count && (words[first + fitting]?.end ?? 0) <= limit) fitting++
  return fitting
}

function spanOf({ text, words }: Shingled, first: number, count: number): TextSpan {
  const start = words[first]?.start ?? 0
  const end = words[first + count - 1]?.end ?? start
  return { start, end, text: text.slice(start, end) }
}
