/**
 * The schema, in numbered steps that never change once released. SQLite's `user_version` says how many a database has
 * had. All missing steps run in one transaction: a database is of the old form or the new one.
 */
import type Database from 'better-sqlite3'
import { DocentError } from '../../errors.js'
import { FIRST_SCHEMA } from './migrations/0001-first-schema.js'
import { WHAT_A_DELETION_FINDS } from './migrations/0002-what-a-deletion-finds.js'
import { ORIGINALS } from './migrations/0003-originals.js'
import { MORE_OF_EACH_STEP } from './migrations/0004-more-of-each-step.js'
import { DECISIONS } from './migrations/0005-decisions.js'
import { PLACES } from './migrations/0006-places.js'
import { BATCHES } from './migrations/0007-batches.js'
import { CHANGING_DOCUMENTS } from './migrations/0008-changing-documents.js'
import { EMBEDDERS } from './migrations/0009-embedders.js'
import { RETRIES } from './migrations/0010-retries.js'

const MIGRATIONS: readonly string[] = [
  FIRST_SCHEMA,
  WHAT_A_DELETION_FINDS,
  ORIGINALS,
  MORE_OF_EACH_STEP,
  DECISIONS,
  PLACES,
  BATCHES,
  CHANGING_DOCUMENTS,
  EMBEDDERS,
  RETRIES,
]
/** "DOCT" in the file header: we write to no database of another program. */
const APPLICATION_ID = 0x444f4354

/** @throws STORE_INCOMPATIBLE when the database is newer than this release, or another program's. */
export function migrate(database: Database.Database, path: string): void {
  const run = database.transaction(() => {
    const version = database.pragma('user_version', { simple: true }) as number
    const application = database.pragma('application_id', { simple: true }) as number
    const isEmpty = database.prepare('select 1 from sqlite_schema limit 1').get() === undefined
    if (application !== APPLICATION_ID && !(isEmpty && version === 0)) {
      throw new DocentError('STORE_INCOMPATIBLE', `${path} is a database of another program`)
    }
    if (version > MIGRATIONS.length) {
      throw new DocentError(
        'STORE_INCOMPATIBLE',
        `${path} has schema version ${version}; this release knows versions up to ${MIGRATIONS.length}`,
      )
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step)
    database.pragma(`application_id = ${APPLICATION_ID}`)
    database.pragma(`user_version = ${MIGRATIONS.length}`)
  })
  run.exclusive()
}
