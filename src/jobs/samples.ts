/** The sample documents, queued when the store has never had a document: something to ask at the first start. */
import { createReadStream } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { exists } from '../durable.js'
import type { Documents } from '../ingest/documents.js'
import { FOLDER_EXTENSIONS } from '../ingest/formats.js'
import type { Store } from '../store/store.js'

export const SAMPLES_COLLECTION = 'samples'

/** While this file lies in the data directory, queueing was begun and not finished. */
const PENDING_FILE = 'samples-pending'

export interface SamplesOptions {
  readonly store: Store
  readonly documents: Documents
  readonly samplesDir: string
  readonly dataDir: string
}

/** @returns how many documents were queued. Interrupted in the middle, the next start queues what is missing. */
export async function queueSamples({ store, documents, samplesDir, dataDir }: SamplesOptions): Promise<number> {
  const pending = join(dataDir, PENDING_FILE)
  // Tombstones count: samples that somebody deleted stay away.
  const untouched = (await store.reader.documents.page({ first: 1 })).items.length === 0
  if (!untouched && !(await exists(pending))) return 0
  await writeFile(pending, '')
  const count = await queueMissing(store, documents, samplesDir)
  await rm(pending, { force: true })
  return count
}

async function queueMissing(store: Store, documents: Documents, samplesDir: string): Promise<number> {
  const collection = await store.reader.collections.byName(SAMPLES_COLLECTION)
  let count = 0
  for (const path of await documentPaths(samplesDir)) {
    const externalId = relative(samplesDir, path).split(sep).join('/')
    if (collection && (await store.reader.documents.byExternalId(collection.id, externalId))) continue
    await documents.add({
      fileName: externalId.split('/').at(-1),
      content: createReadStream(path),
      externalId,
      collection: SAMPLES_COLLECTION,
    })
    count++
  }
  return count
}

async function documentPaths(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && FOLDER_EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
