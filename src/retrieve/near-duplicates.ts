/**
 * Passages that say the same: copies of a policy, a page in two handbooks, the boilerplate of every contract. The best one
 * stands for the others, or they would take the places of what says something else.
 *
 * Nearness is the share of common words (Jaccard), computed exactly: a question has a hundred candidates at most, and a
 * sketch (MinHash) of each would cost more than it saves. Not the cosine: contracts that differ in their fee alone lie near.
 */
import type { Passage } from '../domain.js'

const MIN_SHARED_WORDS = 0.9
/** English ones, and what an apostrophe leaves of "don't". */
const NEGATIONS = new Set('no not never none nobody nothing nor neither cannot without except unless t'.split(' '))

/**
 * Best first, each with the documents whose passages it stands for. Never across collections, and never where a number
 * or a negation differs: that may be the answer.
 */
export class DistinctPassages {
  readonly #kept: { passage: Passage; words: ReadonlySet<string>; duplicates: Set<string> }[] = []

  get count(): number {
    return this.#kept.length
  }

  countOf(documentId: string): number {
    return this.#kept.filter(({ passage }) => passage.chunk.documentId === documentId).length
  }

  add(passage: Passage): void {
    const words = wordsOf(passage.text)
    const { collectionId, documentId } = passage.chunk
    const same = this.#kept.find(
      (kept) => kept.passage.chunk.collectionId === collectionId && isNearDuplicate(kept.words, words),
    )
    if (!same) this.#kept.push({ passage, words, duplicates: new Set() })
    else if (same.passage.chunk.documentId !== documentId) same.duplicates.add(documentId)
  }

  passages(): Passage[] {
    return this.#kept.map(({ passage, duplicates }) => ({ ...passage, duplicates: [...duplicates] }))
  }
}

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu),
  )

function isNearDuplicate(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  if (shared < MIN_SHARED_WORDS * (a.size + b.size - shared)) return false
  return hasTellingWordsOf(a, b) && hasTellingWordsOf(b, a)
}

function hasTellingWordsOf(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const word of a) if ((/\p{N}/u.test(word) || NEGATIONS.has(word)) && !b.has(word)) return false
  return true
}
