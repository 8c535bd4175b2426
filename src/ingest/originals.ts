import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { flushFolder } from '../durable.js'
import { DocentError } from '../errors.js'

export interface StoredOriginal {
  /** sha256 (hex) of the bytes: its name. */
  readonly hash: string
  readonly byteCount: number
}

/**
 * The uploaded bytes as they came, each file named by its hash, so that the same bytes are stored once. A file is written
 * aside, flushed and renamed: what has its name is whole.
 */
export class Originals {
  readonly #folder: string
  readonly #aside: string

  constructor(folder: string) {
    this.#folder = folder
    this.#aside = join(folder, '.incoming')
  }

  path(hash: string): string {
    return join(this.#folder, hash)
  }

  /** Removes what an interrupted process left half written. Call at start, when no upload can be under way. */
  async removeLeftovers(): Promise<number> {
    const names = await readdir(this.#aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    for (const name of names) await rm(join(this.#aside, name), { force: true })
    return names.length
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
      const original = await writeAside(chunksOf(content), aside, maxBytes)
      await inspect(aside)
      await rename(aside, this.path(original.hash))
      await flushFolder(this.#folder)
      return original
    } finally {
      await rm(aside, { force: true })
    }
  }
}

function chunksOf(content: Readable | string | Buffer): Iterable<Buffer | string> | AsyncIterable<Buffer | string> {
  if (typeof content === 'string' || Buffer.isBuffer(content)) return [content]
  return content.iterator({ destroyOnReturn: false })
}

async function writeAside(
  chunks: Iterable<Buffer | string> | AsyncIterable<Buffer | string>,
  path: string,
  maxBytes: number,
): Promise<StoredOriginal> {
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
