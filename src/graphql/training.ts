/** Training runs, their curves and their verdicts. */
import type { GateReport, ReaderScore, TrainingStep } from '../domain.js'
import { DocentError } from '../errors.js'
import { describeSettings, type TrainingSettings } from '../train/settings.js'
import { builder } from './builder.js'
import { pageArguments, pageRequest, toConnection } from './connection.js'
import { JobType, TrainingRunType } from './refs.js'

const RunStatusType = builder.enumType('RunStatus', {
  values: ['QUEUED', 'TRAINING', 'EXPORTING', 'EVALUATING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const,
})

const ReaderScoreType = builder.objectRef<ReaderScore>('ReaderScore').implement({
  fields: (t) => ({
    n: t.exposeInt('n'),
    exactMatch: t.exposeFloat('exactMatch', { description: 'Percent.' }),
    f1: t.exposeFloat('f1', { description: 'Percent.' }),
  }),
})

const ComparisonType = builder.objectRef<GateReport['heldOut']>('Comparison').implement({
  fields: (t) => ({
    serving: t.expose('serving', { type: ReaderScoreType }),
    candidate: t.expose('candidate', { type: ReaderScoreType }),
  }),
})

const GateReportType = builder.objectRef<GateReport>('GateReport').implement({
  description: 'The candidate against the serving version, both as they would serve.',
  fields: (t) => ({
    heldOut: t.expose('heldOut', { type: ComparisonType, description: 'Held-out corrections.' }),
    general: t.expose('general', { type: ComparisonType, description: 'The general set that ships with Docent.' }),
    decision: t.field({
      type: builder.enumType('GateDecision', { values: ['PROMOTE', 'KEEP'] as const }),
      resolve: (report) => report.decision,
    }),
    reason: t.exposeString('reason'),
  }),
})

const TrainingStepType = builder.objectRef<TrainingStep>('TrainingStep').implement({
  fields: (t) => ({
    runId: t.exposeID('runId'),
    step: t.exposeInt('step'),
    totalSteps: t.exposeInt('totalSteps'),
    loss: t.exposeFloat('loss'),
    validationLoss: t.exposeFloat('validationLoss', {
      nullable: true,
      description: 'Of the part that is watched; null at steps that did not look.',
    }),
    learningRate: t.exposeFloat('learningRate'),
    gradientNorm: t.exposeFloat('gradientNorm'),
    tokensPerSecond: t.exposeFloat('tokensPerSecond'),
    memoryMb: t.exposeFloat('memoryMb', { nullable: true, description: 'Of the training process, in MiB.' }),
    secondsLeft: t.exposeFloat('secondsLeft', { nullable: true, description: 'If it goes on at this speed.' }),
    at: t.expose('at', { type: 'DateTime' }),
  }),
})

TrainingRunType.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    status: t.expose('status', { type: RunStatusType }),
    datasetId: t.exposeID('datasetId', { description: 'sha256 of the dataset.' }),
    parentVersion: t.exposeID('parentVersion', { description: 'The reader it started from.' }),
    candidateVersion: t.exposeID('candidateVersion', { nullable: true }),
    settings: t.expose('settings', { type: 'JSON' }),
    evaluation: t.expose('evaluation', { type: GateReportType, nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    steps: t.field({
      type: [TrainingStepType],
      description: 'The curve so far.',
      args: { afterStep: t.arg.int() },
      resolve: (run, { afterStep }, { services }) => services.store.reader.runs.steps(run.id, afterStep ?? 0),
    }),
    job: t.field({
      type: JobType,
      resolve: async (run, _, { services }) => {
        const job = await services.store.reader.jobs.get(run.jobId)
        if (!job) throw new DocentError('JOB_NOT_FOUND', `there is no job ${run.jobId}`)
        return job
      },
    }),
  }),
})

const RunConnection = builder.connectionObject({ type: TrainingRunType, name: 'TrainingRunConnection' })

builder.queryFields((t) => ({
  run: t.field({
    type: TrainingRunType,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_, { id }, { services }) => (await services.store.reader.runs.get(id)) ?? null,
  }),
  runs: t.field({
    type: RunConnection,
    args: pageArguments,
    resolve: async (_, paging, { services }) =>
      toConnection(await services.store.reader.runs.page(pageRequest(paging)), paging.after),
  }),
}))

const TrainingInput = builder.inputType('TrainingInput', {
  description: 'What is left out has its default. A value outside its range is refused as UNSAFE_SETTINGS.',
  fields: (t) => ({
    // One field for each setting, with its range and effect where they are declared.
    ...(Object.fromEntries(
      describeSettings().map(({ name, type, effect: description }) => {
        if (type === 'number') return [name, t.float({ description })]
        return [name, type === 'integer' ? t.int({ description }) : t.string({ description })]
      }),
    ) as Record<keyof TrainingSettings, ReturnType<typeof t.float>>),
    resumeRun: t.id({
      description:
        'A failed or cancelled run: goes on from its checkpoint, with its dataset and settings. Of the settings only ' +
        'those that say how long it goes on may be given anew.',
    }),
    parentVersion: t.id({ description: 'The reader version to start from. The one that serves unless told.' }),
    autoPromote: t.boolean({ description: 'Promote what the gate lets through. True unless told.' }),
    force: t.boolean({ description: 'Run with settings that would be refused because they do harm.' }),
    dataFile: t.string({ description: 'Absolute path of a SQuAD file on the server to learn from instead of labels.' }),
  }),
})

builder.mutationFields((t) => ({
  startTraining: t.field({
    type: JobType,
    description:
      'Makes a dataset of the accepted corrections and queues a run on it, from the version that serves now unless ' +
      'another is named. With `resumeRun` an earlier run goes on instead.',
    args: { input: t.arg({ type: TrainingInput }) },
    resolve: (_, { input }, { services }) => {
      const { autoPromote, dataFile, force, resumeRun, parentVersion, ...given } = input ?? {}
      const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
      return services.training.start({
        settings,
        ...(autoPromote != null && { autoPromote }),
        ...(dataFile != null && { dataFile }),
        ...(force != null && { force }),
        ...(resumeRun != null && { resumeRun }),
        ...(parentVersion != null && { parentVersion }),
      })
    },
  }),
}))

builder.subscriptionFields((t) => ({
  trainingProgress: t.field({
    type: TrainingStepType,
    description: 'Every step of the run, those already made first; completes when the run has ended.',
    args: { runId: t.arg.id({ required: true }) },
    subscribe: (_, { runId }, { services }) => services.training.watch(runId),
    resolve: (step) => step,
  }),
}))
