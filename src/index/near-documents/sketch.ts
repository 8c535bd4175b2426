/**
 * MinHash (Broder 1997): of each of 128 permutations of all hashes the smallest one among a text's shingles. Two texts have
 * the same smallest with the probability of their Jaccard share, so a sketch of 512 bytes stands for a text of any length.
 *
 * Bands (Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4): texts that agree in all four
 * rows of any of 32 bands are candidates. Of pairs that share s they find 1 - (1 - s^4)^32: 87 % at 0.5, 98.8 % at 0.6,
 * 99.99 % at 0.7, and one in 24 at 0.19.
 */
export const BANDS = 32
const ROWS = 4
const HASHES = BANDS * ROWS

/** Odd multipliers and any addends: each pair permutes the 32-bit hashes. Sketches are never stored, so they may change. */
const MULTIPLIERS = new Uint32Array(HASHES)
const ADDENDS = new Uint32Array(HASHES)
for (let at = 0; at < HASHES; at++) {
  MULTIPLIERS[at] = mix(2 * at + 1) | 1
  ADDENDS[at] = mix(2 * at + 2)
}

export type Sketch = Uint32Array

/** Undefined of no shingles: what says nothing repeats nothing. */
export function sketchOf(shingles: Iterable<string>): Sketch | undefined {
  const sketch = new Uint32Array(HASHES).fill(0xffffffff)
  let isEmpty = true
  for (const shingle of shingles) {
    isEmpty = false
    const hash = hashOf(shingle)
    for (let at = 0; at < HASHES; at++) {
      const permuted = (Math.imul(hash, MULTIPLIERS[at] as number) + (ADDENDS[at] as number)) >>> 0
      if (permuted < (sketch[at] as number)) sketch[at] = permuted
    }
  }
  return isEmpty ? undefined : sketch
}

/** Of the share that both have: unbiased, with a standard deviation of at most 0.045. */
export function estimatedShare(a: Sketch, b: Sketch): number {
  let equal = 0
  for (let at = 0; at < HASHES; at++) if (a[at] === b[at]) equal++
  return equal / HASHES
}

/** One for each band, distinct from those of other bands. */
export function bandKeys(sketch: Sketch): number[] {
  return Array.from({ length: BANDS }, (_, band) => {
    let key = band
    for (let at = band * ROWS; at < (band + 1) * ROWS; at++) key = mix(key ^ (sketch[at] as number))
    return band * 2 ** 32 + key
  })
}

/** FNV-1a, mixed: its high bits, which decide what is smallest, depend on every character. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mix(hash)
}

/** The finaliser of MurmurHash3, a bijection. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
