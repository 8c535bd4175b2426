/**
 * One process writes a folder. The lock is an exclusive transaction on a small database of its own: the operating system
 * lets go of it when the process ends, however it ends, so that no stale lock needs cleaning.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { DocentError } from '../errors.js'

const LOCK_FILE = 'lock.sqlite'

/** @throws DATA_IN_USE at once when another process, or this one, holds the folder. */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true })
  const lock = new Database(join(folder, LOCK_FILE), { timeout: 0 })
  try {
    // A rollback journal: with WAL, an exclusive transaction would let a second process in to read.
    lock.pragma('journal_mode = delete')
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new DocentError('DATA_IN_USE', `${folder} is in use by another process`, { cause: error })
    }
    throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      lock.close()
    },
  }
}
