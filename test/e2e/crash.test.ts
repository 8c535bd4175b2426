/**
 * `kill -9` in the middle of a synchronisation, again and again: a real server, a real folder, a real command. Whatever the
 * moment, the end is the same as if nothing had happened.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditData } from '../../scripts/lib/audit.mjs'
import type { Client } from '../../src/cli/client.js'
import { makeDocument } from '../support/make-documents.js'
import { docent, type Folders, makeFolders, startCommand, startServer } from '../support/start-server.js'

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

const KILLS = 10
const FORMATS = ['.md', '.txt', '.html', '.csv', '.eml', '.pdf', '.docx', '.xlsx']
const FILES = 40

let folders: Folders
let folder: string
/** Of each file its word now, and how many versions its document should have. */
const expected = new Map<string, { word: string; versions: number }>()
const oldWords: string[] = []

beforeAll(async () => {
  folders = await makeFolders()
  folder = join(folders.folder, 'handbook')
  await mkdir(folder)
  for (let at = 0; at < FILES; at++) await write(fileName(at), at, 1)
})
afterAll(() => folders?.remove())

const fileName = (at: number) => `page-${String(at).padStart(2, '0')}${FORMATS[at % FORMATS.length]}`

async function write(name: string, at: number, versions: number): Promise<void> {
  const word = `quokka${versions}of${at}end`
  await writeFile(join(folder, name), await makeDocument(name, word, 1000 * versions + 20 * at))
  const before = expected.get(name)
  if (before) oldWords.push(before.word)
  expected.set(name, { word, versions })
}

/** Twenty change, six go, six come, one moves; thirteen stay. */
async function changeFolder(): Promise<{ changes: number; removed: string[] }> {
  for (let at = 0; at < 20; at++) await write(fileName(at), at, 2)
  const removed = [20, 21, 22, 23, 24, 25].map(fileName)
  for (const name of removed) {
    await rm(join(folder, name))
    oldWords.push(expected.get(name)?.word as string)
    expected.delete(name)
  }
  for (let at = FILES; at < FILES + 6; at++) await write(fileName(at), at, 1)
  const moved = `moved-${fileName(26)}`
  await rename(join(folder, fileName(26)), join(folder, moved))
  expected.set(moved, expected.get(fileName(26)) as { word: string; versions: number })
  expected.delete(fileName(26))
  return { changes: 20 + 6 + 1, removed: [...removed, fileName(26)] }
}

const synchronise = () => startCommand(['ingest', '--sync', folder], folders.environment)

const STATE = `{
  jobs(first: 100) { edges { node { status progress { stage } } } }
  documentNames(collection: "default", prefix: "handbook/", first: 100) { edges { node { name } } }
}`

/** How many uploads were accepted, jobs have ended and names have gone, of those of the second synchronisation. */
async function progressOf(client: Client, removed: readonly string[]): Promise<{ done: number; stages: string[] }> {
  const { jobs, documentNames } = await client.graphql<Any>(STATE)
  const rows: Any[] = jobs.edges.map(({ node }: Any) => node)
  const names = new Set(documentNames.edges.map(({ node }: Any) => node.name))
  const ended = rows.filter(({ status }) => status !== 'QUEUED' && status !== 'RUNNING')
  const gone = removed.filter((name) => !names.has(`handbook/${name}`))
  const running = rows.filter(({ status }) => status === 'RUNNING')
  return {
    done: rows.length + ended.length - 2 * FILES + gone.length,
    stages: running.map(({ progress }) => progress.stage.replace(/ .*/, '')),
  }
}

/** @returns where the work was when the server was killed */
async function killAt(goal: number, removed: readonly string[]): Promise<{ done: number; stages: string[] }> {
  const server = await startServer(folders)
  const command = synchronise()
  let progress = await progressOf(server.client, removed)
  while (progress.done < goal) {
    await delay(5)
    progress = await progressOf(server.client, removed)
  }
  await server.kill()
  // One that is not through to the server yet would open the data itself.
  const isConnected = command.log().includes(' files')
  if (!isConnected) command.kill()
  const { status, stderr } = await command.finished
  if (isConnected && status !== 0) expect(stderr).toContain('SERVER_UNREACHABLE')
  return progress
}

test('a synchronisation that is killed ten times ends as if it had not been', async () => {
  {
    await using server = await startServer(folders)
    expect(await synchronise().finished).toMatchObject({ status: 0 })
    expect((await progressOf(server.client, [])).done).toBe(0)
  }
  const { changes, removed } = await changeFolder()
  const total = 2 * changes + removed.length
  const kills: { done: number; stages: string[] }[] = []
  for (let kill = 1; kill <= KILLS; kill++) {
    kills.push(await killAt(Math.floor((kill * total) / (KILLS + 1)), removed))
  }
  // In the middle, each of them, and not between two jobs only.
  for (const { done } of kills) expect(done).toBeLessThan(total)
  expect(kills.filter(({ stages }) => stages.length > 0).length).toBeGreaterThan(KILLS / 2)

  {
    await using server = await startServer(folders)
    expect(await synchronise().finished).toMatchObject({ status: 0 })
    while ((await progressOf(server.client, removed)).done < total) await delay(50)
    const { jobs } = await server.client.graphql<Any>(
      '{ jobs(first: 100, status: FAILED) { edges { node { fileName attempts error { code message } } } } }',
    )
    expect(jobs.edges).toEqual([])
    // Not one job more than there were changes.
    expect((await progressOf(server.client, removed)).done).toBe(total)
    await expectTheFolder(server.client)
    const again = await synchronise().finished
    expect(again.stdout).toBe(`0 added, 0 changed, 0 removed, ${expected.size} unchanged\n`)
  }
  const audit = await auditData({
    dataDir: join(folders.folder, 'data'),
    indexDir: join(folders.folder, 'indexes'),
  })
  expect(audit.problems).toEqual([])
  expect(audit.attempts).toBeGreaterThan(1)
  const versions = [...expected.values()].reduce((sum, each) => sum + each.versions, 0)
  expect(audit).toMatchObject({ documents: expected.size, versions, originals: versions })
  expect([audit.words, audit.vectors]).toEqual([audit.chunks, audit.chunks])
  const { stdout } = await docent(['index', 'verify', '--json'], folders.environment)
  expect(JSON.parse(stdout)).toMatchObject([{ live: audit.chunks, recallAt10: 1 }])
}, 1_800_000)

async function expectTheFolder(client: Client): Promise<void> {
  const { documents } = await client.graphql<Any>(
    `{ documents(first: 100, status: READY) { edges { node { externalId names currentVersion versions { version } } } } }`,
  )
  const found = documents.edges.map(({ node }: Any) => node)
  const states = (found as Any[]).map(({ externalId, names, currentVersion, versions }) => ({
    ...{ names, externalId, currentVersion, versions: versions.length },
  }))
  const byName = (a: { externalId: string }, b: { externalId: string }) => (a.externalId < b.externalId ? -1 : 1)
  expect(states.sort(byName)).toEqual(
    [...expected]
      .map(([name, { versions }]) => ({ externalId: `handbook/${name}`, versions, currentVersion: versions }))
      .map((state) => ({ ...state, names: [state.externalId] }))
      .sort(byName),
  )
  const search = async (query: string): Promise<Any[]> =>
    (
      await client.graphql<Any>(
        'query($query: String!) { search(query: $query, first: 5) { text document { externalId } } }',
        { query },
      )
    ).search
  for (const [name, { word }] of expected) {
    const hit = (await search(word)).find(({ text }) => text.includes(word))
    expect(hit?.document.externalId).toBe(`handbook/${name}`)
  }
  for (const word of oldWords) expect((await search(word)).filter(({ text }) => text.includes(word))).toEqual([])
}
