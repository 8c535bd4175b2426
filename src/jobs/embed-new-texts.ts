/**
 * Embeds what is new. A text that stood in the collection before (in the version that this one replaces, most often) takes
 * that vector; only what is left goes to the embedder, each different text once.
 *
 * Vectors of another collection are never taken, although they would be the same: how quickly a document is ingested must
 * not tell what is in a collection that its uploader may not see.
 */
import { embeddingKey } from '../embed/embedding-key.js'
import type { ChunkReader } from '../store/store.js'
import { type EmbedInPartsOptions, embedInParts } from './embed-in-parts.js'

export interface KeyTextsOptions {
  readonly chunks: Pick<ChunkReader, 'vectorsByKey'>
  readonly collectionId: string
  readonly embedderVersion: string
  /** Called once, with the texts that have no vector yet. @returns one for each, in their order */
  readonly embed: (missing: readonly string[]) => Promise<readonly Float32Array[]>
}

export interface EmbedNewTextsOptions extends EmbedInPartsOptions, Omit<KeyTextsOptions, 'embed'> {
  /** How many of the texts have their vector already; called once, before anything is embedded. */
  readonly onReused: (count: number) => Promise<void>
}

export interface KeyedVector {
  readonly vector: Float32Array
  readonly embeddingKey: string
}

/** @returns one for each text, in their order */
export async function keyTexts(texts: readonly string[], options: KeyTextsOptions): Promise<KeyedVector[]> {
  const { chunks, collectionId, embedderVersion, embed } = options
  const keys = texts.map((text) => embeddingKey(embedderVersion, text))
  const textOf = new Map(keys.map((key, at) => [key, texts[at] as string]))
  const vectors = new Map(await chunks.vectorsByKey(collectionId, [...textOf.keys()]))
  const missing = [...textOf.keys()].filter((key) => !vectors.has(key))
  const made = await embed(missing.map((key) => textOf.get(key) as string))
  for (const [at, key] of missing.entries()) vectors.set(key, made[at] as Float32Array)
  return keys.map((key) => ({ embeddingKey: key, vector: vectors.get(key) as Float32Array }))
}

/** Of a document. @returns as {@link keyTexts}. `onProgress` counts all texts, those that were reused included. */
export function embedNewTexts(texts: readonly string[], options: EmbedNewTextsOptions): Promise<KeyedVector[]> {
  const { onReused, onProgress } = options
  const embed = async (missing: readonly string[]) => {
    const reused = texts.length - missing.length
    await onReused(reused)
    return embedInParts(missing, { ...options, onProgress: (done) => onProgress(reused + done) })
  }
  return keyTexts(texts, { ...options, embed })
}
