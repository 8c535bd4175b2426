/**
 * Embeds what is new of a document. A chunk whose embedded string stood in the collection before (in the version that this
 * one replaces, most often) takes that vector; only what is left goes to the embedder, each different text once.
 *
 * Vectors of another collection are never taken, although they would be the same: how quickly a document is ingested must
 * not tell what is in a collection that its uploader may not see.
 */
import { embeddingKey } from '../embed/embedding-key.js'
import type { ChunkReader } from '../store/store.js'
import { type EmbedInPartsOptions, embedInParts } from './embed-in-parts.js'

export interface EmbedNewTextsOptions extends EmbedInPartsOptions {
  readonly chunks: Pick<ChunkReader, 'vectorsByKey'>
  readonly collectionId: string
  /** How many of the texts have their vector already; called once, before anything is embedded. */
  readonly onReused: (count: number) => Promise<void>
}

export interface KeyedVector {
  readonly vector: Float32Array
  readonly embeddingKey: string
}

/** @returns one for each text, in their order. `onProgress` counts all texts, those that were reused included. */
export async function embedNewTexts(texts: readonly string[], options: EmbedNewTextsOptions): Promise<KeyedVector[]> {
  const { chunks, collectionId, embedderVersion, onReused, onProgress } = options
  const keys = texts.map((text) => embeddingKey(embedderVersion, text))
  const textOf = new Map(keys.map((key, at) => [key, texts[at] as string]))
  const vectors = new Map(await chunks.vectorsByKey(collectionId, [...textOf.keys()]))
  const missing = [...textOf.keys()].filter((key) => !vectors.has(key))
  const reused = texts.length - missing.length
  await onReused(reused)
  const made = await embedInParts(
    missing.map((key) => textOf.get(key) as string),
    { ...options, onProgress: (done) => onProgress(reused + done) },
  )
  for (const [at, key] of missing.entries()) vectors.set(key, made[at] as Float32Array)
  return keys.map((key) => ({ embeddingKey: key, vector: vectors.get(key) as Float32Array }))
}
