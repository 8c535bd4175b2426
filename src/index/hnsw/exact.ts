/** Exact search: a matrix of unit vectors and a loop. What the base does not hold yet, and the truth it is measured by. */
import type { VectorHit } from '../vector-index.js'

/** Cosine similarity of two unit vectors: row `row` of `matrix` and `vector`. */
export function similarity(matrix: Float32Array, row: number, vector: Float32Array): number {
  const dimensions = vector.length
  const start = row * dimensions
  // Four sums, because each addition has to wait for the one before it in the same sum.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let at = 0
  for (; at + 3 < dimensions; at += 4) {
    a += (matrix[start + at] as number) * (vector[at] as number)
    b += (matrix[start + at + 1] as number) * (vector[at + 1] as number)
    c += (matrix[start + at + 2] as number) * (vector[at + 2] as number)
    d += (matrix[start + at + 3] as number) * (vector[at + 3] as number)
  }
  for (; at < dimensions; at++) a += (matrix[start + at] as number) * (vector[at] as number)
  return a + b + (c + d)
}

/** The k best hits of those offered: highest score first, ties in the order of seq. */
export class Nearest {
  readonly #k: number
  readonly #hits: VectorHit[] = []

  constructor(k: number) {
    this.#k = k
  }

  offer(seq: number, score: number): void {
    const hits = this.#hits
    const last = hits.at(-1)
    if (hits.length >= this.#k && (!last || !precedes(seq, score, last))) return
    let low = 0
    let high = hits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (precedes(seq, score, hits[middle] as VectorHit)) high = middle
      else low = middle + 1
    }
    hits.splice(low, 0, { seq, score })
    if (hits.length > this.#k) hits.pop()
  }

  get hits(): VectorHit[] {
    return this.#hits
  }
}

const precedes = (seq: number, score: number, other: VectorHit): boolean =>
  score > other.score || (score === other.score && seq < other.seq)

/** Vectors by seq that come and go, searched exactly. */
export class ExactRows {
  readonly #dimensions: number
  readonly #rowOf = new Map<number, number>()
  readonly #seqs: number[] = []
  #matrix: Float32Array

  constructor(dimensions: number) {
    this.#dimensions = dimensions
    this.#matrix = new Float32Array(64 * dimensions)
  }

  get size(): number {
    return this.#seqs.length
  }

  has(seq: number): boolean {
    return this.#rowOf.has(seq)
  }

  /** @param vector of this many dimensions; a seq that is held already stays as it is. */
  add(seq: number, vector: Float32Array): void {
    if (this.#rowOf.has(seq)) return
    const row = this.#seqs.length
    if ((row + 1) * this.#dimensions > this.#matrix.length) {
      const larger = new Float32Array(this.#matrix.length * 2)
      larger.set(this.#matrix)
      this.#matrix = larger
    }
    this.#matrix.set(vector, row * this.#dimensions)
    this.#rowOf.set(seq, row)
    this.#seqs.push(seq)
  }

  /** The last row takes the place of the removed one. @returns false when there was none. */
  remove(seq: number): boolean {
    const row = this.#rowOf.get(seq)
    if (row === undefined) return false
    const lastSeq = this.#seqs.pop() as number
    const size = this.#dimensions
    if (lastSeq !== seq) {
      this.#matrix.copyWithin(row * size, this.#seqs.length * size, (this.#seqs.length + 1) * size)
      this.#seqs[row] = lastSeq
      this.#rowOf.set(lastSeq, row)
    }
    this.#rowOf.delete(seq)
    return true
  }

  search(vector: Float32Array, nearest: Nearest, isAllowed: (seq: number) => boolean): void {
    for (let row = 0; row < this.#seqs.length; row++) {
      const seq = this.#seqs[row] as number
      if (isAllowed(seq)) nearest.offer(seq, similarity(this.#matrix, row, vector))
    }
  }
}

/** Whether a seq is among rising `seqs`. */
export function contains(seqs: Float64Array, seq: number): boolean {
  let low = 0
  let high = seqs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((seqs[middle] as number) < seq) low = middle + 1
    else high = middle
  }
  return seqs[low] === seq
}
