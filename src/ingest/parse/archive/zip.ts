/**
 * archive/: enter the bytes of a ZIP, leave its files. For archives and for the office formats, which are archives; stored-zip.ts
 * writes the small ones that mammoth gets. Through yauzl: hostile ones are refused before a parser that trusts them sees them.
 * What the directory says of sizes is not believed: yauzl stops a file that unpacks to more.
 */
import { buffer } from 'node:stream/consumers'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { DocentError } from '../../../errors.js'

export interface ZipLimits {
  readonly maxEntries: number
  /** Of all files together, unpacked. */
  readonly maxUnpackedBytes: number
}

/** Of an office file. */
export const OFFICE_LIMITS: ZipLimits = { maxEntries: 20_000, maxUnpackedBytes: 512 * 1024 * 1024 }

export interface ZipMember {
  /** With forward slashes; never absolute, never with `..`. */
  readonly name: string
  readonly byteCount: number
  /** @throws MALFORMED_FILE */
  read(): Promise<Buffer>
}

/**
 * The files of an archive, in its own order, without folders.
 * @throws UNPACKS_TOO_LARGE, ENCRYPTED_FILE, MALFORMED_FILE
 */
export async function zipMembers(bytes: Buffer, limits: ZipLimits): Promise<ZipMember[]> {
  const zip = await orMalformed(() => fromBufferPromise(bytes, { lazyEntries: true, autoClose: false }))
  if (zip.entryCount > limits.maxEntries) {
    throw new DocentError('UNPACKS_TOO_LARGE', `it has ${zip.entryCount} files; at most ${limits.maxEntries} are read`)
  }
  const members: ZipMember[] = []
  let unpackedBytes = 0
  for (const entry of await orMalformed(() => entriesOf(zip))) {
    if (entry.fileName.endsWith('/')) continue
    if (entry.isEncrypted()) throw new DocentError('ENCRYPTED_FILE', `${entry.fileName} is protected with a password`)
    unpackedBytes += entry.uncompressedSize
    if (unpackedBytes > limits.maxUnpackedBytes) {
      const limit = `${Math.round(limits.maxUnpackedBytes / 2 ** 20)} MiB`
      throw new DocentError('UNPACKS_TOO_LARGE', `it unpacks to more than ${limit}`)
    }
    members.push({ name: entry.fileName, byteCount: entry.uncompressedSize, read: () => readEntry(zip, entry) })
  }
  return members
}

async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of zip.eachEntry()) entries.push(entry)
  return entries
}

const readEntry = (zip: ZipFile, entry: Entry): Promise<Buffer> =>
  orMalformed(async () => buffer(await zip.openReadStreamPromise(entry)))

async function orMalformed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new DocentError('MALFORMED_FILE', `the archive cannot be unpacked: ${(cause as Error).message}`, { cause })
  }
}
