import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Mutex } from 'async-mutex'
import { flushFolder } from '../durable.js'
import { DocentError } from '../errors.js'

const HASHES_PER_QUESTION = 500

/** Kept from removal until it is disposed of; by then a row of the store must say who holds it. */
export interface StoredOriginal extends Disposable {
  /** sha256 (hex) of the bytes: its name. */
  readonly hash: string
  readonly byteCount: number
}

/**
 * The uploaded bytes as they came, each file named by its hash, so that the same bytes are stored once. A file is written
 * aside, flushed and renamed: what has its name is whole. One process writes the folder.
 *
 * A file goes after the rows that held it, so that a crash in between leaves a file too many, which the next start
 * removes, and never one too few. An upload of the same bytes meanwhile is safe: from its rename until its row is
 * committed nothing removes them, and whoever removes asks the store while no file is renamed.
 */
export class Originals {
  readonly #folder: string
  readonly #aside: string
  /** Held while a file gets its name or loses it. */
  readonly #mutex = new Mutex()
  /** By hash: how many uploads have stored it and not yet said so in the store. */
  readonly #arriving = new Map<string, number>()

  constructor(folder: string) {
    this.#folder = folder
    this.#aside = join(folder, '.incoming')
  }

  path(hash: string): string {
    return join(this.#folder, hash)
  }

  async byteCount(hash: string): Promise<number> {
    return (await stat(this.path(hash))).size
  }

  /** Removes what an interrupted process left half written. Call at start, when no upload can be under way. */
  async removeLeftovers(): Promise<number> {
    const names = await namesIn(this.#aside)
    for (const name of names) await rm(join(this.#aside, name), { force: true })
    return names.length
  }

  /** Of `hashes`, removes the files that `unusedOf` lets go (`DocumentReader.unusedOriginals`). Returns how many. */
  async remove(hashes: readonly string[], unusedOf: (hashes: readonly string[]) => Promise<string[]>): Promise<number> {
    return this.#mutex.runExclusive(async () => {
      const unused = (await unusedOf(hashes)).filter((hash) => !this.#arriving.has(hash))
      for (const hash of unused) await rm(this.path(hash), { force: true })
      return unused.length
    })
  }

  /** The same for every file: those that a crash left behind. */
  async removeUnused(unusedOf: (hashes: readonly string[]) => Promise<string[]>): Promise<number> {
    const hashes = (await namesIn(this.#folder)).filter((name) => /^[0-9a-f]{64}$/.test(name))
    let count = 0
    for (let at = 0; at < hashes.length; at += HASHES_PER_QUESTION) {
      count += await this.remove(hashes.slice(at, at + HASHES_PER_QUESTION), unusedOf)
    }
    return count
  }

  /**
   * Streams to disk. `inspect` sees the whole file before it gets its name: what it refuses leaves no trace. A stream that
   * fails or is refused is not destroyed, because whoever opened it may have to drain it (a multipart body does).
   * @throws TOO_LARGE, and what `inspect` throws
   */
  async write(
    content: Readable | string | Buffer,
    maxBytes: number,
    inspect: (path: string) => Promise<void> = async () => {},
  ): Promise<StoredOriginal> {
    await mkdir(this.#aside, { recursive: true })
    const aside = join(this.#aside, randomUUID())
    try {
      const written = await writeAside(chunksOf(content), aside, maxBytes)
      await inspect(aside)
      return await this.#mutex.runExclusive(async () => {
        await rename(aside, this.path(written.hash))
        await flushFolder(this.#folder)
        return { ...written, [Symbol.dispose]: this.#keep(written.hash) }
      })
    } finally {
      await rm(aside, { force: true })
    }
  }

  /** @returns what lets it go */
  #keep(hash: string): () => void {
    this.#arriving.set(hash, (this.#arriving.get(hash) ?? 0) + 1)
    return () => {
      const others = (this.#arriving.get(hash) ?? 0) - 1
      if (others > 0) this.#arriving.set(hash, others)
      else this.#arriving.delete(hash)
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

function chunksOf(content: Readable | string | Buffer): Iterable<Buffer | string> | AsyncIterable<Buffer | string> {
  if (typeof content === 'string' || Buffer.isBuffer(content)) return [content]
  return content.iterator({ destroyOnReturn: false })
}

async function writeAside(
  chunks: Iterable<Buffer | string> | AsyncIterable<Buffer | string>,
  path: string,
  maxBytes: number,
): Promise<{ hash: string; byteCount: number }> {
  const hash = createHash('sha256')
  let byteCount = 0
  const file = await open(path, 'wx')
  try {
    for await (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      byteCount += bytes.length
      if (byteCount > maxBytes) throw new DocentError('TOO_LARGE', `the file has more than ${maxBytes} bytes`)
      hash.update(bytes)
      await file.writeFile(bytes)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { hash: hash.digest('hex'), byteCount }
}
