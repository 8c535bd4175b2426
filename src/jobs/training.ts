import { join } from 'node:path'
import { Mutex } from 'async-mutex'
import { v7 as uuidv7 } from 'uuid'
import type { Job, Run, TrainingStep } from '../domain.js'
import { DocentError } from '../errors.js'
import { buildDataset } from '../feedback/dataset.js'
import { removeLeftovers } from '../registry/durable.js'
import type { Models } from '../registry/models.js'
import type { Store } from '../store/store.js'
import { parseTrainingSettings, type TrainingSettings } from '../train/settings.js'
import type { JobQueue } from './queue.js'
import type { TrainPayload } from './train.js'

export interface TrainingInput {
  /** What is left out has its default (train/settings.ts). */
  readonly settings?: Readonly<Partial<Record<keyof TrainingSettings, unknown>>>
  /** Whether a candidate that the gate lets through is promoted at once. The default is true. */
  readonly autoPromote?: boolean
  /** Absolute path of a SQuAD file to learn from instead of the labels. */
  readonly dataFile?: string
}

export interface TrainingOptions {
  readonly store: Store
  readonly models: Models
  readonly jobs: Pick<JobQueue, 'notify' | 'watch'>
  readonly dataDir: string
}

/** Starts training runs and shows their curves; the work itself is a job (train.ts). */
export class Training {
  readonly #store: Store
  readonly #models: Models
  readonly #jobs: Pick<JobQueue, 'notify' | 'watch'>
  readonly #datasetsDir: string
  readonly #starting = new Mutex()

  constructor({ store, models, jobs, dataDir }: TrainingOptions) {
    this.#store = store
    this.#models = models
    this.#jobs = jobs
    this.#datasetsDir = join(dataDir, 'datasets')
  }

  /**
   * Makes the dataset and queues a run on it, from the version that serves now.
   * @throws UNSAFE_SETTINGS, TOO_FEW_LABELS, INVALID_DATASET; nothing is queued then
   */
  async start({ settings: given = {}, autoPromote = true, dataFile }: TrainingInput = {}): Promise<Job> {
    const settings = parseTrainingSettings(given)
    const parent = await this.#models.current()
    // One at a time, so that each dataset knows those before it.
    const job = await this.#starting.runExclusive(async () => {
      await removeLeftovers(this.#datasetsDir)
      const dataset = await buildDataset({ store: this.#store, folder: this.#datasetsDir, dataFile })
      const createdAt = new Date()
      const runId = uuidv7()
      const queued = newJob({ runId, autoPromote }, createdAt)
      const run: Run = {
        id: runId,
        jobId: queued.id,
        datasetId: dataset.id,
        parentVersion: parent.id,
        settings: { ...settings },
        status: 'QUEUED',
        candidateVersion: null,
        evaluation: null,
        createdAt,
        finishedAt: null,
      }
      await this.#store.transact(async ({ datasets, jobs, runs }) => {
        await datasets.insert(dataset)
        await jobs.insert(queued)
        await runs.insert(run)
      })
      return queued
    })
    this.#jobs.notify()
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

function newJob({ runId, autoPromote }: TrainPayload, createdAt: Date): Job {
  return {
    id: uuidv7(),
    kind: 'train',
    status: 'QUEUED',
    payload: { runId, autoPromote },
    progress: { done: 0, total: 0, stage: 'waiting' },
    error: null,
    attempts: 0,
    cancelRequested: false,
    createdAt,
    startedAt: null,
    heartbeatAt: null,
    finishedAt: null,
  }
}
