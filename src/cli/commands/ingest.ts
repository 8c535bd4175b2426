import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, normalize, relative, resolve, sep } from 'node:path'
import type { Command } from 'commander'
import { v7 as uuidv7 } from 'uuid'
import { asDocentError, DocentError, type SerializedError } from '../../errors.js'
import { FOLDER_EXTENSIONS } from '../../ingest/formats.js'
import { waitForBatch } from '../batches.js'
import type { Client } from '../client.js'
import { EXIT_FAILURE, finish, type Session } from '../command.js'

interface File {
  readonly path: string
  /**
   * What the document is called from now on: ingesting it again makes the next version. In a folder it begins with the
   * folder's name, so that the README.md of two folders are two documents; not with its whole path, so that a folder that
   * moves, a fresh checkout for example, still holds the same documents.
   */
  readonly externalId: string
}

interface Outcome {
  readonly file: string
  readonly job: string | null
  readonly error: SerializedError | null
}

export function addIngest(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('ingest')
    .argument('<path...>', 'files, and folders with everything below them')
    .description('Add documents, or new versions of those added before, and wait until questions find them.')
    .option('--collection <name>', 'collection to put them in; made when there is none')
  finish<{ json?: boolean; collection?: string }>(
    command,
    environment,
    ['docent ingest handbook/', 'docent ingest policy.md faq.html --collection policies'],
    async (session, { collection }, paths) => {
      const files = await findFiles(paths, session)
      if (files.length === 0) throw new DocentError('INVALID_INPUT', `no document in ${paths.join(', ')}`)
      await using client = await session.connect({ runJobs: true })
      const { ingested, outcomes } = await ingestAll(client, files, collection, session)
      const failed = outcomes.filter(({ error }) => error)
      session.print({ ingested, failed: failed.length, files: outcomes }, () =>
        [
          ...failed.map(({ file, error }) => `${file}: ${error?.code}: ${error?.message}\n  ${error?.hint}`),
          `${ingested} of ${ingested + failed.length} documents ingested`,
        ].join('\n'),
      )
      if (failed.length > 0) process.exitCode = EXIT_FAILURE
    },
  )
}

/** Everything is accepted before anything is waited for, so that an interruption loses no file that was named. */
async function ingestAll(client: Client, files: File[], collection: string | undefined, session: Session) {
  const batch = uuidv7()
  const accepted: Outcome[] = []
  for (const { path, externalId } of files) {
    try {
      const { jobs } = await client.upload(path, { batch, externalId, ...(collection !== undefined && { collection }) })
      accepted.push({ file: path, job: jobs[0]?.id ?? null, error: null })
    } catch (thrown) {
      const error = asDocentError(thrown).toJSON()
      session.note(`${path}: ${error.code}`)
      accepted.push({ file: path, job: null, error })
    }
  }
  const { succeeded, failures } = await waitForBatch(client, batch, session)
  const errors = new Map(failures.map(({ id, error }) => [id, error]))
  const outcomes = accepted.map((outcome) => ({
    ...outcome,
    error: outcome.error ?? errors.get(outcome.job ?? '') ?? null,
  }))
  const uploaded = new Set(accepted.map(({ job }) => job))
  const inArchives = failures.filter(({ id }) => !uploaded.has(id))
  return {
    ingested: succeeded,
    outcomes: [...outcomes, ...inArchives.map(({ id, fileName, error }) => ({ file: fileName ?? id, job: id, error }))],
  }
}

/** Files in the order they are named; a folder's in the order of their names. @throws INVALID_INPUT */
async function findFiles(paths: readonly string[], session: Session): Promise<File[]> {
  const files: File[] = []
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined)
    if (!stats) throw new DocentError('INVALID_INPUT', `there is no file or folder ${path}`)
    if (!stats.isDirectory()) {
      files.push({ path, externalId: portable(normalize(path)) })
      continue
    }
    const name = basename(resolve(path))
    const skipped: string[] = []
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    for (const entry of entries.sort((a, b) => compare(join(a.parentPath, a.name), join(b.parentPath, b.name)))) {
      const found = join(entry.parentPath, entry.name)
      if (!entry.isFile()) continue
      if (isDocument(entry.name)) files.push({ path: found, externalId: portable(join(name, relative(path, found))) })
      else skipped.push(relative(path, found))
    }
    if (skipped.length > 0) session.note(`skipped in ${path} (unknown type): ${skipped.join(', ')}`)
  }
  refuseClashes(files)
  return files
}

/** Two files of one name would be two versions of one document, and only the later one would answer. */
function refuseClashes(files: readonly File[]): void {
  const paths = new Map<string, string>()
  for (const { path, externalId } of files) {
    const other = paths.get(externalId)
    if (other !== undefined && resolve(other) !== resolve(path)) {
      const reason = `${other} and ${path} would both be the document ${externalId}`
      throw new DocentError('INVALID_INPUT', `${reason}: ingest them into different collections (--collection)`)
    }
    paths.set(externalId, path)
  }
}

const portable = (path: string) => path.split(sep).join('/')
const isDocument = (name: string) => !name.startsWith('.') && FOLDER_EXTENSIONS.has(extname(name).toLowerCase())
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
