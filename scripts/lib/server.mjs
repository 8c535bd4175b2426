/** Starts a real Docent server on a free loopback port with folders of its own, for benchmarks and the demonstration. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param {{ samplesDir?: string, env?: object, readyMs?: number, folder?: string }} options `folder` holds data and indexes, and
 *   stays; else there is one that `stop` removes
 * @returns {Promise<{url: string, pid: number, dataDir: string, gql: Function, stop: () => Promise<void>, kill: () => Promise<void>}>}
 */
export async function startServer({ samplesDir = '', env = {}, readyMs = 120_000, folder: kept } = {}) {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'docent-')))
  const dataDir = join(folder, 'data')
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'serve'], {
    cwd: root,
    env: {
      ...process.env,
      DOCENT_PORT: '0',
      DOCENT_DATA_DIR: dataDir,
      DOCENT_INDEX_DIR: join(folder, 'indexes'),
      DOCENT_SAMPLES_DIR: samplesDir,
      DOCENT_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-20_000)
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    if (!kept) await rm(folder, { recursive: true, force: true })
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  const deadline = Date.now() + readyMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}:\n${log}`)
    const { url, pid } = await readFile(join(dataDir, 'server.json'), 'utf8').then(JSON.parse, () => ({}))
    if (
      url &&
      pid === child.pid &&
      (await fetch(`${url}/readyz`).then(
        (r) => r.ok,
        () => false,
      ))
    ) {
      const gql = graphqlClient(url)
      if (samplesDir) await firstJob(gql)
      return { url, pid, dataDir, gql, stop, kill }
    }
    await delay(100)
  }
  await stop()
  throw new Error(`the server was not ready within ${readyMs / 1000} s:\n${log}`)
}

/** `gql(query, variables)` resolves with `data`, and throws the first error with its code. */
export function graphqlClient(url) {
  return async (query, variables = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = await response.json()
    if (errors) throw new Error(`${errors[0].extensions?.code ?? response.status}: ${errors[0].message}`)
    return data
  }
}

/** A server is ready before its samples are queued: until then no job is no sign that all are done. */
async function firstJob(gql) {
  while ((await gql('{ jobs(first: 1) { edges { node { id } } } }')).jobs.edges.length === 0) await delay(50)
}

/** Polls a job until it ends. @throws when it did not succeed. */
export async function finishedJob(gql, id, { onProgress, pollMs = 200 } = {}) {
  for (;;) {
    const { job } = await gql(
      'query($id: ID!) { job(id: $id) { status progress { done total stage } error { code message } } }',
      { id },
    )
    onProgress?.(job.progress)
    if (job.status === 'SUCCEEDED') return job
    if (job.status === 'FAILED' || job.status === 'CANCELLED') throw new Error(`${job.status}: ${job.error?.message}`)
    await delay(pollMs)
  }
}

/** Waits until no job is queued or running; `onProgress` gets the health each time it looks. */
export async function quietJobs(gql, onProgress) {
  for (;;) {
    const { health } = await gql('{ health { chunks queuedJobs runningJobs } }')
    if (health.queuedJobs + health.runningJobs === 0) return health
    onProgress?.(health)
    await delay(2000)
  }
}
