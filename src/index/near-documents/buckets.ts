/** The sketches of one collection, and in which buckets of which band they lie: who could be near whom. */
import { bandKeys, estimatedShare, type Sketch } from './sketch.js'

/** A document as it was when it was sketched. */
export interface DocumentVersionId {
  readonly documentId: string
  readonly version: number
}

export interface Candidates extends DocumentVersionId {
  /** Older documents of the collection, by their estimated share the nearest first. */
  readonly others: readonly DocumentVersionId[]
}

/** Of a thousand copies of one form, each is compared with this many of those that share a band with it, not with all. */
const PER_BUCKET = 100
/** And at most so many of these are named. */
const MAX_OTHERS = 20
/** More than four standard deviations of the estimate at 0.8, and more than three wherever it is worst. */
const MARGIN = 0.15

interface Entry {
  readonly version: number
  /** Null: a text without words. */
  readonly sketch: Sketch | null
}

export class Buckets {
  readonly #entries = new Map<string, Entry>()
  readonly #buckets = new Map<number, string[]>()

  get count(): number {
    return this.#entries.size
  }

  /** Forgets what is not among them any more; returns those that it does not know. */
  keepOnly(current: readonly DocumentVersionId[]): DocumentVersionId[] {
    const versions = new Map(current.map(({ documentId, version }) => [documentId, version]))
    for (const [id, { version }] of this.#entries) if (versions.get(id) !== version) this.#remove(id)
    return current.filter(({ documentId }) => !this.#entries.has(documentId))
  }

  add({ documentId, version }: DocumentVersionId, sketch: Sketch | undefined): void {
    this.#remove(documentId)
    this.#entries.set(documentId, { version, sketch: sketch ?? null })
    for (const key of sketch ? bandKeys(sketch) : []) {
      const bucket = this.#buckets.get(key)
      if (bucket) bucket.push(documentId)
      else this.#buckets.set(key, [documentId])
    }
  }

  /** Ids in no order. */
  ids(): IterableIterator<string> {
    return this.#entries.keys()
  }

  candidatesOf(documentId: string, minShare: number): Candidates | undefined {
    const entry = this.#entries.get(documentId)
    if (!entry?.sketch) return undefined
    const { sketch, version } = entry
    const near = new Map<string, number>()
    for (const key of bandKeys(sketch)) {
      for (const other of this.#buckets.get(key)?.slice(0, PER_BUCKET) ?? []) {
        if (other < documentId && !near.has(other)) near.set(other, estimatedShare(sketch, this.#sketchOf(other)))
      }
    }
    const others = [...near]
      .filter(([, share]) => share >= minShare - MARGIN)
      .sort(([a, aShare], [b, bShare]) => bShare - aShare || (a < b ? -1 : 1))
      .slice(0, MAX_OTHERS)
      .map(([other]) => ({ documentId: other, version: this.#entries.get(other)?.version as number }))
    return others.length === 0 ? undefined : { documentId, version, others }
  }

  #sketchOf(documentId: string): Sketch {
    return this.#entries.get(documentId)?.sketch as Sketch
  }

  #remove(documentId: string): void {
    const sketch = this.#entries.get(documentId)?.sketch
    this.#entries.delete(documentId)
    for (const key of sketch ? bandKeys(sketch) : []) {
      const rest = (this.#buckets.get(key) ?? []).filter((id) => id !== documentId)
      if (rest.length === 0) this.#buckets.delete(key)
      else this.#buckets.set(key, rest)
    }
  }
}
