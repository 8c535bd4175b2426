/** What a manifest vouches for: sha256 (hex) of files, by their relative paths with forward slashes. */
import { join } from 'node:path'
import { exists, hashFile } from '../durable.js'
import { DocentError } from '../errors.js'

export type FileHashes = Readonly<Record<string, string>>

export async function hashFiles(folder: string, files: readonly string[]): Promise<FileHashes> {
  const hashes: Record<string, string> = {}
  for (const file of files) hashes[file] = await hashFile(join(folder, file))
  return hashes
}

/** Reads every byte. @throws MODEL_CORRUPT naming the first file that is missing or changed. */
export async function checkHashes(folder: string, hashes: FileHashes): Promise<void> {
  for (const [file, expected] of Object.entries(hashes)) {
    const path = join(folder, file)
    if (!(await exists(path))) throw new DocentError('MODEL_CORRUPT', `${path} is missing`)
    const found = await hashFile(path)
    if (found !== expected) throw new DocentError('MODEL_CORRUPT', `${path} has sha256 ${found}, not ${expected}`)
  }
}
