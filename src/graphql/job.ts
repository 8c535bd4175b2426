/** Jobs: every long piece of work as a durable row. */
import type { Job } from '../domain.js'
import type { SerializedError } from '../errors.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { BatchType, DocumentType, JobType, TrainingRunType } from './refs.js'

export const JobStatusType = builder.enumType('JobStatus', {
  values: ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const,
})

const JobKindType = builder.enumType('JobKind', {
  values: {
    INGEST: { value: 'ingest', description: 'A document version becomes chunks that questions find.' },
    UNPACK: { value: 'unpack', description: 'An archive becomes the uploads of the files it holds.' },
    INDEX: { value: 'index', description: 'A vector index is built anew from the store.' },
    CALIBRATE: { value: 'calibrate', description: 'How sure the answers of a reader are is fitted anew.' },
    REEMBED: { value: 'reembed', description: 'Chunks get vectors of another embedder, which then serves.' },
    TRAIN: { value: 'train', description: 'Corrections become a new reader.' },
  } as const,
})

const JobErrorType = builder.objectRef<SerializedError>('JobError').implement({
  fields: (t) => ({
    code: t.exposeString('code', { description: 'A code of the error table (docs/errors.md).' }),
    message: t.exposeString('message'),
    hint: t.exposeString('hint'),
  }),
})

const JobProgressType = builder.objectRef<Job['progress']>('JobProgress').implement({
  fields: (t) => ({
    done: t.exposeInt('done'),
    total: t.exposeInt('total', { description: '0 while it is not known.' }),
    stage: t.exposeString('stage'),
  }),
})

JobType.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.expose('kind', { type: JobKindType }),
    status: t.expose('status', { type: JobStatusType }),
    progress: t.expose('progress', { type: JobProgressType }),
    error: t.expose('error', {
      type: JobErrorType,
      nullable: true,
      description: 'Why it failed; of a queued job, why it will be tried again.',
    }),
    runAfter: t.expose('runAfter', { type: 'DateTime', nullable: true, description: 'Queued until then.' }),
    attempts: t.exposeInt('attempts'),
    cancelRequested: t.exposeBoolean('cancelRequested'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    heartbeatAt: t.expose('heartbeatAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    document: t.field({
      type: DocumentType,
      nullable: true,
      description: 'What an INGEST job ingests.',
      resolve: async (job, _, { services }) => {
        const id = job.payload.documentId
        return typeof id === 'string' ? ((await services.store.reader.documents.get(id)) ?? null) : null
      },
    }),
    fileName: t.string({
      nullable: true,
      description: 'Of what an INGEST job ingests.',
      resolve: ({ payload }) => (typeof payload.fileName === 'string' ? payload.fileName : null),
    }),
    batch: t.field({
      type: BatchType,
      nullable: true,
      resolve: async ({ batchId }, _, { services }) =>
        batchId === null ? null : ((await services.store.reader.jobs.batch(batchId)) ?? null),
    }),
    run: t.field({
      type: TrainingRunType,
      nullable: true,
      description: 'The training run of a TRAIN job.',
      resolve: async (job, _, { services }) =>
        job.kind === 'train' ? ((await services.store.reader.runs.byJob(job.id)) ?? null) : null,
    }),
  }),
})

export const JobConnection = builder.connectionObject({ type: JobType, name: 'JobConnection' })

builder.queryFields((t) => ({
  job: t.field({
    type: JobType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.jobs.get(id)) ?? null,
  }),
  jobs: t.field({
    type: JobConnection,
    args: { ...pageArguments, kind: t.arg({ type: JobKindType }), status: t.arg({ type: JobStatusType }) },
    resolve: async (_, { kind, status, ...paging }, { services }) => {
      const page = await services.store.reader.jobs.page({
        ...pageRequest(paging),
        kind: kind ?? undefined,
        status: status ?? undefined,
      })
      return toConnection(page, paging.after)
    },
  }),
}))

builder.mutationFields((t) => ({
  cancelJob: t.field({
    type: JobType,
    description: 'A queued job is cancelled at once, a running one as soon as it notices.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_, { id }, { services }) => services.jobs.cancel(id),
  }),
}))

builder.subscriptionFields((t) => ({
  jobProgress: t.field({
    type: JobType,
    description: 'The job now and whenever it changes; completes when it has ended.',
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_, { id }, { services }) => services.jobs.watch(id),
    resolve: (job) => job,
  }),
}))
