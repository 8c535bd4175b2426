import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { addCollection, addDocument } from '../conformance/rows.js'
import { describeStore } from '../conformance/store.js'

const log = createLogger('silent')
const open = (folder: string) => SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
const writer = fileURLToPath(new URL('writing-process.mjs', import.meta.url))

describeStore('SQLite', open)

describe('SQLite', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docent-sqlite-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const startWriter = (mode: 'stop-in-the-middle' | 'write-on'): ChildProcess =>
    fork(writer, [join(folder, 'docent.sqlite'), mode], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const kill = async (child: ChildProcess) => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  it('holds nothing of a transaction in whose middle the process was killed', async () => {
    const child = startWriter('stop-in-the-middle')
    await once(child, 'message')
    await kill(child)
    await using store = await open(folder)
    expect((await store.reader.collections.all()).map(({ name }) => name)).toEqual(['before'])
    expect((await store.reader.documents.page({ first: 9 })).items).toEqual([])
    expect(await store.reader.chunks.count()).toBe(0)
  })

  it('holds every transaction that was reported as committed, whole, whenever the process is killed', async () => {
    let committed = 0
    for (const reports of [1, 4, 9]) {
      const child = startWriter('write-on')
      let received = 0
      await new Promise<void>((resolve) => {
        child.on('message', (count: number) => {
          committed = count
          if (++received === reports) resolve()
        })
      })
      await kill(child)
      await using store = await open(folder)
      const { items } = await store.reader.documents.page({ first: 1000 })
      expect(items.length).toBeGreaterThanOrEqual(committed)
      const seqs: number[] = []
      for (const document of items) {
        const chunks = await store.reader.chunks.ofDocument(document.id)
        expect(chunks).toHaveLength(100)
        const last = chunks.at(-1)
        const text = await store.reader.documents.slice(document.id, 1, last?.start ?? 0, last?.end ?? 0)
        expect(text).toBe('word99 ')
        seqs.push(...chunks.map((chunk) => chunk.seq))
      }
      const hits = await store.reader.chunks.searchLexical('word7', { collectionIds: [], filter: {}, limit: 1000 })
      expect(hits).toHaveLength(items.length)
      const vectors = await store.reader.chunks.vectorsAfter(1, items[0]?.collectionId ?? '', 0, 100_000)
      expect(vectors.map(({ seq }) => seq)).toEqual(seqs.sort((a, b) => a - b))
    }
  })

  it('stores each text once: neither the lexical index nor the chunks repeat it', async () => {
    const marker = 'xyzzy'
    const pieces = Array.from({ length: 200 }, (_, index) => `${marker} number${index} is here. `)
    {
      await using store = await open(folder)
      const collection = await addCollection(store)
      await store.transact((transactor) => addDocument(transactor, collection.id, pieces))
    }
    const database = new Database(join(folder, 'docent.sqlite'), { readonly: true })
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").pluck().all() as string[]
    const holding = tables.filter((table) =>
      database
        .prepare(`select * from "${table}"`)
        .all()
        .some((row) => Object.values(row as object).some((value) => String(value).includes(`${marker} number42 is`))),
    )
    database.close()
    expect(holding).toEqual(['text_pieces'])
  })

  it('cannot write through the connection of the reader', async () => {
    await using store = await open(folder)
    const { database } = store.reader.collections as unknown as {
      database: { insertInto(table: string): { values(row: object): { execute(): Promise<unknown> } } }
    }
    const writing = database.insertInto('collections').values({ id: 'x', name: 'x', created_at: 0 }).execute()
    await expect(writing).rejects.toThrow('readonly')
  })

  it('refuses a database that a newer release wrote, and leaves it as it is', async () => {
    await (await open(folder))[Symbol.asyncDispose]()
    const path = join(folder, 'docent.sqlite')
    const database = new Database(path)
    database.pragma('user_version = 999')
    database.close()
    await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' })
    const unchanged = new Database(path, { readonly: true })
    expect(unchanged.pragma('user_version', { simple: true })).toBe(999)
    unchanged.close()
  })

  it("refuses another program's database and a file that is none", async () => {
    const path = join(folder, 'docent.sqlite')
    const database = new Database(path)
    database.exec('create table theirs (a)')
    database.close()
    await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' })
    await writeFile(path, 'not a database, but long enough to look like one '.repeat(100))
    await expect(open(folder)).rejects.toMatchObject({ code: 'STORE_INCOMPATIBLE' })
  })
})
