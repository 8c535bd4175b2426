/** Rows of the store, page by page, as the threads take them. */
import type { EmbedderRecord } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { ChunkReader } from '../../store/store.js'
import type { StoredVector } from '../vector-index.js'
import type { VectorRows } from './search-thread.js'

/** About 400 kB of vectors: one message, and a few milliseconds of the thread that takes it. */
const PAGE_ROWS = 256

export function toRows(vectors: readonly StoredVector[], dimensions: number): VectorRows {
  const matrix = new Float32Array(vectors.length * dimensions)
  vectors.forEach(({ seq, vector }, row) => {
    if (vector.length !== dimensions) {
      throw new DocentError('INTERNAL', `the vector of chunk ${seq} has ${vector.length} numbers, not ${dimensions}`)
    }
    matrix.set(vector, row * dimensions)
  })
  return { seqs: Float64Array.from(vectors, ({ seq }) => seq), matrix }
}

/** What moves to a thread instead of being copied. */
export const buffersOf = ({ seqs, matrix }: VectorRows) => [seqs.buffer, matrix.buffer] as ArrayBuffer[]

/** Live rows with `after` < seq <= `upTo`, rising. */
export async function* pagesOf(
  chunks: ChunkReader,
  collectionId: string,
  { id, dimensions }: Pick<EmbedderRecord, 'id' | 'dimensions'>,
  { after, upTo }: { after: number; upTo: number },
): AsyncGenerator<VectorRows> {
  for (let last = after; last < upTo; ) {
    const page = await chunks.vectorsAfter(id, collectionId, last, PAGE_ROWS)
    const wanted = page.filter(({ seq }) => seq <= upTo)
    if (wanted.length > 0) yield toRows(wanted, dimensions)
    if (page.length < PAGE_ROWS) return
    last = page.at(-1)?.seq ?? upTo
  }
}

/** At most `count` of `seqs`, evenly spread. */
export function spread(seqs: Float64Array, count: number): number[] {
  const step = Math.max(1, seqs.length / count)
  return Array.from({ length: Math.min(count, seqs.length) }, (_, index) => seqs[Math.floor(index * step)] as number)
}
