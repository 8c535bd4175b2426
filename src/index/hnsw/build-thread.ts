/**
 * Thread program: writes one base, then ends. Works at a low priority where the system has one for threads, since somebody
 * may be asking a question.
 */
import { setPriority } from 'node:os'
import { join } from 'node:path'
import hnswlib from 'hnswlib-node'
import { DocentError } from '../../errors.js'
import { serveThread } from '../../thread.js'
import type { VectorHit } from '../vector-index.js'
import { forceToDisk, hashFile, INDEX_FILE, openGraph } from './files.js'
import { RECALL_DEPTH, recall, Truth } from './recall.js'
import type { VectorRows } from './search-thread.js'
import type { HnswSettings } from './settings.js'

export interface BuildThreadData {
  readonly dimensions: number
  readonly settings: HnswSettings
}

const LOW_PRIORITY = 10
/** The same rows in the same order give the same graph. */
const RANDOM_SEED = 100
/** The binding takes 32 bits. */
const MAX_LABEL = 0xffffffff

// On Linux a priority belongs to a thread; elsewhere it would slow the whole server down.
if (process.platform === 'linux') setPriority(0, LOW_PRIORITY)

serveThread<BuildThreadData>(({ dimensions, settings }) => {
  let base = new hnswlib.HierarchicalNSW('ip', dimensions)
  let truth = new Truth(new Float32Array(0), dimensions)

  return {
    handlers: {
      create: ({ capacity }: { capacity: number }) => {
        base.initIndex(capacity, settings.M, settings.efConstruction, RANDOM_SEED)
      },
      /** Starts from a checked base instead of from nothing. */
      extend: ({ folder, capacity }: { folder: string; capacity: number }) => {
        base = openGraph(folder, { dimensions, efSearch: settings.efConstruction })
        base.resizeIndex(capacity)
      },
      add: ({ seqs, matrix }: VectorRows) => {
        seqs.forEach((seq, row) => {
          if (seq > MAX_LABEL) throw new DocentError('INTERNAL', `chunk ${seq} is beyond the labels of hnswlib-node`)
          base.addPoint(Array.from(matrix.subarray(row * dimensions, (row + 1) * dimensions)), seq)
        })
      },
      /** From here on `base` is what can be read back from the file, since that is what will serve. */
      write: ({ folder }: { folder: string }): { sha256: string; count: number } => {
        const path = join(folder, INDEX_FILE)
        const count = base.getCurrentCount()
        base.writeIndexSync(path)
        forceToDisk(path)
        base = openGraph(folder, { dimensions, efSearch: settings.efConstruction })
        if (base.getCurrentCount() !== count) throw new DocentError('INTERNAL', `${path} was not written whole`)
        return { sha256: hashFile(path), count }
      },
      sample: ({ queries }: { queries: Float32Array }) => {
        truth = new Truth(queries, dimensions)
      },
      compare: ({ seqs, matrix }: VectorRows) => truth.add(seqs, matrix),
      truth: (): VectorHit[][] => truth.hits,
      /** The smallest ef that finds enough of the truth, else the largest. @param live rising; other points are dead. */
      calibrate: ({ live }: { live: Float64Array }): { efSearch: number; recallAt10: number } => {
        const alive = new Set(live)
        for (const seq of base.getIdsList()) if (!alive.has(seq)) base.markDelete(seq)
        let measured = { efSearch: 0, recallAt10: 0 }
        for (const efSearch of settings.efSearchChoices) {
          base.setEf(efSearch)
          const found = truth.hits.map((nearest, index) => {
            const { neighbors, distances } = base.searchKnn(
              Array.from(truth.query(index)),
              Math.min(RECALL_DEPTH, nearest.length),
            )
            return neighbors.map((seq, rank) => ({ seq, score: 1 - (distances[rank] as number) }))
          })
          measured = { efSearch, recallAt10: recall(truth.hits, found) }
          if (measured.recallAt10 >= settings.targetRecallAt10) break
        }
        return measured
      },
    },
  }
})
