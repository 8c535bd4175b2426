/** The store contract on SQLite: one file, one thread that writes and one that cannot. One file per noun beside this. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Kysely } from 'kysely'
import type { Logger } from '../../log.js'
import { Thread } from '../../thread.js'
import type { Reader, Store, Transactor } from '../store.js'
import { ChunkReads } from './chunk-reads.js'
import { Chunks } from './chunks.js'
import { CollectionReads, Collections } from './collections.js'
import { CorrectionReads, Corrections } from './corrections.js'
import type { ConnectionData } from './database-thread.js'
import { DatasetReads, Datasets } from './datasets.js'
import { threadDialect } from './dialect.js'
import { DocumentReads, Documents } from './documents.js'
import { EmbedderReads, Embedders } from './embedders.js'
import { IndexBaseReads, IndexBases } from './index-bases.js'
import { InteractionReads, Interactions } from './interactions.js'
import { JobReads, Jobs } from './jobs.js'
import { LabelReads, Labels } from './labels.js'
import { PromotionReads, Promotions } from './promotions.js'
import { RunReads, Runs } from './runs.js'
import type { Schema } from './schema.js'

const THREAD = 'store/sqlite/database-thread.js'

export class SqliteStore implements Store {
  readonly reader: Reader
  readonly #writing: Kysely<Schema>
  readonly #reading: Kysely<Schema>
  #closed: Promise<void> | undefined

  private constructor(writing: Kysely<Schema>, reading: Kysely<Schema>) {
    this.#writing = writing
    this.#reading = reading
    this.reader = readerOn(reading)
  }

  /**
   * Creates or migrates the database at `path`. The caller holds the lock of the data directory (folder-lock.ts).
   * @throws STORE_INCOMPATIBLE when a newer release or another program wrote the file.
   */
  static async open({ path, log }: { path: string; log: Logger }): Promise<SqliteStore> {
    await mkdir(dirname(path), { recursive: true })
    const database = (readonly: boolean) => {
      const thread = new Thread(THREAD, { path, readonly } satisfies ConnectionData)
      return new Kysely<Schema>({ dialect: threadDialect(thread, { exclusive: !readonly }), log: logFailures(log) })
    }
    const writing = database(false)
    try {
      // The first statement opens the connection, and Kysely ends only a thread that it has used. The writer comes first:
      // a reader cannot create what it opens.
      await writing.selectFrom('collections').select('id').limit(1).execute()
      const reading = database(true)
      await reading.selectFrom('collections').select('id').limit(1).execute()
      return new SqliteStore(writing, reading)
    } catch (error) {
      await writing.destroy()
      throw error
    }
  }

  transact<T>(work: (transactor: Transactor) => Promise<T>): Promise<T> {
    return this.#writing.transaction().execute((transaction) => work(transactorOn(transaction)))
  }

  /** Waits for what was begun. May be called again. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#reading.destroy().then(() => this.#writing.destroy())
    return this.#closed
  }
}

function logFailures(log: Logger): (event: { level: string; query: { sql: string }; error?: unknown }) => void {
  return ({ level, query, error }) => {
    if (level === 'error') log.error({ err: error, sql: query.sql }, 'statement failed')
  }
}

function readerOn(database: Kysely<Schema>): Reader {
  return {
    collections: new CollectionReads(database),
    documents: new DocumentReads(database),
    chunks: new ChunkReads(database),
    interactions: new InteractionReads(database),
    corrections: new CorrectionReads(database),
    labels: new LabelReads(database),
    datasets: new DatasetReads(database),
    runs: new RunReads(database),
    jobs: new JobReads(database),
    embedders: new EmbedderReads(database),
    indexBases: new IndexBaseReads(database),
    promotions: new PromotionReads(database),
  }
}

function transactorOn(database: Kysely<Schema>): Transactor {
  return {
    collections: new Collections(database),
    documents: new Documents(database),
    chunks: new Chunks(database),
    interactions: new Interactions(database),
    corrections: new Corrections(database),
    labels: new Labels(database),
    datasets: new Datasets(database),
    runs: new Runs(database),
    jobs: new Jobs(database),
    embedders: new Embedders(database),
    indexBases: new IndexBases(database),
    promotions: new Promotions(database),
  }
}
