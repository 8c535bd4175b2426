/**
 * Embeds a long document part by part and keeps each part on disk until the document is stored: a book takes an hour, and a
 * process that ends in the middle costs one part of it.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { Embedder } from '../embed/embedder.js'

/** About twenty seconds of work, and 1.5 MB. */
const PART_TEXTS = 1024

export interface EmbedInPartsOptions {
  readonly embedder: Pick<Embedder, 'embed'>
  /** What makes the vectors: parts that another one made are not taken. */
  readonly embedderVersion: string
  /** Of each vector. */
  readonly dimensions: number
  /** Where parts are kept. The caller removes it when the document is stored or given up. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
  readonly partTexts?: number
}

/** @returns a vector for each text, in their order. @throws what the embedder throws; what was kept stays then */
export async function embedInParts(texts: readonly string[], options: EmbedInPartsOptions): Promise<Float32Array[]> {
  const { embedder, dimensions, folder, signal, onProgress, partTexts = PART_TEXTS } = options
  const vectors: Float32Array[] = []
  const run = async (part: readonly string[]) => {
    const before = vectors.length
    return embedder.embed(part, { priority: 'bulk', signal, onProgress: (done) => onProgress(before + done) })
  }
  if (texts.length === 0) return []
  // Most documents are shorter than a part and leave no file.
  if (texts.length <= partTexts) return run(texts)
  for (let start = 0; start < texts.length; start += partTexts) {
    signal.throwIfAborted()
    const part = texts.slice(start, start + partTexts)
    const path = join(folder, `${keyOf(part, options.embedderVersion)}.f32`)
    const kept = await readPart(path, part.length, dimensions)
    const made = kept ?? (await run(part))
    if (!kept) await writePart(path, made)
    for (const vector of made) vectors.push(vector)
    onProgress(vectors.length)
  }
  return vectors
}

function keyOf(texts: readonly string[], embedderVersion: string): string {
  const hash = createHash('sha256').update(embedderVersion)
  for (const text of texts) hash.update(`\0${text}`)
  return hash.digest('hex')
}

async function writePart(path: string, vectors: readonly Float32Array[]): Promise<void> {
  const bytes = Buffer.concat(
    vectors.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  )
  await mkdir(dirname(path), { recursive: true })
  // Flushed and renamed: a part that has its name is whole, after a power cut too.
  await writeFileAtomic(path, bytes)
}

async function readPart(path: string, count: number, dimensions: number): Promise<Float32Array[] | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (bytes?.length !== count * dimensions * Float32Array.BYTES_PER_ELEMENT) return undefined
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  return Array.from({ length: count }, (_, at) => values.slice(at * dimensions, (at + 1) * dimensions))
}
