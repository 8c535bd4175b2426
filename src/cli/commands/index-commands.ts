import type { Command } from 'commander'
import { finish } from '../command.js'
import { requireSuccess, waitForJob } from '../jobs.js'
import { table } from '../text.js'

interface StateView {
  readonly collection: { readonly name: string }
  readonly live: number
  readonly base: number
  readonly recallAt10: number
}

export function addIndex(program: Command, environment: NodeJS.ProcessEnv): void {
  const index = program.command('index').description('The vector indexes: a cache of the store, verified and rebuilt.')

  const verify = index
    .command('verify')
    .description('Compare each index with exact search over the store.')
    .option('--collection <name>', 'id or name; all unless told')
  finish<{ json?: boolean; collection?: string }>(
    verify,
    environment,
    ['docent index verify'],
    async (session, { collection }) => {
      await using client = await session.connect()
      const { verifyIndex } = await client.graphql<{ verifyIndex: StateView[] }>(
        'query($collection: ID) { verifyIndex(collection: $collection) { collection { id name } live base recallAt10 } }',
        { collection },
      )
      session.print(verifyIndex, () =>
        table(
          ['collection', 'chunks', 'in base', 'recall@10'],
          verifyIndex.map(({ collection: { name }, live, base, recallAt10 }) => [
            name,
            live,
            base,
            recallAt10.toFixed(4),
          ]),
        ),
      )
    },
  )

  const rebuild = index
    .command('rebuild')
    .description('Build it anew from the store and wait for it; questions are answered meanwhile.')
    .option('--collection <name>', 'id or name; all unless told')
  finish<{ json?: boolean; collection?: string }>(
    rebuild,
    environment,
    ['docent index rebuild', 'docent index rebuild --collection samples'],
    async (session, { collection }) => {
      await using client = await session.connect({ runJobs: true })
      const { rebuildIndex } = await client.graphql<{ rebuildIndex: { id: string }[] }>(
        'mutation($collection: ID) { rebuildIndex(collection: $collection) { id } }',
        { collection },
      )
      for (const { id } of rebuildIndex) requireSuccess(await waitForJob(client, id, session, 'index'))
      session.print({ rebuilt: rebuildIndex.length }, () => `${rebuildIndex.length} indexes rebuilt`)
    },
  )
}
