/** Waiting for the files of one upload, with their progress on stderr. */
import { setTimeout as wait } from 'node:timers/promises'
import type { SerializedError } from '../errors.js'
import type { Client } from './client.js'
import type { Session } from './command.js'

interface Progress {
  readonly total: number
  readonly queued: number
  readonly running: number
  readonly succeeded: number
  readonly failed: number
  readonly cancelled: number
  readonly filesPerMinute: number
  readonly secondsLeft: number | null
}

const POLL_MS = 500
const PROGRESS = `query($id: ID!) {
  batch(id: $id) { progress { total queued running succeeded failed cancelled filesPerMinute secondsLeft } }
}`
const UNSUCCESSFUL = `query($id: ID!, $status: JobStatus!, $after: String) {
  batch(id: $id) {
    jobs(status: $status, first: 100, after: $after) {
      edges { node { id fileName error { code message hint } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

export interface Failure {
  readonly id: string
  readonly fileName: string | null
  readonly error: SerializedError
}

export interface BatchResult {
  readonly succeeded: number
  /** Failed and cancelled jobs, those of files inside an archive among them. */
  readonly failures: readonly Failure[]
}

export async function waitForBatch(client: Client, id: string, session: Session): Promise<BatchResult> {
  let last = ''
  for (;;) {
    const { batch } = await client.graphql<{ batch: { progress: Progress } | null }>(PROGRESS, { id })
    // None: no file was accepted.
    if (!batch) return { succeeded: 0, failures: [] }
    const { queued, running, succeeded } = batch.progress
    if (queued + running === 0) return { succeeded, failures: await failuresOf(client, id) }
    const line = progressLine(batch.progress)
    if (line !== last) session.note(line)
    last = line
    await wait(POLL_MS)
  }
}

async function failuresOf(client: Client, id: string): Promise<Failure[]> {
  return [...(await unsuccessful(client, id, 'FAILED')), ...(await unsuccessful(client, id, 'CANCELLED'))]
}

interface Unsuccessful {
  readonly batch: {
    readonly jobs: {
      readonly edges: readonly { readonly node: Failure }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
    }
  }
}

async function unsuccessful(client: Client, id: string, status: string): Promise<Failure[]> {
  const found: Failure[] = []
  for (let after: string | undefined; ; ) {
    const { batch } = await client.graphql<Unsuccessful>(UNSUCCESSFUL, { id, status, after })
    found.push(...batch.jobs.edges.map(({ node }) => node))
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
