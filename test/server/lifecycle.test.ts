import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { endedJob } from '../support/jobs.js'
import { docent, type Folders, makeFolders, startServer } from '../support/start-server.js'
import { upload } from '../support/upload.js'

let folders: Folders
beforeEach(async () => {
  folders = await makeFolders(['tiny-1', 'tiny-2'])
})
afterEach(() => folders.remove())

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

/** Long enough that its ingest is still running when it is interrupted. */
const LONG_TEXT = Array.from(
  { length: 1500 },
  (_, at) => `Sentence number ${at} says that shelf ${at} holds a book.`,
).join('\n\n')

test('a killed server loses no accepted upload: the next one finishes it', async () => {
  const first = await startServer(folders)
  const { body } = await upload(first.url, [{ name: 'long.txt', content: LONG_TEXT }])
  const id = body.jobs[0]?.id ?? ''
  const watch = first.client.subscribe<Any>('subscription($id: ID!) { jobProgress(id: $id) { progress { stage } } }', {
    id,
  })
  for await (const { jobProgress } of watch) if (jobProgress.progress.stage === 'embedding') break
  await first.kill()

  await using second = await startServer(folders)
  expect(await endedJob(second.client, id)).toMatchObject({ status: 'SUCCEEDED', attempts: 2 })
  const { search } = await second.client.graphql<Any>('{ search(query: "shelf 1499", first: 1) { text } }')
  expect(search[0].text).toContain('shelf 1499')
})

test('SIGTERM ends the server cleanly: what runs is queued again and nothing is left behind', async () => {
  const server = await startServer(folders)
  const { body } = await upload(server.url, [{ name: 'long.txt', content: LONG_TEXT }])
  const id = body.jobs[0]?.id ?? ''
  const ended = endedJob(server.client, id).catch(() => undefined)
  await delay(200)
  expect(await server.stop()).toBe(0)
  await ended
  expect(existsSync(join(folders.folder, 'data', 'server.json'))).toBe(false)

  await using next = await startServer(folders)
  expect(await endedJob(next.client, id)).toMatchObject({ status: 'SUCCEEDED', attempts: 1 })
})

test('SIGTERM to `npm start` reaches the server and not only the shell that npm put between them', async () => {
  const env = { ...process.env, ...folders.environment }
  const npm = spawn('npm', ['start'], { cwd: packageRoot, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  for await (const text of npm.stdout.setEncoding('utf8')) {
    printed += text
    if (printed.includes('Docent answers on')) break
  }
  const url = /Docent answers on (\S+)/.exec(printed)?.[1]
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  npm.kill('SIGTERM')
  await once(npm, 'exit')
  await expect.poll(() => existsSync(join(folders.folder, 'data', 'server.json')), { timeout: 30_000 }).toBe(false)
})

test('a long job is cancelled over GraphQL and its document has failed', async () => {
  await using server = await startServer(folders)
  const { body } = await upload(server.url, [
    { name: 'long.txt', content: LONG_TEXT },
    { name: 'waiting.txt', content: `${LONG_TEXT} It waits.` },
  ])
  const [running, waiting] = body.jobs
  const cancel = (id: string | undefined) =>
    server.client.graphql<Any>('mutation($id: ID!) { cancelJob(id: $id) { status } }', { id })
  expect((await cancel(waiting?.id)).cancelJob.status).toBe('CANCELLED')
  await cancel(running?.id)
  expect(await endedJob(server.client, running?.id ?? '')).toMatchObject({ status: 'CANCELLED' })
  await expect(cancel(running?.id)).rejects.toMatchObject({ code: 'JOB_NOT_CANCELLABLE' })
  const { documents } = await server.client.graphql<Any>('{ documents { edges { node { status } } } }')
  expect(documents.edges.map(({ node }: Any) => node.status)).toEqual(['FAILED', 'FAILED'])
})

test('a document deleted while it is ingested stays deleted, and its job is CANCELLED', async () => {
  await using server = await startServer(folders)
  const { body } = await upload(server.url, [{ name: 'long.txt', content: LONG_TEXT }])
  const [job] = body.jobs
  await server.client.graphql('mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id: job?.payload.documentId })
  expect(await endedJob(server.client, job?.id ?? '')).toMatchObject({ status: 'CANCELLED' })
  const { health } = await server.client.graphql<Any>('{ health { chunks } }')
  expect(health.chunks).toBe(0)
})

test('the original of a deletion that a crash cut off goes at the next start, and no other', async () => {
  const originals = join(folders.folder, 'data', 'originals')
  const first = await startServer(folders)
  const { body } = await upload(first.url, [{ name: 'a.txt', content: 'The library is open from nine to six.' }])
  await endedJob(first.client, body.jobs[0]?.id ?? '')
  await first.kill()
  const leftover = '0'.repeat(64)
  await writeFile(join(originals, leftover), 'of a document whose rows were removed')
  const names = (await readdir(originals)).filter((name) => name !== '.incoming')
  expect(names).toHaveLength(2)

  await using second = await startServer(folders)
  const left = names.filter((name) => name !== leftover)
  expect((await readdir(originals)).filter((name) => name !== '.incoming')).toEqual(left)
  const id = body.jobs[0]?.payload.documentId
  await second.client.graphql('mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id })
  expect((await readdir(originals)).filter((name) => name !== '.incoming')).toEqual([])
})

test('questions are answered while the reader is exchanged, and none fails', async () => {
  await using server = await startServer(folders)
  const { body } = await upload(server.url, [{ name: 'a.txt', content: 'The library is open from nine to six.' }])
  await endedJob(server.client, body.jobs[0]?.id ?? '')
  const versions = new Set<string>()
  let asking = true
  const askers = Array.from({ length: 3 }, async () => {
    while (asking) {
      const { ask } = await server.client.graphql<Any>(
        '{ ask(question: "When is the library open?") { modelVersion } }',
      )
      versions.add(ask.modelVersion)
    }
  })
  const promote = (id: string) =>
    server.client.graphql<Any>('mutation($id: ID!) { promoteModel(id: $id) { id current } }', { id })
  expect((await promote('tiny-2')).promoteModel).toEqual({ id: 'tiny-2', current: true })
  const { ask } = await server.client.graphql<Any>('{ ask(question: "When is it open?") { modelVersion } }')
  expect(ask.modelVersion).toBe('tiny-2')
  const { rollbackModel } = await server.client.graphql<Any>('mutation { rollbackModel(reason: "test") { id } }')
  expect(rollbackModel.id).toBe('tiny-1')
  asking = false
  await Promise.all(askers)
  expect([...versions].sort()).toEqual(['tiny-1', 'tiny-2'])
})

test('a reader process that dies is replaced and its question is still answered', async () => {
  await using server = await startServer(folders)
  const { body } = await upload(server.url, [{ name: 'a.txt', content: 'The library is open from nine to six.' }])
  await endedJob(server.client, body.jobs[0]?.id ?? '')
  const ask = () => server.client.graphql<Any>('{ ask(question: "When is it open?") { answers { text } } }')
  const before = await ask()
  for (const pid of childPids(server.pid, 'session-process')) process.kill(pid, 'SIGKILL')
  expect(await ask()).toEqual(before)
})

test('a port in use is said before anything else', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const { status, stderr } = await docent(['serve'], { ...folders.environment, DOCENT_PORT: String(port) })
  other.close()
  expect(status).toBe(1)
  expect(stderr).toContain('PORT_IN_USE')
})

test('a second server on the same data is refused, and the first goes on', async () => {
  await using server = await startServer(folders)
  const { status, stderr } = await docent(['serve'], folders.environment)
  expect(status).toBe(1)
  expect(stderr).toContain('DATA_IN_USE')
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  expect(existsSync(join(folders.folder, 'data', 'server.json'))).toBe(true)
})

test('a wrong setting is named', async () => {
  const { status, stderr } = await docent(['serve'], { ...folders.environment, DOCENT_PORT: 'eighty' })
  expect(status).toBe(1)
  expect(stderr).toContain('CONFIG_INVALID')
  expect(stderr).toContain('DOCENT_PORT=eighty')
})

/** Children of a process whose command line names `program`; Linux and macOS alike. */
function childPids(parent: number, program: string): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => Number(match?.[2]) === parent && match?.[3]?.includes(program))
    .map((match) => Number(match?.[1]))
}
