/** The files that a command names, and what their documents are called. */
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, normalize, relative, resolve, sep } from 'node:path'
import { DocentError } from '../errors.js'
import { FOLDER_EXTENSIONS } from '../ingest/formats.js'
import type { Session } from './command.js'

export interface DocumentFile {
  readonly path: string
  /**
   * What the document is called from now on: ingesting it again makes the next version. In a folder it begins with the
   * folder's name, so that the README.md of two folders are two documents; not with its whole path, so that a folder that
   * moves, a fresh checkout for example, still holds the same documents.
   */
  readonly externalId: string
}

/** What the documents of everything in a folder begin with. */
export const folderPrefix = (folder: string): string => `${basename(resolve(folder))}/`

/** Files in the order they are named; a folder's in the order of their names. @throws INVALID_INPUT */
export async function findFiles(paths: readonly string[], session: Session): Promise<DocumentFile[]> {
  const files: DocumentFile[] = []
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined)
    if (!stats) throw new DocentError('INVALID_INPUT', `there is no file or folder ${path}`)
    if (!stats.isDirectory()) {
      files.push({ path, externalId: portable(normalize(path)) })
      continue
    }
    const prefix = folderPrefix(path)
    const skipped: string[] = []
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    for (const entry of entries.sort((a, b) => compare(join(a.parentPath, a.name), join(b.parentPath, b.name)))) {
      const found = join(entry.parentPath, entry.name)
      if (!entry.isFile()) continue
      if (isDocument(entry.name)) files.push({ path: found, externalId: prefix + portable(relative(path, found)) })
      else skipped.push(relative(path, found))
    }
    if (skipped.length > 0) session.note(`skipped in ${path} (unknown type): ${skipped.join(', ')}`)
  }
  refuseClashes(files)
  return files
}

/** Two files of one name would be two versions of one document, and only the later one would answer. */
function refuseClashes(files: readonly DocumentFile[]): void {
  const paths = new Map<string, string>()
  for (const { path, externalId } of files) {
    const other = paths.get(externalId)
    if (other !== undefined && resolve(other) !== resolve(path)) {
      const reason = `${other} and ${path} would both be the document ${externalId}`
      throw new DocentError('INVALID_INPUT', `${reason}: ingest them into different collections (--collection)`)
    }
    paths.set(externalId, path)
  }
}

const portable = (path: string) => path.split(sep).join('/')
const isDocument = (name: string) => !name.startsWith('.') && FOLDER_EXTENSIONS.has(extname(name).toLowerCase())
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
