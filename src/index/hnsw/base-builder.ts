/** Builds the next base of a collection aside, in a thread of its own, and gives it its name. Changes nothing current. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import type { EmbedderRecord, IndexBase } from '../../domain.js'
import type { Store } from '../../store/store.js'
import { Thread } from '../../thread.js'
import { type BaseManifest, createFolder, publish, writeManifest } from './base-folder.js'
import type { BuildThreadData } from './build-thread.js'
import { queriesBetween, RECALL_SAMPLES } from './recall.js'
import { buffersOf, pagesOf, spread } from './rows.js'
import type { HnswSettings } from './settings.js'

export const BUILD_THREAD = 'index/hnsw/build-thread.js'
/** Folders of this prefix are being written, or were when the process was killed. */
const ASIDE_PREFIX = '.building-'

/** The instants between which a crash must do no harm, in their order; tests stop a process at each. */
export type MergeStep =
  | 'built'
  | 'index-written'
  | 'manifest-written'
  | 'renamed'
  | 'current-set'
  | 'switched'
  | 'swept'

export interface BuildOptions {
  readonly store: Store
  readonly collectionId: string
  /** `indexes/<collection>/<embedder>`. */
  readonly folder: string
  readonly embedder: Pick<EmbedderRecord, 'id' | 'name' | 'dimensions'>
  readonly settings: HnswSettings
  /** A checked base to start from; undefined: from nothing. */
  readonly from: (IndexBase & { readonly path: string }) | undefined
  /** Live seqs of the collection, rising, not empty. */
  readonly live: Float64Array
  readonly signal: AbortSignal
  onStep(step: MergeStep): void
}

/** @returns the row to make current, and what the base is searched with. */
export async function buildBase(options: BuildOptions): Promise<{ row: IndexBase; manifest: BaseManifest }> {
  const name = uuid()
  const aside = join(options.folder, `${ASIDE_PREFIX}${name}`)
  await createFolder(aside)
  try {
    const manifest = await writeBase(aside, options)
    options.onStep('manifest-written')
    await publish(aside, options.folder, name)
    options.onStep('renamed')
    const { lastSeq, count } = manifest
    const { collectionId, embedder } = options
    const row = { collectionId, embedderId: embedder.id, folder: name, lastSeq, count, createdAt: new Date() }
    return { row, manifest }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
}

async function writeBase(folder: string, options: BuildOptions): Promise<BaseManifest> {
  const { store, collectionId, embedder, settings, from, live, signal, onStep } = options
  const { dimensions } = embedder
  const lastSeq = live.at(-1) ?? 0
  const after = from?.lastSeq ?? 0
  const capacity = (from?.count ?? 0) + live.filter((seq) => seq > after).length
  await using thread = new Thread(BUILD_THREAD, { dimensions, settings } satisfies BuildThreadData)

  if (from) await thread.request('extend', { folder: from.path, capacity })
  else await thread.request('create', { capacity })
  for await (const rows of pagesOf(store.reader.chunks, collectionId, embedder, { after, upTo: lastSeq })) {
    signal.throwIfAborted()
    await thread.request('add', rows, buffersOf(rows))
  }
  onStep('built')
  const { sha256, count } = await thread.request<{ sha256: string; count: number }>('write', { folder })
  onStep('index-written')

  await compareWithTruth(thread, options, live)
  const measured = await thread.request<{ efSearch: number; recallAt10: number }>('calibrate', { live })
  const { M, efConstruction } = settings
  const parameters = { dimensions, M, efConstruction, ...measured }
  const about = { formatVersion: 2, embedder: embedder.name, space: 'ip' } as const
  const manifest: BaseManifest = { ...about, ...parameters, lastSeq, count, sha256 }
  await writeManifest(folder, manifest)
  return manifest
}

/** Fills the thread's ground truth from the store. @returns the queries, one after another. */
export async function compareWithTruth(
  thread: Thread,
  { store, collectionId, embedder, signal }: Pick<BuildOptions, 'store' | 'collectionId' | 'embedder' | 'signal'>,
  live: Float64Array,
): Promise<Float32Array> {
  const { chunks } = store.reader
  const samples = await chunks.vectorsOf(embedder.id, spread(live, RECALL_SAMPLES))
  const queries = queriesBetween(
    samples.map(({ vector }) => vector),
    embedder.dimensions,
  )
  await thread.request('sample', { queries })
  for await (const rows of pagesOf(chunks, collectionId, embedder, { after: 0, upTo: live.at(-1) ?? 0 })) {
    signal.throwIfAborted()
    await thread.request('compare', rows, buffersOf(rows))
  }
  return queries
}
