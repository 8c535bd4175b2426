import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { finish, numberOption } from '../command.js'
import { RUN_FIELDS, type RunView, runLines } from '../runs.js'
import { moment, moreLine, type PageInfo, table } from '../text.js'

export function addRuns(program: Command, environment: NodeJS.ProcessEnv): void {
  const runs = program.command('runs').description('Training runs, their curves and their verdicts.')

  const list = runs
    .command('list')
    .description('Training runs, newest first.')
    .option('--first <n>', 'how many, 1 to 100')
    .option('--after <cursor>', 'go on after this cursor')
  finish<{ json?: boolean; first?: string; after?: string }>(
    list,
    environment,
    ['docent runs list'],
    async (session, { first, after }) => {
      await using client = await session.connect()
      const { runs: page } = await client.graphql<{ runs: { edges: { node: RunView }[]; pageInfo: PageInfo } }>(
        `query($first: Int, $after: String) {
          runs(first: $first, after: $after) { edges { node { ${RUN_FIELDS} } } pageInfo { hasNextPage endCursor } }
        }`,
        { first: numberOption('--first', first), after },
      )
      session.print(page, () => {
        const rows = page.edges.map(({ node }) => [
          ...[node.id, node.status, moment(node.createdAt), node.parentVersion, node.candidateVersion],
          node.evaluation?.decision ?? null,
        ])
        return table(['id', 'status', 'created', 'parent', 'candidate', 'verdict'], rows) + moreLine(page.pageInfo)
      })
    },
  )

  const show = runs
    .command('show')
    .argument('<id>')
    .description('One run with its verdict; --json also has every step of its curve.')
  finish(show, environment, ['docent runs show 0192… --json'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { run } = await client.graphql<{ run: RunView | null }>(
      `query($id: ID!) {
        run(id: $id) {
          ${RUN_FIELDS}
          settings
          steps {
            step totalSteps loss validationLoss learningRate gradientNorm tokensPerSecond memoryMb secondsLeft at
          }
        }
      }`,
      { id },
    )
    if (!run) throw new DocentError('RUN_NOT_FOUND', `there is no training run ${id}`)
    session.print(run, () => runLines(run))
  })
}
