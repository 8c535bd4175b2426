import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { quietJobs, root, startServer } from '../lib/server.mjs'

export const describe =
  'chunks per second of a whole ingest: parse, chunk, embed, store, index (--data FOLDER, default samples)'

export async function run({ data = join(root, 'samples'), log }) {
  const files = (await readdir(data, { recursive: true })).filter((file) => /\.(md|html?|txt)$/.test(file)).length
  const started = performance.now()
  const server = await startServer({ samplesDir: data })
  const ready = performance.now()
  try {
    const { chunks } = await quietJobs(server.gql, (health) =>
      log(`${health.chunks} chunks, ${health.queuedJobs} files to go`),
    )
    const seconds = (performance.now() - ready) / 1000
    return [
      ['until ready', ((ready - started) / 1000).toFixed(1), 's'],
      ['files offered', files, ''],
      ['chunks', chunks, ''],
      ['ingest', seconds.toFixed(1), 's'],
      ['throughput', (chunks / seconds).toFixed(1), 'chunks/s'],
    ]
  } finally {
    await server.stop()
  }
}
