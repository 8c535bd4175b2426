/**
 * Kysely on a worker thread: queries are compiled here and run there. The writer's connection is handed out to one at a
 * time, so that transactions run one after another; the reader's is shared, since each of its statements stands alone.
 */
import { Mutex } from 'async-mutex'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { DocentError } from '../../errors.js'
import type { Thread } from '../../thread.js'
import type { StatementResult } from './database-thread.js'

export function threadDialect(thread: Thread, { exclusive }: { exclusive: boolean }): Dialect {
  return {
    createDriver: () => new ThreadDriver(thread, exclusive),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class ThreadDriver implements Driver {
  readonly #thread: Thread
  readonly #mutex: Mutex | undefined

  constructor(thread: Thread, exclusive: boolean) {
    this.#thread = thread
    this.#mutex = exclusive ? new Mutex() : undefined
  }

  async init(): Promise<void> {
    await this.#thread.request('open')
  }

  async acquireConnection(): Promise<ThreadConnection> {
    return new ThreadConnection(this.#thread, await this.#mutex?.acquire())
  }

  async beginTransaction(connection: ThreadConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: ThreadConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(): Promise<void> {
    await this.#thread.request('rollback')
  }

  async releaseConnection(connection: ThreadConnection): Promise<void> {
    connection.release()
  }

  async destroy(): Promise<void> {
    await this.#thread.end()
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: Thread
  readonly #releaseMutex: (() => void) | undefined

  constructor(thread: Thread, releaseMutex: (() => void) | undefined) {
    this.#thread = thread
    this.#releaseMutex = releaseMutex
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.#thread.request<StatementResult>('execute', { sql, parameters })
    return { rows: rows as R[], ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }) }
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing here streams, pages are read by key
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new DocentError('INTERNAL', 'this dialect does not stream')
  }

  release(): void {
    this.#releaseMutex?.()
  }
}
