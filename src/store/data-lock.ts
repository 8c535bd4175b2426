/**
 * One process has a data directory open. The lock is an exclusive transaction on a small database of its own: the
 * operating system lets go of it when the process ends, however it ends, so that no stale lock needs cleaning.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { DocentError } from '../errors.js'

const LOCK_FILE = 'lock.sqlite'

/** @throws DATA_IN_USE at once when another process, or this one, holds the directory. */
export async function lockDataDirectory(dataDir: string): Promise<AsyncDisposable> {
  await mkdir(dataDir, { recursive: true })
  const lock = new Database(join(dataDir, LOCK_FILE), { timeout: 0 })
  try {
    // A rollback journal: with WAL, an exclusive transaction would let a second process in to read.
    lock.pragma('journal_mode = delete')
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new DocentError('DATA_IN_USE', `${dataDir} is open in another Docent process`, { cause: error })
    }
    throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      lock.close()
    },
  }
}
