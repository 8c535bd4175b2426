/** Containers to the documents they hold, each a file of its own in a folder. Runs in the preparer's process. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { JsonObject } from '../domain.js'
import { DocentError, type SerializedError } from '../errors.js'
import type { ContainerType } from './formats.js'
import { type ZipLimits, zipMembers } from './parse/archive/zip.js'
import { readJsonLines } from './parse/json-lines.js'

export interface Container {
  readonly path: string
  readonly mediaType: ContainerType
}

/** A document of a container; `name` is unique in it and stays the same when the container is uploaded again. */
export interface Member {
  readonly name: string
  readonly title: string | null
  readonly metadata: JsonObject
  /** Of its bytes; null where it could not be taken out, and `error` says why. */
  readonly path: string | null
  readonly error: SerializedError | null
}

const ZIP_LIMITS: ZipLimits = { maxEntries: 50_000, maxUnpackedBytes: 4 * 1024 ** 3 }

/**
 * Writes each member into `folder`, which must be empty.
 * @throws UNPACKS_TOO_LARGE, ENCRYPTED_FILE, MALFORMED_FILE, INVALID_ENCODING, EMPTY_DOCUMENT when nothing is in it
 */
export async function unpack(container: Container, folder: string): Promise<Member[]> {
  await mkdir(folder, { recursive: true })
  const bytes = await readFile(container.path)
  const members = container.mediaType === 'application/zip' ? unpackZip(bytes, folder) : unpackLines(bytes, folder)
  const found = await members
  if (found.length === 0) throw new DocentError('EMPTY_DOCUMENT', 'the archive holds no file')
  return found
}

/** What systems leave in archives without anybody asking. */
const isLitter = (name: string): boolean =>
  name.startsWith('__MACOSX/') || /^(\..*|thumbs\.db|desktop\.ini)$/i.test(basename(name))

async function unpackZip(bytes: Buffer, folder: string): Promise<Member[]> {
  const members: Member[] = []
  for (const { name, read } of await zipMembers(bytes, ZIP_LIMITS)) {
    if (isLitter(name)) continue
    const path = join(folder, String(members.length))
    const common = { name, title: null, metadata: {} }
    if (name.toLowerCase().endsWith('.zip')) {
      const error = new DocentError('UNSUPPORTED_MEDIA_TYPE', 'an archive inside an archive is not opened')
      members.push({ ...common, path: null, error: error.toJSON() })
    } else {
      await writeFile(path, await read())
      members.push({ ...common, path, error: null })
    }
  }
  return members
}

async function unpackLines(bytes: Buffer, folder: string): Promise<Member[]> {
  const members: Member[] = []
  const names = new Set<string>()
  for (const record of readJsonLines(bytes)) {
    if ('error' in record) {
      const error = new DocentError('MALFORMED_FILE', `line ${record.line} ${record.error}`)
      members.push({ name: `line ${record.line}`, title: null, metadata: {}, path: null, error: error.toJSON() })
      continue
    }
    const { id, line, title, metadata, text } = record
    // An id that is given twice would make two versions of one document.
    const name = id !== null && !names.has(id) ? id : `line ${line}`
    names.add(name)
    const path = join(folder, String(members.length))
    await writeFile(path, text)
    members.push({ name, title, metadata, path, error: null })
  }
  return members
}
