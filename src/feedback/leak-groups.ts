/**
 * Which contexts must not be parted between training and held-out rows: those that share text. Invariant 6 of the design:
 * nothing of a held-out row's paragraph ever trains a reader.
 */

/** Where a context stands in a document version; contexts that overlap there share text, however little. */
export interface Place {
  readonly documentId: string
  readonly version: number
  readonly start: number
  readonly end: number
}

export interface Context {
  readonly text: string
  readonly places: readonly Place[]
}

/** Runs of this many words are compared. */
const SHINGLE_WORDS = 5
/** Of the shorter context's runs, found in the other: from here on two contexts are near-equal. */
const NEAR_EQUAL_SHARE = 0.2
/** Between versions of one document an overlap may be small against both contexts: this many runs are one. */
const SAME_DOCUMENT_SHINGLES = 8

/** The group of each context, as the index of one of its members. Contexts that share text are in one group. */
export function leakGroups(contexts: readonly Context[]): number[] {
  const groups = new DisjointSets(contexts.length)
  joinByText(contexts, groups)
  joinByPlace(contexts, groups)
  return contexts.map((_, index) => groups.find(index))
}

function joinByText(contexts: readonly Context[], groups: DisjointSets): void {
  const words = contexts.map(({ text }) => wordsOf(text))
  const shingles = words.map(shinglesOf)
  const holders = new Map<number, number[]>()
  for (const [index, own] of shingles.entries()) {
    const shared = new Map<number, number>()
    for (const shingle of own) {
      const others = holders.get(shingle)
      for (const other of others ?? []) shared.set(other, (shared.get(other) ?? 0) + 1)
      if (others) others.push(index)
      else holders.set(shingle, [index])
    }
    for (const [other, count] of shared) {
      const smaller = Math.min(own.size, shingles[other]?.size ?? 0)
      const related = sameDocument(contexts[index] as Context, contexts[other] as Context)
      if (count >= NEAR_EQUAL_SHARE * smaller || (related && count >= SAME_DOCUMENT_SHINGLES)) groups.join(index, other)
    }
  }
  joinTooShort(words, groups)
}

/** Contexts with fewer words than one run: they share text with those that hold all of them. */
function joinTooShort(words: readonly (readonly string[])[], groups: DisjointSets): void {
  const short = words.flatMap((own, index) => (own.length > 0 && own.length < SHINGLE_WORDS ? [index] : []))
  if (short.length === 0) return
  const texts = words.map((own) => ` ${own.join(' ')} `)
  for (const index of short) {
    for (const [other, text] of texts.entries()) if (text.includes(texts[index] as string)) groups.join(index, other)
  }
}

/** Sorted by their start, a context overlaps one before it exactly when it begins before the farthest end so far. */
function joinByPlace(contexts: readonly Context[], groups: DisjointSets): void {
  const byVersion = new Map<string, { index: number; start: number; end: number }[]>()
  for (const [index, { places }] of contexts.entries()) {
    for (const { documentId, version, start, end } of places) {
      const key = `${documentId}@${version}`
      byVersion.set(key, [...(byVersion.get(key) ?? []), { index, start, end }])
    }
  }
  for (const places of byVersion.values()) {
    let farthest: { index: number; end: number } | undefined
    for (const place of places.sort((a, b) => a.start - b.start)) {
      if (farthest && place.start < farthest.end) groups.join(place.index, farthest.index)
      if (!farthest || place.end > farthest.end) farthest = place
    }
  }
}

function sameDocument(left: Context, right: Context): boolean {
  return left.places.some(({ documentId }) => right.places.some((place) => place.documentId === documentId))
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  )
}

function shinglesOf(words: readonly string[]): Set<number> {
  const shingles = new Set<number>()
  for (let from = 0; from === 0 || from + SHINGLE_WORDS <= words.length; from++) {
    shingles.add(hash53(words.slice(from, from + SHINGLE_WORDS).join(' ')))
  }
  return shingles
}

/** Two FNV-1a hashes of different seeds in one safe integer: a chance meeting among millions of runs stays unlikely. */
function hash53(text: string): number {
  let low = 0x811c9dc5
  let high = 0x01234567
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x01000193)
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}

class DisjointSets {
  readonly #parents: Int32Array

  constructor(size: number) {
    this.#parents = Int32Array.from({ length: size }, (_, index) => index)
  }

  find(index: number): number {
    let root = index
    while (this.#parents[root] !== root) root = this.#parents[root] as number
    for (let at = index; at !== root; ) {
      const next = this.#parents[at] as number
      this.#parents[at] = root
      at = next
    }
    return root
  }

  join(left: number, right: number): void {
    // The smaller index is the root, so that the result does not depend on the order of joins.
    const [a, b] = [this.find(left), this.find(right)]
    this.#parents[Math.max(a, b)] = Math.min(a, b)
  }
}
