/**
 * Kind `train`: a run becomes a reader version, is measured against the one that serves, and takes its place if it is
 * better. Each step repeats without harm: training goes on from its checkpoint, a version that is there already is not
 * built again, and what was promoted once is not promoted twice.
 */
import { join } from 'node:path'
import { z } from 'zod'
import type { GateReport, Job, Run, RunStatus } from '../domain.js'
import { DocentError, type SerializedError } from '../errors.js'
import { readDataset, readSquadFile, TRAIN_FILE } from '../feedback/dataset.js'
import type { FormPreference } from '../read/form.js'
import type { Models } from '../registry/models.js'
import type { ModelVersion, Registry } from '../registry/registry.js'
import type { Store, Transactor } from '../store/store.js'
import { startTraining, type TrainingResult } from '../train/trainer.js'
import { buildCandidate, type CandidateOptions } from './candidate.js'
import { Checkpoints } from './checkpoints.js'
import { type Contest, judge } from './judge.js'
import type { JobContext, JobKindHandler } from './kind.js'
import { type Measures, SHIPPED_SETS, type ShippedSets } from './measure.js'

const payloadSchema = z.object({
  runId: z.string(),
  autoPromote: z.boolean(),
  /** The run whose checkpoint this one goes on from. */
  resumedRunId: z.string().nullable(),
})
export type TrainPayload = z.output<typeof payloadSchema>

/** Nobody has more runs waiting than this. */
const MAX_QUEUED = 1000

export interface TrainJobsOptions {
  readonly store: Store
  readonly registry: Registry
  readonly models: Models
  readonly dataDir: string
  /** Of the training process. */
  readonly threads: number
  /** In which form versions are measured and serve; the canary chooses unless told. */
  readonly readerForm?: FormPreference
  /** Files; those that ship with Docent unless told. */
  readonly sets?: ShippedSets
}

export class TrainJobs implements JobKindHandler {
  readonly kind = 'train'
  readonly concurrency = 1
  readonly #store: Store
  readonly #registry: Registry
  readonly #models: Models
  readonly #dataDir: string
  readonly #checkpoints: Checkpoints
  readonly #threads: number
  readonly #readerForm: FormPreference
  readonly #sets: ShippedSets

  constructor(options: TrainJobsOptions) {
    const { store, registry, models, dataDir, threads, readerForm = 'auto', sets = SHIPPED_SETS } = options
    this.#store = store
    this.#registry = registry
    this.#models = models
    this.#dataDir = dataDir
    this.#checkpoints = new Checkpoints(dataDir)
    this.#threads = threads
    this.#readerForm = readerForm
    this.#sets = sets
  }

  async run(job: Job, context: JobContext): Promise<void> {
    const payload = payloadSchema.parse(job.payload)
    const run = await this.#store.reader.runs.get(payload.runId)
    if (!run) throw new DocentError('RUN_NOT_FOUND', `there is no training run ${payload.runId}`)
    if (run.status === 'SUCCEEDED') return
    const folder = this.#checkpoints.folderOf(run.id)
    if (payload.resumedRunId !== null) await this.#checkpoints.takeOver(payload.resumedRunId, run.id)
    await this.#checkpoints.prune(this.#store.reader, await this.#awaitedRuns())
    const sets = await this.#measuringSets(run)
    const { candidate, measures } = await this.#makeCandidate(run, folder, sets, context)
    if (!(await this.#wasPromoted(candidate))) {
      await this.#decide(run, { candidate, sets, context, candidateMeasures: measures }, payload.autoPromote)
    }
    await this.#update(run, { status: 'SUCCEEDED', finishedAt: new Date() })
    await this.#checkpoints.remove(run.id)
  }

  async unfinished(job: Job, error: SerializedError, { runs }: Transactor): Promise<void> {
    const run = await runs.byJob(job.id)
    const status = error.code === 'CANCELLED' ? 'CANCELLED' : 'FAILED'
    if (run) await runs.update(run.id, { status, finishedAt: new Date() })
  }

  /** @returns with the measures, when they were taken just now. */
  async #makeCandidate(run: Run, folder: string, sets: CandidateOptions['sets'], context: JobContext) {
    const id = candidateId(run)
    const parent = await this.#registry.get(run.parentVersion)
    let measures: Measures | undefined
    const candidate = await this.#registry.create(id, async (target) => {
      await this.#registry.verify(parent.id)
      const trained = await this.#train(run, parent, folder, context)
      const built = await buildCandidate({
        run,
        parent,
        trained,
        folder: target,
        sets,
        threads: this.#threads,
        preference: this.#readerForm,
        context,
        onStatus: (status) => this.#update(run, { status }),
      })
      measures = built.measures
      return built.draft
    })
    await this.#update(run, { candidateVersion: id })
    return { candidate, measures }
  }

  async #train(
    run: Run,
    parent: ModelVersion,
    folder: string,
    { signal, progress }: JobContext,
  ): Promise<TrainingResult> {
    await this.#update(run, { status: 'TRAINING' })
    await progress(0, 0, 'training')
    const training = startTraining({
      settings: run.settings,
      parentFolder: parent.folder,
      datasetPaths: [join(this.#datasetsDir, run.datasetId, TRAIN_FILE)],
      replayPath: this.#sets.replay,
      checkpointFolder: folder,
      resume: true,
      threads: this.#threads,
    })
    const cancel = () => void training.cancel()
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    try {
      for await (const row of training.steps) {
        await this.#store.transact(({ runs }) => runs.putStep({ ...row, runId: run.id, at: new Date() }))
        await progress(row.step, row.totalSteps, 'training')
      }
      return await training.result
    } finally {
      signal.removeEventListener('abort', cancel)
      await training.cancel()
      await training.result.catch(() => {})
    }
  }

  async #decide(run: Run, contest: Omit<Contest, 'serving' | 'preference'>, autoPromote: boolean): Promise<void> {
    await this.#update(run, { status: 'EVALUATING' })
    const { candidate, context } = contest
    const serving = await this.#models.current()
    const evaluation = await judge({ ...contest, serving, preference: this.#readerForm })
    await this.#update(run, { evaluation })
    context.log.info({ runId: run.id, candidate: candidate.id, ...evaluation }, 'the gate has decided')
    if (evaluation.decision !== 'PROMOTE' || !autoPromote) return
    context.signal.throwIfAborted()
    if ((await this.#models.current()).id !== serving.id) {
      const reason = `Kept: another version took the place of ${serving.id} meanwhile. ${evaluation.reason}`
      return this.#update(run, { evaluation: { ...evaluation, decision: 'KEEP', reason } })
    }
    await this.#models.promote(candidate.id, { kind: 'GATE', reason: evaluation.reason })
  }

  async #measuringSets(run: Run): Promise<CandidateOptions['sets']> {
    const { heldOut } = await readDataset(this.#datasetsDir, run.datasetId)
    const { general, calibration } = this.#sets
    return { heldOut, general: await readSquadFile(general), calibration: await readSquadFile(calibration) }
  }

  /** Those that a queued job will resume. */
  async #awaitedRuns(): Promise<Set<string>> {
    const jobs = await this.#store.reader.jobs.queued(this.kind, MAX_QUEUED)
    const resumed = jobs.map(({ payload }) => payloadSchema.parse(payload).resumedRunId)
    return new Set(resumed.filter((id) => id !== null))
  }

  async #wasPromoted({ id }: ModelVersion): Promise<boolean> {
    return (await this.#store.reader.promotions.history()).some(({ modelVersion }) => modelVersion === id)
  }

  #update(run: Run, changes: RunChanges): Promise<void> {
    return this.#store.transact(({ runs }) => runs.update(run.id, changes))
  }

  get #datasetsDir(): string {
    return join(this.#dataDir, 'datasets')
  }
}

interface RunChanges {
  status?: RunStatus
  candidateVersion?: string
  evaluation?: GateReport
  finishedAt?: Date
}

/** The same run always makes the same version: `reader-20260131T120000-1a2b3c4d`. */
function candidateId({ id, createdAt }: Run): string {
  const time = createdAt.toISOString().replace(/[-:]|\.\d+Z$/g, '')
  return `reader-${time}-${id.slice(-8)}`
}
