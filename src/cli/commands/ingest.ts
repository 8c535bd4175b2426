import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { v7 as uuidv7 } from 'uuid'
import { asDocentError, DocentError, type SerializedError } from '../../errors.js'
import { waitForBatch } from '../batches.js'
import type { Client } from '../client.js'
import { EXIT_FAILURE, finish, type Session } from '../command.js'
import { type DocumentFile, findFiles } from '../document-files.js'
import { planSync, removeNames, requireMostKept, type SyncPlan } from '../folder-sync.js'

interface Options {
  readonly json?: boolean
  readonly collection?: string
  readonly reparse?: boolean
  readonly sync?: boolean
  readonly dryRun?: boolean
  readonly force?: boolean
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
    .option('--reparse', 'read files anew that did not change since they were ingested: the parsers may have')
    .option('--sync', 'take one folder, and make the collection hold of it what it holds: added, changed, removed')
    .option('--dry-run', 'with --sync: say what would be done')
    .option('--force', 'with --sync: remove even more than half of what was known')
  finish<Options>(
    command,
    environment,
    [
      'docent ingest handbook/',
      'docent ingest policy.md faq.html --collection policies',
      'docent ingest --sync handbook/ --dry-run',
    ],
    async (session, options, paths) => {
      await using client = await session.connect({ runJobs: !options.dryRun })
      if (options.sync) return await synchronise(client, paths, options, session)
      if (options.dryRun || options.force) throw new DocentError('INVALID_INPUT', '--dry-run and --force need --sync')
      const files = await findFiles(paths, session)
      if (files.length === 0) throw new DocentError('INVALID_INPUT', `no document in ${paths.join(', ')}`)
      const accepted = await uploadAll(client, files, options, session)
      const { ingested, outcomes } = await waitForAll(client, accepted, session)
      const failed = outcomes.filter(({ error }) => error)
      session.print({ ingested, failed: failed.length, files: outcomes }, () =>
        [...failureLines(failed), `${ingested} of ${ingested + failed.length} documents ingested`].join('\n'),
      )
      if (failed.length > 0) process.exitCode = EXIT_FAILURE
    },
  )
}

/** What is new is accepted before what is gone is removed, so that a file that moved stays the document it was. */
async function synchronise(client: Client, paths: readonly string[], options: Options, session: Session) {
  const [folder] = paths
  const isFolder =
    folder !== undefined && paths.length === 1 && (await stat(folder).catch(() => undefined))?.isDirectory()
  if (!isFolder) throw new DocentError('INVALID_INPUT', `--sync takes one folder, not ${paths.join(', ')}`)
  const plan = await planSync(client, folder, await findFiles([folder], session), options.collection)
  if (options.dryRun) return printSync(session, plan, [], true)
  if (!options.force) requireMostKept(plan)
  const files = [...plan.added, ...plan.changed, ...(options.reparse ? plan.unchanged : [])]
  const accepted = await uploadAll(client, files, options, session)
  await removeNames(client, plan)
  const failed = (await waitForAll(client, accepted, session)).outcomes.filter(({ error }) => error)
  printSync(session, plan, failed, false)
  if (failed.length > 0) process.exitCode = EXIT_FAILURE
}

function printSync(session: Session, plan: SyncPlan, failed: readonly Outcome[], isDryRun: boolean): void {
  const { removed } = plan
  const namesOf = (files: readonly DocumentFile[]) => files.map(({ externalId }) => externalId)
  const added = namesOf(plan.added)
  const changed = namesOf(plan.changed)
  const unchanged = namesOf(plan.unchanged)
  session.print({ dryRun: isDryRun, added, changed, removed, unchanged, failed }, () =>
    [
      ...failureLines(failed),
      ...(isDryRun ? [...marked('+', added), ...marked('~', changed), ...marked('-', removed)] : []),
      `${added.length} added, ${changed.length} changed, ${removed.length} removed, ${unchanged.length} unchanged` +
        (failed.length > 0 ? `, ${failed.length} of them failed` : '') +
        (isDryRun ? ' (nothing was done)' : ''),
    ].join('\n'),
  )
}

const marked = (mark: string, names: readonly string[]): string[] => names.map((name) => `${mark} ${name}`)

const failureLines = (failed: readonly Outcome[]): string[] =>
  failed.map(({ file, error }) => `${file}: ${error?.code}: ${error?.message}\n  ${error?.hint}`)

interface Accepted {
  readonly batch: string
  readonly outcomes: readonly Outcome[]
}

/** Everything is accepted before anything is waited for, so that an interruption loses no file that was named. */
async function uploadAll(
  client: Client,
  files: readonly DocumentFile[],
  { collection, reparse }: Options,
  session: Session,
): Promise<Accepted> {
  const batch = uuidv7()
  const outcomes: Outcome[] = []
  const fields = { batch, ...(collection !== undefined && { collection }), ...(reparse && { reparse: 'true' }) }
  for (const { path, externalId } of files) {
    try {
      const { jobs } = await client.upload(path, { ...fields, externalId })
      outcomes.push({ file: path, job: jobs[0]?.id ?? null, error: null })
    } catch (thrown) {
      const error = asDocentError(thrown).toJSON()
      session.note(`${path}: ${error.code}`)
      outcomes.push({ file: path, job: null, error })
    }
  }
  return { batch, outcomes }
}

interface Ingested {
  /** Documents: those inside archives one by one. */
  readonly ingested: number
  /** Of every file that was named, and of those inside archives that failed. */
  readonly outcomes: readonly Outcome[]
}

async function waitForAll(client: Client, { batch, outcomes }: Accepted, session: Session): Promise<Ingested> {
  const { succeeded, failures } = await waitForBatch(client, batch, session)
  const errors = new Map(failures.map(({ id, error }) => [id, error]))
  const named = new Set(outcomes.map(({ job }) => job))
  const inArchives = failures.filter(({ id }) => !named.has(id))
  return {
    ingested: succeeded,
    outcomes: [
      ...outcomes.map((outcome) => ({ ...outcome, error: outcome.error ?? errors.get(outcome.job ?? '') ?? null })),
      ...inArchives.map(({ id, fileName, error }) => ({ file: fileName ?? id, job: id, error })),
    ],
  }
}
