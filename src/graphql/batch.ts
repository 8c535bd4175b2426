/** Batches: the files of one upload, as one thing to watch and to cancel. */
import type { Batch, BatchProgress } from '../domain.js'
import { DocentError } from '../errors.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import type { GraphqlContext } from './context.js'
import { JobConnection, JobStatusType } from './job.js'
import { BatchType } from './refs.js'

/** What the rate is measured over. */
const RATE_WINDOW_MS = 60_000

const BatchProgressType = builder.objectRef<BatchProgress & Batch>('BatchProgress').implement({
  fields: (t) => ({
    total: t.int({ resolve: totalOf }),
    queued: t.exposeInt('queued'),
    running: t.exposeInt('running'),
    succeeded: t.exposeInt('succeeded'),
    failed: t.exposeInt('failed'),
    cancelled: t.exposeInt('cancelled'),
    filesPerMinute: t.float({ description: 'Of the last minute.', resolve: perMinute }),
    secondsLeft: t.float({
      nullable: true,
      description: 'At that rate; null while there is none, 0 when every job has ended.',
      resolve: secondsLeft,
    }),
  }),
})

BatchType.implement({
  description: 'Jobs that were accepted together. One file that fails fails no other.',
  fields: (t) => ({
    id: t.exposeID('id'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    progress: t.field({ type: BatchProgressType, resolve: progressOf }),
    jobs: t.field({
      type: JobConnection,
      description: 'One for each file.',
      args: { ...pageArguments, status: t.arg({ type: JobStatusType }) },
      resolve: async ({ id }, { status, ...paging }, { services }) => {
        const request = { ...pageRequest(paging), batchId: id, status: status ?? undefined }
        return toConnection(await services.store.reader.jobs.page(request), paging.after)
      },
    }),
  }),
})

async function progressOf(batch: Batch, _: unknown, { services }: GraphqlContext): Promise<BatchProgress & Batch> {
  const since = new Date(Date.now() - RATE_WINDOW_MS)
  return { ...batch, ...(await services.store.reader.jobs.batchProgress(batch.id, since)) }
}

function totalOf({ queued, running, succeeded, failed, cancelled }: BatchProgress): number {
  return queued + running + succeeded + failed + cancelled
}

function perMinute({ endedSince, createdAt }: BatchProgress & Batch): number {
  const windowMs = Math.min(RATE_WINDOW_MS, Math.max(1000, Date.now() - createdAt.getTime()))
  return (endedSince / windowMs) * 60_000
}

function secondsLeft(progress: BatchProgress & Batch): number | null {
  const left = progress.queued + progress.running
  if (left === 0) return 0
  const rate = perMinute(progress)
  return rate === 0 ? null : (left / rate) * 60
}

builder.queryFields((t) => ({
  batch: t.field({
    type: BatchType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.jobs.batch(id)) ?? null,
  }),
}))

builder.mutationFields((t) => ({
  cancelBatch: t.field({
    type: BatchType,
    description: 'Cancels its jobs that have not ended. Documents that are ingested already stay.',
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => {
      const batch = await services.store.reader.jobs.batch(id)
      if (!batch) throw new DocentError('BATCH_NOT_FOUND', `there is no batch ${id}`)
      await services.jobs.cancelBatch(id)
      return batch
    },
  }),
}))
