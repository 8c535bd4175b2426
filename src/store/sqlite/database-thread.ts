/** Thread program: one SQLite connection. The writer migrates when it opens; the reader cannot write. */
import Database from 'better-sqlite3'
import { asDocentError, DocentError } from '../../errors.js'
import { serveThread, Transferring } from '../../thread.js'
import { migrate } from './migrations.js'

export interface ConnectionData {
  readonly path: string
  readonly readonly: boolean
}

export interface StatementResult {
  readonly rows: unknown[]
  /** Rows changed; undefined for a statement that reads. */
  readonly changes?: number
}

const BUSY_TIMEOUT_MS = 5000
/** Kysely compiles the same calls to the same text; statements beyond this many are forgotten, longest unused first. */
const STATEMENT_CACHE_SIZE = 256
const WAL_LIMIT_BYTES = 64 * 1024 * 1024

function open({ path, readonly }: ConnectionData): Database.Database {
  const database = new Database(path, { readonly, timeout: BUSY_TIMEOUT_MS })
  database.pragma('foreign_keys = on')
  if (readonly) {
    database.pragma('query_only = on')
    return database
  }
  database.pragma('journal_mode = wal')
  // A commit is on the disk when it is reported: WAL's default, NORMAL, could lose the last ones in a power cut.
  database.pragma('synchronous = full')
  database.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
  return database
}

serveThread<ConnectionData>((data) => {
  let database: Database.Database | undefined
  const statements = new Map<string, Database.Statement>()

  const connection = () => {
    if (!database) throw new DocentError('INTERNAL', 'the database is not open')
    return database
  }
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? connection().prepare(sql)
    statements.delete(sql)
    statements.set(sql, statement)
    if (statements.size > STATEMENT_CACHE_SIZE) statements.delete(statements.keys().next().value as string)
    return statement
  }

  return {
    handlers: {
      open: () => {
        database = open(data)
        if (!data.readonly) migrate(database, data.path)
      },
      execute: ({
        sql,
        parameters,
      }: {
        sql: string
        parameters: readonly unknown[]
      }): StatementResult | Transferring => {
        const statement = prepare(sql)
        if (!statement.reader) return { rows: [], changes: statement.run(parameters).changes }
        const rows = statement.all(parameters)
        return new Transferring({ rows }, buffersOf(rows))
      },
      /** After a failure: SQLite may have ended the transaction by itself (disk full), and that is no second failure. */
      rollback: () => {
        if (connection().inTransaction) prepare('rollback').run()
      },
    },
    end: () => {
      if (database && !data.readonly) database.pragma('optimize')
      database?.close()
    },
  }
}, translate)

/** Blobs move to the asking thread; better-sqlite3 gives each its own buffer. */
function buffersOf(rows: readonly unknown[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  for (const row of rows) {
    for (const value of Object.values(row as object)) {
      if (value instanceof Uint8Array && value.byteLength === value.buffer.byteLength) {
        buffers.push(value.buffer as ArrayBuffer)
      }
    }
  }
  return buffers
}

function translate(thrown: unknown): DocentError {
  if (!(thrown instanceof Database.SqliteError)) return asDocentError(thrown)
  if (thrown.code === 'SQLITE_NOTADB') {
    return new DocentError('STORE_INCOMPATIBLE', 'the file is not an SQLite database', { cause: thrown })
  }
  const code = thrown.code === 'SQLITE_FULL' ? 'DISK_FULL' : 'INTERNAL'
  return new DocentError(code, `${thrown.code}: ${thrown.message}`, { cause: thrown })
}
