/** Stamps: what a step was last done with. A stamp goes before the step begins and is written when its results are there. */
import { createHash } from 'node:crypto'
import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** @returns what {@link writeStamp} was given last, undefined when there is none. */
export function readStamp(context, step) {
  try {
    return JSON.parse(readFileSync(stampPath(context, step), 'utf8'))
  } catch {
    return undefined
  }
}

export function writeStamp(context, step, value) {
  writeFileWhole(stampPath(context, step), JSON.stringify(value, null, 2))
}

export function removeStamp(context, step) {
  rmSync(stampPath(context, step), { force: true })
}

/** The file is there with all of its content, or as it was before. */
export function writeFileWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

/** sha256 (hex) over named parts, in order. */
export function hashOf(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex')
}

/** sha256 (hex) of a file, as a stream. */
export async function hashFile(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** sha256 (hex) of the names and contents of files and of all files in folders, relative to `root`. */
export function hashTree(root, names) {
  const files = names.flatMap((name) => listFiles(root, name)).sort()
  return hashOf(files.flatMap((file) => [file, readFileSync(join(root, file))]))
}

/**
 * Large files by size and time, as make does: hashing them would cost more than the rest of an unchanged set-up. A byte that
 * somebody changed shows in the time.
 */
export function describeFiles({ root }, files) {
  return files.map((file) => {
    const { size, mtimeMs } = statSync(join(root, file))
    return { file, size, mtimeMs }
  })
}

/** Whether {@link describeFiles} would say the same of these files again. */
export function isUnchanged({ root }, described) {
  return described.every(({ file, size, mtimeMs }) => {
    const found = statSync(join(root, file), { throwIfNoEntry: false })
    return found?.size === size && found.mtimeMs === mtimeMs
  })
}

/** Paths relative to `root` of a file, or of all the files in a folder; empty when there is neither. */
export function listFiles(root, name) {
  try {
    const entries = readdirSync(join(root, name), { withFileTypes: true, recursive: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
  } catch (error) {
    if (error.code === 'ENOTDIR') return [name]
    if (error.code === 'ENOENT') return []
    throw error
  }
}

function stampPath(context, step) {
  return join(context.stampsDir, `${step}.json`)
}
