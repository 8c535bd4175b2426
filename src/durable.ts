/**
 * Folders that are there whole or not at all. A folder is filled aside, flushed to the disk and renamed to its name as the
 * last act, so that `kill -9` or a power cut between any two lines leaves the old state and at most a leftover aside.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

const ASIDE_PREFIX = '.aside-'

/** sha256 in hex, streamed. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Every file below `folder` as a sorted relative path with forward slashes. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/**
 * Makes the file `target` from what `fill` writes to the path that it is given. That lies in `asideFolder`, of the same disk,
 * where `removeLeftovers` finds it if the writer is killed.
 */
export async function createFile(
  target: string,
  asideFolder: string,
  fill: (path: string) => Promise<void>,
): Promise<void> {
  const aside = asidePath(asideFolder)
  try {
    await fill(aside)
    await flush(aside)
    await mkdir(dirname(target), { recursive: true })
    await rename(aside, target)
    await flushFolder(dirname(target))
  } finally {
    await rm(aside, { force: true })
  }
}

/**
 * Makes `target` from what `fill` puts into an empty folder beside it.
 * @returns what `fill` returned, or undefined when `target` was there already or another writer came first.
 */
export async function createFolder<T>(target: string, fill: (folder: string) => Promise<T>): Promise<T | undefined> {
  if (await exists(target)) return undefined
  const parent = dirname(target)
  await mkdir(parent, { recursive: true })
  const aside = asidePath(parent)
  try {
    await mkdir(aside)
    const result = await fill(aside)
    await flushTree(aside)
    await rename(aside, target)
    await flushFolder(parent)
    return result
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (await exists(target)) return undefined
    throw error
  }
}

/** Does `work` with an empty folder in `parent`, which is removed in the end. */
export async function withFolderAside<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true })
  const aside = asidePath(parent)
  await mkdir(aside)
  try {
    return await work(aside)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function asidePath(parent: string): string {
  return join(parent, `${ASIDE_PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`)
}

/** Removes what writers that were killed left in `parent`; folders of writers that still run stay. Returns how many. */
export async function removeLeftovers(parent: string): Promise<number> {
  if (!(await exists(parent))) return 0
  const names = (await readdir(parent)).filter((name) => name.startsWith(ASIDE_PREFIX) && !writerRuns(name))
  for (const name of names) await rm(join(parent, name), { recursive: true, force: true })
  return names.length
}

/** Our own process id in a leftover is an earlier process's: this is called before anything is written. */
function writerRuns(name: string): boolean {
  const pid = Number.parseInt(name.slice(ASIDE_PREFIX.length), 10)
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function flushTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    await (entry.isDirectory() ? flushTree(path) : flush(path))
  }
  await flushFolder(folder)
}

/** A name is on the disk when the folder that holds it is. Windows has no such thing, and refuses. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform !== 'win32') await flush(folder)
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
