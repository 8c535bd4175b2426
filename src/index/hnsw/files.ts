/** The files of a base as bytes: hashed, read as a graph, forced to the disk. */
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import hnswlib from 'hnswlib-node'

export const INDEX_FILE = 'index.hnsw'
const HASH_BLOCK_BYTES = 1024 * 1024

/** Reads a base's graph into memory. Blocks: for threads. */
export function openGraph(
  folder: string,
  { dimensions, efSearch }: { dimensions: number; efSearch: number },
): hnswlib.HierarchicalNSW {
  const graph = new hnswlib.HierarchicalNSW('ip', dimensions)
  graph.readIndexSync(join(folder, INDEX_FILE))
  graph.setEf(efSearch)
  return graph
}

/** sha256 in blocks, hex. Blocks: for threads. */
export function hashFile(path: string): string {
  const hash = createHash('sha256')
  const block = Buffer.alloc(HASH_BLOCK_BYTES)
  const file = openSync(path, 'r')
  try {
    for (let count = readSync(file, block); count > 0; count = readSync(file, block)) {
      hash.update(block.subarray(0, count))
    }
  } finally {
    closeSync(file)
  }
  return hash.digest('hex')
}

/** Blocks: for threads. */
export function forceToDisk(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}
