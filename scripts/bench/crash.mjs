import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import { basename, extname, join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { BY_EXTENSION, FOLDER_EXTENSIONS, isContainer } from '../../dist/ingest/formats.js'
import { auditData } from '../lib/audit.mjs'
import { root, startServer } from '../lib/server.mjs'

export const describe =
  'kills the server (kill -9) ten times, or --n times, while it ingests folders (PATH… or --data PATH), and compares what it holds ' +
  'in the end with their files'

const KILLS = 10
const POLL_MS = 20

export async function run({ data, paths, n: kills = KILLS, log }) {
  const sources = [...(data ? [data] : []), ...paths]
  if (sources.length === 0) throw new Error('folders are needed: PATH… or --data PATH')
  const scratch = await mkdtemp(join(os.tmpdir(), 'docent-bench-crash-'))
  try {
    const lab = await makeLab(scratch, sources)
    log(`${lab.files.length} files`)
    const started = performance.now()
    const goals = Array.from({ length: kills }, () => Math.random() * 0.96 + 0.02).sort((a, b) => a - b)
    for (const [at, goal] of goals.entries()) {
      const { done, running } = await killAt(lab, Math.floor(goal * 2 * lab.files.length))
      log(`kill ${at + 1}: ${done} of ${2 * lab.files.length} steps, jobs running: ${running}`)
    }
    const rows = [
      ['files', lab.files.length, ''],
      ['kills while it ingested', kills, ''],
    ]
    await settle(lab, log)
    rows.push(['all ingested after', ((performance.now() - started) / 1000).toFixed(0), 's'])
    // Every file that cannot be read is sent again, and says so again: those of the killed commands are known only now.
    const again = await settle(lab, log)
    rows.push(['again, unchanged', summary(again), ''])
    rows.push(...(await comparedWithFiles(lab, again, 0, 'after the kills')))

    const [changed, removed] = lab.files.filter((file) => lab.isAlone(file) && !again.failed.has(file.path))
    await appendFile(changed.path, '\nOne sentence more, at the end of the file.\n')
    await rm(removed.path)
    rows.push(['one changed, one removed', summary(await settle(lab, log)), ''])
    lab.files = await filesOf(lab.folder)
    rows.push(...(await comparedWithFiles(lab, again, 1, 'after the change')))
    return rows
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** One folder that holds them all: what is ingested may be changed. */
async function makeLab(scratch, sources) {
  const folder = join(scratch, 'files')
  await mkdir(folder)
  for (const [at, source] of sources.entries()) {
    const own = join(folder, `${at + 1}-${basename(source)}`)
    for (const { name, parentPath } of await entriesOf(source)) {
      const to = join(own, relative(source, parentPath))
      await mkdir(to, { recursive: true })
      await copyFile(join(parentPath, name), join(to, name))
      await chmod(join(to, name), 0o644)
    }
  }
  const files = await filesOf(folder)
  const copies = new Map()
  for (const { key } of files) copies.set(key, (copies.get(key) ?? 0) + 1)
  const isAlone = ({ key, path }) => copies.get(key) === 1 && /\.(md|txt)$/.test(path)
  return { scratch, folder, files, isAlone }
}

/** What a synchronisation takes; archives are left out, as what they hold are no files here. */
async function filesOf(folder) {
  const found = []
  for (const { name, parentPath } of await entriesOf(folder)) {
    const extension = extname(name).toLowerCase()
    const path = join(parentPath, name)
    if (!FOLDER_EXTENSIONS.has(extension)) continue
    if (isContainer(BY_EXTENSION.get(extension))) await rm(path)
    // Equal bytes, read as the same thing, are one document.
    else
      found.push({
        path,
        key: createHash('sha256')
          .update(await readFile(path))
          .update(extension)
          .digest('hex'),
      })
  }
  return found
}

async function entriesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
}

/** `docent ingest --sync`, with a server or without. */
function synchronise({ scratch, folder }) {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'ingest', '--sync', folder, '--json'], {
    cwd: root,
    env: {
      ...process.env,
      DOCENT_DATA_DIR: join(scratch, 'data'),
      DOCENT_INDEX_DIR: join(scratch, 'indexes'),
      DOCENT_SAMPLES_DIR: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => (output.out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text))
  const ended = new Promise((resolve) =>
    child.once('close', (status, signal) => resolve({ status: signal ?? status, ...output })),
  )
  return { ended, kill: () => child.kill('SIGKILL') }
}

async function killAt(lab, goal) {
  const server = await startServer({ folder: lab.scratch })
  const command = synchronise(lab)
  let progress = progressOf(lab)
  while (progress.done < goal) {
    await delay(POLL_MS)
    progress = progressOf(lab)
  }
  // Both: a command that is not through to the server yet would open the data itself.
  await Promise.all([server.kill(), command.kill(), command.ended])
  return progress
}

/** Uploads accepted and jobs ended, seen past the server. */
function progressOf({ scratch }) {
  const database = new Database(join(scratch, 'data/docent.sqlite'), { readonly: true, timeout: 10_000 })
  try {
    const counts = new Map(database.prepare('select status, count(*) from jobs group by status').raw().all())
    const of = (status) => counts.get(status) ?? 0
    const ended = of('SUCCEEDED') + of('FAILED') + of('CANCELLED')
    return { done: 2 * ended + of('RUNNING') + of('QUEUED'), running: of('RUNNING') }
  } finally {
    database.close()
  }
}

/** To the end of a synchronisation and of every job. */
async function settle(lab, log) {
  const server = await startServer({ folder: lab.scratch })
  try {
    const { status, out, err } = await synchronise(lab).ended
    // 1 with a result: some files failed.
    if (out === '') throw new Error(`the synchronisation ended with ${status}:\n${err}`)
    const result = JSON.parse(out)
    for (;;) {
      const { health } = await server.gql('{ health { queuedJobs runningJobs } }')
      if (health.queuedJobs + health.runningJobs === 0) break
      log(`${health.queuedJobs} jobs to go`)
      await delay(2000)
    }
    const refused = result.failed.filter(({ job }) => job === null)
    return { ...result, failed: pathsOf(result.failed), refused: pathsOf(refused) }
  } finally {
    await server.stop()
  }
}

const pathsOf = (outcomes) => new Set(outcomes.map(({ file }) => file))

const summary = ({ added, changed, removed, unchanged, failed }) =>
  `+${added.length} ~${changed.length} -${removed.length} =${unchanged.length}` +
  (failed.size > 0 ? ` !${failed.size}` : '')

/** What was accepted and cannot be read keeps its name and has no version; what was refused at the door leaves nothing. */
async function comparedWithFiles({ scratch, files }, { failed, refused }, moreVersions, when) {
  const audit = await auditData({ dataDir: join(scratch, 'data'), indexDir: join(scratch, 'indexes') })
  const index = await verifiedIndex(scratch)
  const documentsOf = (some) => new Set(some.map(({ key }) => key)).size
  const accepted = files.filter(({ path }) => !refused.has(path))
  const readable = files.filter(({ path }) => !failed.has(path))
  const compare = (what, is, should) => [
    `${when}: ${what}`,
    is === should ? `${is}` : `${is}, NOT ${should}`,
    is === should ? 'as it should be' : '!',
  ]
  return [
    compare('names, of the files that were accepted', audit.names, accepted.length),
    compare('documents, of their contents', audit.documents, documentsOf(accepted)),
    compare('versions, of those that can be read', audit.versions, documentsOf(readable) + moreVersions),
    compare('chunks in the lexical index, of those in the store', audit.words, audit.chunks),
    compare('vectors', audit.vectors, audit.chunks),
    compare('vectors that the index finds', index.live, audit.chunks),
    [`${when}: recall@10 of the index`, index.recallAt10.toFixed(4), ''],
    [`${when}: most attempts of a job`, audit.attempts, ''],
    [`${when}: contradictions`, audit.problems.length === 0 ? 'none' : audit.problems.join('; '), ''],
  ]
}

async function verifiedIndex(scratch) {
  const server = await startServer({ folder: scratch })
  try {
    const { verifyIndex } = await server.gql('{ verifyIndex { live recallAt10 } }')
    return verifyIndex[0]
  } finally {
    await server.stop()
  }
}
