import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { choiceOption, finish, numberOption } from '../command.js'
import { JOB_FIELDS, type JobView, progressText } from '../jobs.js'
import { moment, moreLine, type PageInfo, table } from '../text.js'

const KINDS = ['INGEST', 'UNPACK', 'INDEX', 'TRAIN', 'CALIBRATE', 'REEMBED'] as const
const STATUSES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const

export function addJobs(program: Command, environment: NodeJS.ProcessEnv): void {
  const jobs = program.command('jobs').description('List, show and cancel jobs.')

  const list = jobs
    .command('list')
    .description('Jobs, newest first.')
    .option('--kind <kind>', `one of ${KINDS.join(', ')}`)
    .option('--status <status>', `one of ${STATUSES.join(', ')}`)
    .option('--first <n>', 'how many, 1 to 100')
    .option('--after <cursor>', 'go on after this cursor')
  finish<{ json?: boolean; kind?: string; status?: string; first?: string; after?: string }>(
    list,
    environment,
    ['docent jobs list --status FAILED'],
    async (session, { kind, status, first, after }) => {
      await using client = await session.connect()
      const { jobs: page } = await client.graphql<{ jobs: { edges: { node: JobView }[]; pageInfo: PageInfo } }>(
        `query($kind: JobKind, $status: JobStatus, $first: Int, $after: String) {
          jobs(kind: $kind, status: $status, first: $first, after: $after) {
            edges { node { ${JOB_FIELDS} } } pageInfo { hasNextPage endCursor }
          }
        }`,
        {
          kind: choiceOption('--kind', kind, KINDS),
          status: choiceOption('--status', status, STATUSES),
          first: numberOption('--first', first),
          after,
        },
      )
      session.print(page, () => {
        const rows = page.edges.map(({ node }) => [
          ...[node.id, node.kind, node.status, moment(node.createdAt)],
          node.error ? `${node.error.code}: ${node.error.message}` : progressText(node),
        ])
        return table(['id', 'kind', 'status', 'created', 'progress or error'], rows) + moreLine(page.pageInfo)
      })
    },
  )

  const show = jobs.command('show').argument('<id>').description('One job.')
  finish(show, environment, ['docent jobs show 0192…'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { job } = await client.graphql<{ job: JobView | null }>(
      `query($id: ID!) { job(id: $id) { ${JOB_FIELDS} document { id title } run { id status candidateVersion } } }`,
      { id },
    )
    if (!job) throw new DocentError('JOB_NOT_FOUND', `there is no job ${id}`)
    session.print(job, () => jobLines(job))
  })

  const cancel = jobs
    .command('cancel')
    .argument('<id>')
    .description('Cancel a queued job at once, a running one as soon as it notices.')
  finish(cancel, environment, ['docent jobs cancel 0192…'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { cancelJob } = await client.graphql<{ cancelJob: JobView }>(
      `mutation($id: ID!) { cancelJob(id: $id) { ${JOB_FIELDS} } }`,
      { id },
    )
    session.print(cancelJob, () =>
      cancelJob.finishedAt ? `job ${cancelJob.id} is cancelled` : `job ${cancelJob.id} is asked to stop`,
    )
  })
}

function jobLines(job: JobView): string {
  const lines = [
    `${job.kind} ${job.id}`,
    `  status    ${job.status} (${progressText(job)})`,
    `  created   ${moment(job.createdAt)}`,
    `  finished  ${moment(job.finishedAt)}`,
  ]
  if (job.error) lines.push(`  ${job.error.code}: ${job.error.message}`, `  ${job.error.hint}`)
  return lines.join('\n')
}
