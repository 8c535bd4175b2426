/**
 * An immutable base on disk: `indexes/<collection>/<embedder>/<name>/{index.hnsw, manifest.json}`. It is written under a name that
 * nobody looks for, forced to the disk, renamed, and only then named by the store.
 */
import { readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { EmbedderRecord, IndexBase } from '../../domain.js'
import { flushFolder } from '../../durable.js'
import { DocentError } from '../../errors.js'
import { hashFile, INDEX_FILE } from './files.js'

const MANIFEST_FILE = 'manifest.json'

const manifestSchema = z.object({
  /** 1 did not say whose vectors they are. */
  formatVersion: z.literal(2),
  embedder: z.string(),
  /** hnswlib's inner product: distance = 1 - dot, which for unit vectors is 1 - cosine. */
  space: z.literal('ip'),
  dimensions: z.number().int().positive(),
  M: z.number().int().positive(),
  efConstruction: z.number().int().positive(),
  /** What it is searched with, and what that found of the true 10 nearest when it was built. */
  efSearch: z.number().int().positive(),
  recallAt10: z.number(),
  /** The highest seq that the base was built up to. */
  lastSeq: z.number().int().nonnegative(),
  /** Points in the file. */
  count: z.number().int().positive(),
  /** Of the index file, hex. */
  sha256: z.string(),
})
export type BaseManifest = z.infer<typeof manifestSchema>

/** @throws INDEX_CORRUPT when a file is missing or is not what the manifest and the store's row say. Blocks: for threads. */
export function checkBase(
  folder: string,
  expected: Pick<IndexBase, 'lastSeq' | 'count'>,
  { name, dimensions }: Pick<EmbedderRecord, 'name' | 'dimensions'>,
): BaseManifest {
  try {
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, MANIFEST_FILE), 'utf8')))
    if (manifest.lastSeq !== expected.lastSeq || manifest.count !== expected.count) {
      throw new Error('the manifest is not the one that the store names')
    }
    if (manifest.embedder !== name || manifest.dimensions !== dimensions) {
      throw new Error(`it has ${manifest.dimensions} dimensions of ${manifest.embedder}, not ${dimensions} of ${name}`)
    }
    if (hashFile(join(folder, INDEX_FILE)) !== manifest.sha256) throw new Error(`${INDEX_FILE} has changed`)
    return manifest
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'the manifest is not valid' : (error as Error).message
    throw new DocentError('INDEX_CORRUPT', `${folder}: ${reason}`, { cause: error })
  }
}

export async function writeManifest(folder: string, manifest: BaseManifest): Promise<void> {
  const file = await open(join(folder, MANIFEST_FILE), 'w')
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await flushFolder(folder)
}

/** The folder becomes visible under its name, whole. */
export async function publish(aside: string, collectionFolder: string, name: string): Promise<void> {
  await rename(aside, join(collectionFolder, name))
  await flushFolder(collectionFolder)
}

export async function createFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
}

/** Removes all that a folder holds but what is named: older bases, what a killed merge left behind, other embedders' indexes. */
export async function removeAllBut(folder: string, name: string | undefined): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const other of names) {
    if (other !== name) await rm(join(folder, other), { recursive: true, force: true })
  }
}
