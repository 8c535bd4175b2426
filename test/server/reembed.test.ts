/** A real server whose embedder is exchanged: asked, searched, killed and changed while it re-embeds. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/cli/client.js'
import { JOB_FIELDS } from '../../src/cli/jobs.js'
import { SourceFolder } from '../jobs/import/source-folder.js'
import { endedJob } from '../support/jobs.js'
import { docent, type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'
import { upload } from '../support/upload.js'

const LONG_MS = 600_000
const REAL = 'all-MiniLM-L6-v2'
/** Of random weights and 32 numbers a vector: it embeds in no time, and its cosines say nothing. */
const TINY = 'tiny-bert'

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

/** Some hundred chunks, so that the real embedder takes a while. */
const LONG_TEXT = Array.from({ length: 240 }, (_, at) => {
  const sentences = Array.from({ length: 6 }, (_, line) => `On shelf ${at} of hall ${line} lies a book about ships.`)
  return `# Shelf ${at}\n\n${sentences.join(' ')}`
}).join('\n\n')

let folders: Folders
let sources: string
beforeAll(async () => {
  folders = await makeFolders()
  sources = await mkdtemp(join(tmpdir(), 'docent-sources-'))
  const { path } = await SourceFolder.of('bert', sources)
  const imported = await docent(['models', 'import', path, '--embedder', '--id', TINY], folders.environment)
  expect(imported).toMatchObject({ status: 0, stdout: expect.stringContaining(`DOCENT_EMBEDDER=${TINY}`) })
  expect(imported.stdout).toContain('32 numbers a vector, mean pooling, licence mit')
  expect(imported.stdout).toContain(
    'reads 96 tokens of a text, and the end of a longer chunk is found by its words alone',
  )
}, LONG_MS)
afterAll(async () => {
  await folders?.remove()
  await rm(sources, { recursive: true, force: true })
})

const start = (embedder: string) => startServer(folders, { DOCENT_EMBEDDER: embedder })

async function add({ url, client }: TestServer, name: string, content: string): Promise<string> {
  const { body } = await upload(url, [{ name, content }])
  expect(await endedJob(client, body.jobs[0]?.id ?? '')).toMatchObject({ status: 'SUCCEEDED' })
  return body.jobs[0]?.payload.documentId as string
}

async function search(client: Client, query: string): Promise<{ text: string; denseScore: number | null }[]> {
  const asked = 'query($query: String!) { search(query: $query, first: 3) { text denseScore } }'
  return (await client.graphql<Any>(asked, { query })).search
}

const LIBRARY = 'The library opens at nine and closes at six.'
const QUESTION = 'When does the library open?'
const scoreOfLibrary = async (client: Client) =>
  (await search(client, QUESTION)).find(({ text }) => text === LIBRARY)?.denseScore as number

async function ask(client: Client): Promise<string> {
  const { ask: asked } = await client.graphql<Any>('query($q: String!) { ask(question: $q) { interactionId } }', {
    q: QUESTION,
  })
  const found = 'query($id: ID!) { interaction(id: $id) { embedderVersion } }'
  return (await client.graphql<Any>(found, { id: asked.interactionId })).interaction.embedderVersion
}

const health = async (client: Client) =>
  (await client.graphql<Any>('{ health { embedderVersion nextEmbedder chunks } }')).health
const newestJob = async (client: Client, kind = 'REEMBED') =>
  (await client.graphql<Any>(`{ jobs(kind: ${kind}, first: 1) { edges { node { ${JOB_FIELDS} } } } }`)).jobs.edges[0]
    ?.node

/** As it stands in the database: how many vectors each embedder has, and how many chunks there are. */
function vectorCounts(): { chunks: number; vectors: Record<string, number> } {
  const database = new Database(join(folders.folder, 'data/docent.sqlite'), { readonly: true })
  const chunks = database.prepare('select count(*) from chunks').pluck().get() as number
  const rows = database
    .prepare('select name, count(*) from chunk_vectors join embedders on embedders.id = embedder_id group by name')
    .raw()
    .all() as [string, number][]
  database.close()
  return { chunks, vectors: Object.fromEntries(rows) }
}

/** Folders of the real embedder in use by processes of the server. */
const embedProcesses = (server: TestServer) =>
  execFileSync('ps', ['-A', '-o', 'ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.trim().startsWith(`${server.pid} `) && line.includes('embed-process')).length

test('the old embedder serves while another re-embeds, through kill -9, changes and the switch', {
  timeout: LONG_MS,
}, async () => {
  let before: number
  let gone: string
  {
    await using first = await start(TINY)
    await add(first, 'library.txt', LIBRARY)
    await add(first, 'long.md', LONG_TEXT)
    gone = await add(first, 'gone.txt', 'The harbour master is called Petra Holm.')
    before = await scoreOfLibrary(first.client)
    expect(await ask(first.client)).toBe(TINY)
    expect(await health(first.client)).toMatchObject({ embedderVersion: TINY, nextEmbedder: null })
    expect(await newestJob(first.client)).toBeUndefined()
  }

  // The wanted one begins; killed, the next start goes on where it was.
  const second = await start(REAL)
  expect(await health(second.client)).toMatchObject({ embedderVersion: TINY, nextEmbedder: REAL })
  const isUnderWay = ({ status, progress: { done, stage } }: Any) => {
    return status === 'RUNNING' && stage.startsWith('embedding (') && done > 0
  }
  await expect
    .poll(async () => isUnderWay(await newestJob(second.client)), { timeout: LONG_MS, interval: 50 })
    .toBe(true)
  const seen = await newestJob(second.client)
  expect(seen.progress.stage).toMatch(/^embedding \([\d.]+ a second, \d+ (s|min) left\)$/)
  expect(await scoreOfLibrary(second.client)).toBe(before)
  expect(await ask(second.client)).toBe(TINY)
  const metrics = await (await fetch(`${second.url}/metrics`)).text()
  expect(metrics).toContain(`docent_embedder{embedder="${TINY}",role="serving"} 1`)
  expect(metrics).toContain(`docent_embedder{embedder="${REAL}",role="next"} 1`)
  await second.kill()
  const left = vectorCounts()
  expect(left.vectors[TINY]).toBe(left.chunks)
  expect(left.vectors[REAL]).toBeGreaterThanOrEqual(seen.progress.done)
  expect(left.vectors[REAL]).toBeLessThan(left.chunks)

  await using third = await start(REAL)
  const { client } = third
  const watch = client.subscribe<Any>(`subscription($id: ID!) { jobProgress(id: $id) { ${JOB_FIELDS} } }`, {
    id: seen.id,
  })
  const stages: string[] = []
  const least: number[] = []
  const watching = (async () => {
    for await (const { jobProgress: job } of watch) {
      if (job.progress.stage.startsWith('embedding')) least.push(job.progress.done)
      stages.push(job.progress.stage)
    }
  })()
  // Asked all the while: one embedder or the other, whole, and never back.
  const scores: number[] = []
  let asking = true
  const askers = [0, 1].map(async () => {
    while (asking) scores.push(await scoreOfLibrary(client))
  })
  const added = 'Lighthouse keepers are paid on the last Friday of a month.'
  await add(third, 'added.txt', added)
  await client.graphql('mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id: gone })
  const ended = await endedJob(client, seen.id)
  await watching
  await delay(200)
  asking = false
  await Promise.all(askers)
  expect(ended).toMatchObject({ status: 'SUCCEEDED', attempts: 2, progress: { stage: `${REAL} serves` } })
  expect(least[0]).toBeGreaterThanOrEqual(left.vectors[REAL] as number)
  expect(stages).toContain('removing the old vectors')

  const after = await scoreOfLibrary(client)
  expect(Math.abs(after - before)).toBeGreaterThan(0.01)
  expect(new Set(scores)).toEqual(new Set([before, after]))
  expect(await ask(client)).toBe(REAL)
  expect(await health(client)).toMatchObject({ embedderVersion: REAL, nextEmbedder: null })
  const [best] = await search(client, 'On which day does the lighthouse staff get its wages?')
  expect(best).toMatchObject({ text: added, denseScore: expect.any(Number) })
  expect(JSON.stringify(await search(client, 'Who is the harbour master?'))).not.toContain('Petra')
  expect(await newestJob(client, 'CALIBRATE')).toBeDefined()
  await expect.poll(() => embedProcesses(third)).toBe(1)
  const { verifyIndex } = await client.graphql<Any>('{ verifyIndex { collection { id } live recallAt10 } }')
  const { chunks } = await health(client)
  expect(verifyIndex).toMatchObject([{ live: chunks, recallAt10: 1 }])
  expect(await readdir(join(folders.folder, 'indexes', verifyIndex[0].collection.id)).catch(() => [REAL])).toEqual([
    REAL,
  ])
  expect(vectorCounts()).toEqual({ chunks, vectors: { [REAL]: chunks } })
})

test('an embedder that is not there fails its job with a hint, and the old one serves on', {
  timeout: LONG_MS,
}, async () => {
  await using server = await start('absent')
  const failed = async () => (await newestJob(server.client))?.status
  await expect.poll(failed, { timeout: LONG_MS }).toBe('FAILED')
  expect(await newestJob(server.client)).toMatchObject({
    error: {
      code: 'EMBEDDER_NOT_FOUND',
      message: expect.stringContaining(`there is ${REAL}, ${TINY}`),
      hint: expect.stringContaining('docent models import FOLDER --embedder'),
    },
  })
  expect(await ask(server.client)).toBe(REAL)
  expect(await health(server.client)).toMatchObject({ embedderVersion: REAL, nextEmbedder: 'absent' })
  const { status, stdout } = await docent(['doctor', '--json'], { ...folders.environment, DOCENT_EMBEDDER: 'absent' })
  expect(status).toBe(1)
  expect(JSON.parse(stdout).checks).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: 'embedder',
        ok: false,
        error: expect.objectContaining({ code: 'EMBEDDER_NOT_FOUND' }),
      }),
      expect.objectContaining({
        name: 'server',
        detail: expect.stringContaining(`${REAL}, and absent is to serve next`),
      }),
    ]),
  )
})

test('a change that is taken back leaves nothing behind, whenever that happens', { timeout: LONG_MS }, async () => {
  const forward = await start(TINY)
  await expect
    .poll(() => newestJob(forward.client), { timeout: LONG_MS })
    .toMatchObject({ status: expect.not.stringMatching('QUEUED') })
  await forward.stop()
  await using back = await start(REAL)
  const isDone = async () => {
    const { jobs } = await back.client.graphql<Any>('{ jobs(kind: REEMBED, first: 9) { edges { node { status } } } }')
    return jobs.edges.every(({ node }: Any) => !['QUEUED', 'RUNNING'].includes(node.status))
  }
  await expect.poll(isDone, { timeout: LONG_MS }).toBe(true)
  expect(await health(back.client)).toMatchObject({ embedderVersion: REAL, nextEmbedder: null })
  const { chunks } = await health(back.client)
  expect(vectorCounts()).toEqual({ chunks, vectors: { [REAL]: chunks } })
  expect(await ask(back.client)).toBe(REAL)
})
