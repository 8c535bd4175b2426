/** Waiting for the files of one upload, with their progress on stderr. */
import { setTimeout as wait } from 'node:timers/promises'
import type { SerializedError } from '../errors.js'
import type { Client } from './client.js'
import type { Session } from './command.js'

interface Progress {
  readonly total: number
  readonly queued: number
  readonly running: number
  readonly failed: number
  readonly cancelled: number
  readonly filesPerMinute: number
  readonly secondsLeft: number | null
}

const POLL_MS = 500
const PROGRESS = `query($id: ID!) {
  batch(id: $id) { progress { total queued running failed cancelled filesPerMinute secondsLeft } }
}`
const UNSUCCESSFUL = `query($id: ID!, $status: JobStatus!, $after: String) {
  batch(id: $id) {
    jobs(status: $status, first: 100, after: $after) {
      edges { node { id error { code message hint } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

/** @returns the error of each job that did not succeed, by its id */
export async function waitForBatch(
  client: Client,
  id: string,
  session: Session,
): Promise<Map<string, SerializedError>> {
  let last = ''
  for (;;) {
    const { batch } = await client.graphql<{ batch: { progress: Progress } | null }>(PROGRESS, { id })
    // None: no file was accepted.
    if (!batch) return new Map()
    if (batch.progress.queued + batch.progress.running === 0) break
    const line = progressLine(batch.progress)
    if (line !== last) session.note(line)
    last = line
    await wait(POLL_MS)
  }
  const failed = await unsuccessful(client, id, 'FAILED')
  return new Map([...failed, ...(await unsuccessful(client, id, 'CANCELLED'))])
}

interface Unsuccessful {
  readonly batch: {
    readonly jobs: {
      readonly edges: readonly { node: { id: string; error: SerializedError } }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
    }
  }
}

async function unsuccessful(client: Client, id: string, status: string): Promise<[string, SerializedError][]> {
  const found: [string, SerializedError][] = []
  for (let after: string | undefined; ; ) {
    const { batch } = await client.graphql<Unsuccessful>(UNSUCCESSFUL, { id, status, after })
    found.push(...batch.jobs.edges.map(({ node }): [string, SerializedError] => [node.id, node.error]))
    if (!batch.jobs.pageInfo.hasNextPage) return found
    after = batch.jobs.pageInfo.endCursor
  }
}

function progressLine({ total, queued, running, failed, filesPerMinute, secondsLeft }: Progress): string {
  const done = total - queued - running
  const parts = [`${done} of ${total} files`]
  if (failed > 0) parts.push(`${failed} failed`)
  if (filesPerMinute > 0) parts.push(`${Math.round(filesPerMinute)} a minute`)
  if (secondsLeft !== null) parts.push(`${timeText(secondsLeft)} left`)
  return parts.join(', ')
}

const timeText = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds / 10) * 10} s` : `${Math.round(seconds / 60)} min`
