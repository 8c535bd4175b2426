import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/domain.js'
import { DocentError } from '../../src/errors.js'
import type { JobContext, JobKindHandler } from '../../src/jobs/kind.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { createLogger } from '../../src/log.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import type { Store } from '../../src/store/store.js'
import { jobRow } from '../conformance/rows.js'

const log = createLogger('silent')
let folder: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-queue-'))
  store = await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log })
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function insert(...jobs: Job[]): Promise<void> {
  await store.transact(async (transactor) => {
    for (const job of jobs) await transactor.jobs.insert(job)
  })
}

/** A kind whose work is the given function. */
function kindOf(
  run: (job: Job, context: JobContext) => Promise<void>,
  others: Partial<JobKindHandler> = {},
): JobKindHandler {
  return { kind: 'ingest', concurrency: 1, run, ...others }
}

/** Work that goes on until it is told to stop. */
const endless = (_: Job, { signal }: JobContext) =>
  new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

async function ended(queue: JobQueue, id: string): Promise<Job> {
  let last: Job | undefined
  for await (const job of queue.watch(id)) last = job
  return last as Job
}

async function until(queue: JobQueue, id: string, status: Job['status']): Promise<void> {
  for await (const job of queue.watch(id)) if (job.status === status) return
}

test('jobs of a kind run one after another, oldest first, and a watcher sees them end', async () => {
  const order: string[] = []
  await using queue = new JobQueue({ store, log, kinds: [kindOf(async (job) => void order.push(job.id))] })
  const jobs = [jobRow(), jobRow(), jobRow()]
  await insert(...jobs)
  await queue.start()
  for (const { id } of jobs)
    expect(await ended(queue, id)).toMatchObject({ status: 'SUCCEEDED', attempts: 1, error: null })
  expect(order).toEqual(jobs.map(({ id }) => id))
})

test('many jobs leave one line in the log, when none is left', async () => {
  const lines: Record<string, unknown>[] = []
  const listening = pino({ level: 'info', base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  await using queue = new JobQueue({ store, log: listening, kinds: [kindOf(async () => {})] })
  const jobs = [jobRow(), jobRow(), jobRow()]
  await insert(...jobs)
  await queue.start()
  await expect.poll(() => lines).toMatchObject([{ kind: 'ingest', count: 3, msg: 'every queued job is done' }])
})

test('no more jobs of a kind run at once than it allows', async () => {
  let running = 0
  let most = 0
  const run = async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 20))
    running--
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { concurrency: 2 })] })
  const jobs = Array.from({ length: 6 }, () => jobRow())
  await insert(...jobs)
  await queue.start()
  for (const { id } of jobs) await ended(queue, id)
  expect(most).toBe(2)
})

test('a failure is kept on the row with its code and hint, and the next job runs', async () => {
  const run = async (job: Job) => {
    if (job.payload.bad) throw new DocentError('EMPTY_DOCUMENT', 'nothing in it')
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run)] })
  const bad = jobRow({ payload: { bad: true } })
  const good = jobRow()
  await insert(bad, good)
  await queue.start()
  const failed = await ended(queue, bad.id)
  expect(failed.status).toBe('FAILED')
  expect(failed.error).toEqual(new DocentError('EMPTY_DOCUMENT', 'nothing in it').toJSON())
  expect((await ended(queue, good.id)).status).toBe('SUCCEEDED')
})

test('what a kind does for an unfinished job is in the same transaction as the end of the job', async () => {
  const run = async () => {
    throw new DocentError('PARSE_FAILED', 'no')
  }
  const seen: string[] = []
  const unfinished: JobKindHandler['unfinished'] = async (job, error, transactor) => {
    seen.push(error.code, (await transactor.jobs.get(job.id))?.status ?? '')
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { unfinished })] })
  const job = jobRow()
  await insert(job)
  await queue.start()
  await ended(queue, job.id)
  expect(seen).toEqual(['PARSE_FAILED', 'FAILED'])
})

test('a queued job is cancelled at once and never runs', async () => {
  const ran: string[] = []
  await using queue = new JobQueue({ store, log, kinds: [kindOf(async (job) => void ran.push(job.id))] })
  const job = jobRow()
  await insert(job)
  expect(await queue.cancel(job.id)).toMatchObject({ status: 'CANCELLED', error: { code: 'CANCELLED' } })
  await queue.start()
  await expect(queue.cancel(job.id)).rejects.toMatchObject({ code: 'JOB_NOT_CANCELLABLE' })
  await expect(queue.cancel(uuidv7())).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  expect(ran).toEqual([])
})

test('a running job is told to stop and ends as CANCELLED', async () => {
  await using queue = new JobQueue({ store, log, kinds: [kindOf(endless)] })
  const job = jobRow()
  await insert(job)
  await queue.start()
  await until(queue, job.id, 'RUNNING')
  await queue.cancel(job.id)
  expect(await ended(queue, job.id)).toMatchObject({ status: 'CANCELLED', cancelRequested: true })
})

test('a job that a shutdown interrupts is queued again and counts no attempt', async () => {
  const queue = new JobQueue({ store, log, kinds: [kindOf(endless)] })
  const job = jobRow()
  await insert(job)
  await queue.start()
  await until(queue, job.id, 'RUNNING')
  await queue[Symbol.asyncDispose]()
  expect(await store.reader.jobs.get(job.id)).toMatchObject({ status: 'QUEUED', attempts: 0, error: null })
})

test('a job that a dead process left running is run again', async () => {
  const job = jobRow({ status: 'RUNNING', attempts: 1, startedAt: new Date() })
  await insert(job)
  await using queue = new JobQueue({ store, log, kinds: [kindOf(async () => {})] })
  await queue.start()
  expect(await ended(queue, job.id)).toMatchObject({ status: 'SUCCEEDED', attempts: 2, deaths: 1 })
})

test('a job under which the process died more than once waits, longer each time, and lets the others pass', async () => {
  const [twice, often, other] = [2, 5, 1].map((attempts) =>
    jobRow({ status: 'RUNNING', attempts, deaths: attempts - 1, startedAt: new Date() }),
  )
  for (const job of [twice, often, other]) await insert(job as Job)
  const ran: string[] = []
  const run = async ({ id }: Job) => void ran.push(id)
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { concurrency: 1 })], retryDelayMs: 300 })
  await queue.start()
  const waiting = await store.reader.jobs.get(often?.id as string)
  expect(waiting).toMatchObject({ status: 'QUEUED', error: { message: 'the process died 5 times while this job ran' } })
  expect(waiting?.runAfter?.getTime()).toBeGreaterThan(Date.now() + 300 * 4 ** 3 - 10_000)
  expect(await ended(queue, twice?.id as string)).toMatchObject({ status: 'SUCCEEDED', attempts: 3, error: null })
  expect(ran).toEqual([other?.id, twice?.id])
})

test('a job under which the process died twenty times is given up', async () => {
  const job = jobRow({ status: 'RUNNING', attempts: 20, deaths: 19, startedAt: new Date() })
  await insert(job)
  await using queue = new JobQueue({ store, log, kinds: [kindOf(async () => {})] })
  await queue.start()
  expect(await ended(queue, job.id)).toMatchObject({ status: 'FAILED', error: { code: 'INTERNAL' } })
})

test('what may pass is tried as often after deaths of the process as without', async () => {
  const job = jobRow({ status: 'RUNNING', attempts: 6, deaths: 5, startedAt: new Date(), runAfter: null })
  await insert(job)
  const run = async ({ attempts }: Job) => {
    if (attempts < 9) throw new DocentError('MODEL_PROCESS_ENDED', 'for a moment')
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { retries: true })], retryDelayMs: 1 })
  await queue.start()
  expect(await ended(queue, job.id)).toMatchObject({ status: 'SUCCEEDED', attempts: 9, deaths: 6 })
})

test('every new stage of the progress is stored, and the last step too', async () => {
  const run = async (_: Job, { progress }: JobContext) => {
    for (let done = 0; done <= 100; done++) await progress(done, 100, 'counting')
    await progress(0, 0, 'tidying')
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run)] })
  const job = jobRow()
  await insert(job)
  await queue.start()
  expect((await ended(queue, job.id)).progress).toEqual({ done: 0, total: 0, stage: 'tidying' })
})

test('watching an unknown job says so', async () => {
  await using queue = new JobQueue({ store, log, kinds: [] })
  await expect(ended(queue, uuidv7())).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('what may pass is tried again, later and later, and a watcher sees it succeed', async () => {
  const seen: number[] = []
  const run = async ({ attempts }: Job) => {
    seen.push(attempts)
    if (attempts < 3) throw new DocentError('MODEL_PROCESS_ENDED', 'for a moment')
  }
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { retries: true })], retryDelayMs: 5 })
  const job = jobRow()
  await insert(job)
  await queue.start()
  const states: Job[] = []
  for await (const state of queue.watch(job.id)) states.push(state)
  expect(seen).toEqual([1, 2, 3])
  expect(states.at(-1)).toMatchObject({ status: 'SUCCEEDED', attempts: 3, error: null, runAfter: null })
  const waiting = states.filter(({ status, attempts }) => status === 'QUEUED' && attempts > 0)
  expect(waiting.map(({ error }) => error?.code)).toEqual(['MODEL_PROCESS_ENDED', 'MODEL_PROCESS_ENDED'])
  expect(waiting.every(({ runAfter }) => runAfter !== null)).toBe(true)
})

test('what cannot pass, and a kind that is not tried again, fail at once; so does the fifth attempt', async () => {
  const failing = (code: 'PARSE_FAILED' | 'OVERLOADED') => async () => {
    throw new DocentError(code, 'no')
  }
  for (const [code, others, attempts] of [
    ['PARSE_FAILED', { retries: true }, 1],
    ['OVERLOADED', {}, 1],
    ['OVERLOADED', { retries: true }, 5],
  ] as const) {
    await using queue = new JobQueue({ store, log, kinds: [kindOf(failing(code), others)], retryDelayMs: 1 })
    const job = jobRow()
    await insert(job)
    await queue.start()
    expect(await ended(queue, job.id)).toMatchObject({ status: 'FAILED', attempts, error: { code } })
  }
})

test('one upload does not wait for the many before it', async () => {
  const order: string[] = []
  const [many, one] = [uuidv7(), uuidv7()]
  const jobs = [...Array.from({ length: 6 }, () => jobRow({ batchId: many })), jobRow({ batchId: one })]
  await store.transact(async (transactor) => {
    for (const id of [many, one]) await transactor.jobs.insertBatch({ id, idempotencyKey: null, createdAt: new Date() })
  })
  await insert(...jobs)
  await using queue = new JobQueue({ store, log, kinds: [kindOf(async (job) => void order.push(job.id))] })
  await queue.start()
  for (const { id } of jobs) await ended(queue, id)
  expect(order.indexOf(jobs.at(-1)?.id as string)).toBe(1)
})

test('small jobs pass a large one, and a second large one waits', async () => {
  const run = (job: Job, context: JobContext) => (job.isLarge ? endless(job, context) : Promise.resolve())
  await using queue = new JobQueue({ store, log, kinds: [kindOf(run, { concurrency: 2 })] })
  const jobs = [jobRow({ isLarge: true }), jobRow({ isLarge: true }), jobRow(), jobRow()] as [Job, Job, Job, Job]
  await insert(...jobs)
  await queue.start()
  for (const { id } of jobs.slice(2)) expect(await ended(queue, id)).toMatchObject({ status: 'SUCCEEDED' })
  expect(await store.reader.jobs.get(jobs[0].id)).toMatchObject({ status: 'RUNNING' })
  expect(await store.reader.jobs.get(jobs[1].id)).toMatchObject({ status: 'QUEUED' })
})

test('a cancelled batch ends what is queued and what runs, and leaves other jobs alone', async () => {
  const batch = { id: uuidv7(), idempotencyKey: null, createdAt: new Date() }
  await store.transact(({ jobs }) => jobs.insertBatch(batch))
  const jobs = [jobRow({ batchId: batch.id }), jobRow({ batchId: batch.id }), jobRow()] as [Job, Job, Job]
  await insert(...jobs)
  await using queue = new JobQueue({ store, log, kinds: [kindOf(endless)] })
  await queue.start()
  await until(queue, jobs[0].id, 'RUNNING')
  await queue.cancelBatch(batch.id)
  for (const { id } of jobs.slice(0, 2)) expect(await ended(queue, id)).toMatchObject({ status: 'CANCELLED' })
  await until(queue, jobs[2].id, 'RUNNING')
})
