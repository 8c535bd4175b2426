import type { Command } from 'commander'
import { finish } from '../command.js'
import { moment, table } from '../text.js'
import { addExport } from './models-export.js'

interface ModelView {
  readonly id: string
  readonly current: boolean
  readonly parent: string | null
  readonly architecture: string
  readonly createdAt: string
}

const FIELDS = 'id current parent architecture datasetHash createdAt'

export function addModels(program: Command, environment: NodeJS.ProcessEnv): void {
  const models = program.command('models').description('Reader versions: which there are, and which one answers.')

  const list = models.command('list').description('Every version on disk, newest first; * is the current one.')
  finish(list, environment, ['docent models list'], async (session) => {
    await using client = await session.connect()
    const { modelVersions } = await client.graphql<{ modelVersions: ModelView[] }>(
      `{ modelVersions { ${FIELDS} manifest } }`,
    )
    session.print(modelVersions, () =>
      table(
        ['', 'id', 'created', 'parent'],
        modelVersions.map(({ id, current, createdAt, parent }) => [current ? '*' : '', id, moment(createdAt), parent]),
      ),
    )
  })

  const show = models
    .command('show')
    .argument('<id>')
    .description('One version: its manifest, the form in which it answers, and when it was current.')
  finish(show, environment, ['docent models show bundled-2'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { modelVersion } = await client.graphql<{ modelVersion: ModelView & { manifest: unknown } }>(
      `query($id: ID!) { modelVersion(id: $id) { ${FIELDS} servedForm manifest promotions { kind reason createdAt } } }`,
      { id },
    )
    session.print(modelVersion, () => JSON.stringify(modelVersion, null, 2))
  })

  const promote = models
    .command('promote')
    .argument('<id>')
    .description('Verify it, make it current and swap it in; no question fails meanwhile.')
    .option('--reason <text>')
  finish<{ json?: boolean; reason?: string }>(
    promote,
    environment,
    ['docent models promote run-0192… --reason "better on contracts"'],
    async (session, { reason }, [id]) => {
      await using client = await session.connect()
      const { promoteModel } = await client.graphql<{ promoteModel: ModelView }>(
        `mutation($id: ID!, $reason: String) { promoteModel(id: $id, reason: $reason) { ${FIELDS} } }`,
        { id, reason },
      )
      session.print(promoteModel, () => `${promoteModel.id} answers now`)
    },
  )

  const rollback = models
    .command('rollback')
    .description('Back to the version that was current before.')
    .requiredOption('--reason <text>', 'why; it is kept with the change')
  finish<{ json?: boolean; reason: string }>(
    rollback,
    environment,
    ['docent models rollback --reason "worse on dates"'],
    async (session, { reason }) => {
      await using client = await session.connect()
      const { rollbackModel } = await client.graphql<{ rollbackModel: ModelView }>(
        `mutation($reason: String!) { rollbackModel(reason: $reason) { ${FIELDS} } }`,
        { reason },
      )
      session.print(rollbackModel, () => `${rollbackModel.id} answers now`)
    },
  )

  addExport(models, environment)

  const verify = models
    .command('verify')
    .argument('[id...]', 'all unless told')
    .description('Check the hash of every file.')
  finish(verify, environment, ['docent models verify'], async (session, _, given) => {
    await using client = await session.connect()
    const ids =
      given.length > 0
        ? given
        : (await client.graphql<{ modelVersions: ModelView[] }>('{ modelVersions { id } }')).modelVersions.map(
            (m) => m.id,
          )
    for (const id of ids) await client.graphql('mutation($id: ID!) { verifyModel(id: $id) { id } }', { id })
    session.print({ verified: ids }, () => ids.map((id) => `${id}: every file is as it was written`).join('\n'))
  })
}
