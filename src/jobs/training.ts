import { join } from 'node:path'
import { Mutex } from 'async-mutex'
import { v7 as uuidv7 } from 'uuid'
import type { Job, Run, TrainingStep } from '../domain.js'
import { removeLeftovers } from '../durable.js'
import { DocentError } from '../errors.js'
import { buildDataset } from '../feedback/dataset.js'
import type { Models } from '../registry/models.js'
import { queuedJob } from '../store/queued-job.js'
import type { Store } from '../store/store.js'
import { requireSafe } from '../train/guard-rails.js'
import { presetFor } from '../train/presets.js'
import { parseTrainingSettings, shapingSettings, type TrainingSettings } from '../train/settings.js'
import { Checkpoints } from './checkpoints.js'
import { SHIPPED_SETS, type ShippedSets } from './measure.js'
import type { JobQueue } from './queue.js'
import type { TrainPayload } from './train.js'

export interface TrainingInput {
  /** What is left out has its default: of the preset that the number of labels chooses (train/presets.ts). */
  readonly settings?: Readonly<Partial<Record<keyof TrainingSettings, unknown>>>
  /** Whether a candidate that the gate lets through is promoted at once. The default is true. */
  readonly autoPromote?: boolean
  /** Absolute path of a SQuAD file to learn from instead of the labels. */
  readonly dataFile?: string
  /** Run with settings that would ruin a reader (train/guard-rails.ts). */
  readonly force?: boolean
  /** The version to start from; the one that serves unless told. */
  readonly parentVersion?: string
  /** A run that failed or was cancelled: goes on from its checkpoint, with its dataset, parent and settings. */
  readonly resumeRun?: string
}

export interface TrainingOptions {
  readonly store: Store
  readonly models: Models
  readonly jobs: Pick<JobQueue, 'notify' | 'watch'>
  readonly dataDir: string
  /** Files, those that ship with Docent unless told: no dataset takes a context of them. */
  readonly sets?: ShippedSets
}

/** Starts training runs and shows their curves; the work itself is a job (train.ts). */
export class Training {
  readonly #store: Store
  readonly #models: Models
  readonly #jobs: Pick<JobQueue, 'notify' | 'watch'>
  readonly #datasetsDir: string
  readonly #checkpoints: Checkpoints
  readonly #sets: ShippedSets
  readonly #starting = new Mutex()

  constructor({ store, models, jobs, dataDir, sets = SHIPPED_SETS }: TrainingOptions) {
    this.#store = store
    this.#models = models
    this.#jobs = jobs
    this.#datasetsDir = join(dataDir, 'datasets')
    this.#checkpoints = new Checkpoints(dataDir)
    this.#sets = sets
  }

  /**
   * Makes the dataset and queues a run on it, from the version that serves now or the one that is named.
   * @throws UNSAFE_SETTINGS, TOO_FEW_LABELS, INVALID_DATASET, MODEL_NOT_FOUND, and INVALID_INPUT, RUN_NOT_FOUND or NO_CHECKPOINT for a run
   * that cannot be resumed; nothing is queued then
   */
  async start(input: TrainingInput = {}): Promise<Job> {
    // One at a time, so that each dataset knows those before it.
    const job = await this.#starting.runExclusive(() =>
      input.resumeRun === undefined ? this.#startNew(input) : this.#resume(input, input.resumeRun),
    )
    this.#jobs.notify()
    return job
  }

  async #startNew(input: TrainingInput): Promise<Job> {
    const { settings: given = {}, autoPromote = true, dataFile, parentVersion, force = false } = input
    // What no dataset would make right is refused before one is made.
    requireSafe(parseTrainingSettings(given), null, { force })
    const parent = await (parentVersion === undefined ? this.#models.current() : this.#models.get(parentVersion))
    await removeLeftovers(this.#datasetsDir)
    const dataset = await buildDataset({
      store: this.#store,
      folder: this.#datasetsDir,
      dataFile,
      reservedFiles: [this.#sets.general, this.#sets.calibration],
    })
    await this.#store.transact(({ datasets }) => datasets.insert(dataset))
    const settings = settingsFor(parseTrainingSettings(given).preset, dataset.trainCount, given)
    requireSafe(settings, dataset.trainCount, { force })
    return this.#queue(
      { datasetId: dataset.id, parentVersion: parent.id, settings },
      { autoPromote, resumedRunId: null },
    )
  }

  async #resume(input: TrainingInput, runId: string): Promise<Job> {
    const { settings = {}, autoPromote = true, dataFile, parentVersion: from } = input
    const run = await this.#store.reader.runs.get(runId)
    if (!run) throw new DocentError('RUN_NOT_FOUND', `there is no training run ${runId}`)
    if (run.status !== 'FAILED' && run.status !== 'CANCELLED') {
      throw new DocentError('INVALID_INPUT', `run ${runId} is ${run.status}; only a failed or cancelled one is resumed`)
    }
    if (dataFile !== undefined) throw new DocentError('INVALID_INPUT', 'a resumed run keeps its dataset')
    if (from !== undefined) throw new DocentError('INVALID_INPUT', 'a resumed run keeps the version it started from')
    await this.#checkpoints.require(runId)
    const { datasetId, parentVersion } = run
    const changed = parseTrainingSettings({ ...run.settings, ...settings })
    requireSameCurve(run, changed)
    return this.#queue({ datasetId, parentVersion, settings: changed }, { autoPromote, resumedRunId: runId })
  }

  /** Run and job in one transaction: neither is ever there without the other. */
  async #queue(
    { settings, ...origin }: Pick<Run, 'datasetId' | 'parentVersion'> & { settings: TrainingSettings },
    payload: Omit<TrainPayload, 'runId'>,
  ): Promise<Job> {
    const runId = uuidv7()
    const job = queuedJob('train', { runId, ...payload }, { stage: 'waiting' })
    const run: Run = {
      id: runId,
      jobId: job.id,
      ...origin,
      settings: { ...settings },
      status: 'QUEUED',
      candidateVersion: null,
      evaluation: null,
      createdAt: job.createdAt,
      finishedAt: null,
    }
    await this.#store.transact(async ({ jobs, runs }) => {
      await jobs.insert(job)
      await runs.insert(run)
    })
    return job
  }

  /** Every step of the run, those already made first; ends with the run. @throws RUN_NOT_FOUND */
  async *watch(runId: string): AsyncGenerator<TrainingStep, void> {
    const run = await this.#store.reader.runs.get(runId)
    if (!run) throw new DocentError('RUN_NOT_FOUND', `there is no training run ${runId}`)
    let last = 0
    // A step is a committed row before the job's progress tells of it, so each change of the job may mean new ones.
    for await (const _ of this.#jobs.watch(run.jobId)) {
      for (const step of await this.#store.reader.runs.steps(runId, last)) {
        last = step.step
        yield step
      }
    }
  }
}

function requireSameCurve({ id, settings }: Run, changed: TrainingSettings): void {
  for (const [name, value] of shapingSettings(changed)) {
    if (value === settings[name]) continue
    throw new DocentError('INVALID_INPUT', `${name}: a resumed run keeps it, and run ${id} has ${settings[name]}`)
  }
}

function settingsFor(
  chosen: TrainingSettings['preset'],
  trainCount: number,
  given: NonNullable<TrainingInput['settings']>,
): TrainingSettings {
  const { name, settings } = presetFor(chosen, trainCount)
  return parseTrainingSettings({ ...settings, ...given, preset: name })
}
