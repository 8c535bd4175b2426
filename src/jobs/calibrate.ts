/** Kind `calibrate`: a reader that was put to service gets its calibration of answers, unless it has one. */
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../child.js'
import type { Job } from '../domain.js'
import { fitForEachTopK, readRetrieved, readRetrievedSet } from '../evaluate/retrieved-set.js'
import type { FormPreference } from '../read/form.js'
import type { AnswerCalibrationKey, AnswerCalibrations } from '../registry/answer-calibrations.js'
import type { ServedForm } from '../registry/manifest.js'
import type { ModelVersion, Registry } from '../registry/registry.js'
import { RETRIEVAL_SETTINGS } from '../retrieve/retriever.js'
import { queuedJob } from '../store/queued-job.js'
import type { Store } from '../store/store.js'
import type { JobContext, JobKindHandler } from './kind.js'
import { withVersion } from './measure.js'
import type { RetrievedAnew } from './retrieve-set.js'

/** Ships with Docent: questions with what retrieval found for them. No reader was or will be trained on its contexts. */
export const RETRIEVED_SET_FILE = join(packageRoot, 'resources', 'retrieved-set.json')

/** Queued ones that are looked through for the same version. */
const MAX_QUEUED = 100

const payloadSchema = z.object({ modelVersion: z.string() })

export interface CalibrateJobsOptions {
  readonly store: Store
  readonly registry: Registry
  readonly calibrations: AnswerCalibrations
  /** Name of the one that serves. */
  readonly embedderVersion: () => Promise<string>
  /** In which form versions serve; the canary chooses unless told. */
  readonly readerForm?: FormPreference
  /** Finds for the questions of the general set with the embedder of that name, where no set that ships has it. */
  readonly retrieve: (embedder: string, context: JobContext) => Promise<RetrievedAnew>
  readonly onQueued: () => void
  readonly retrievedSetFile?: string
}

export class CalibrateJobs implements JobKindHandler {
  readonly kind = 'calibrate'
  readonly concurrency = 1
  readonly #options: CalibrateJobsOptions

  constructor(options: CalibrateJobsOptions) {
    this.#options = options
  }

  /** Undefined when there is nothing to do: it is calibrated, or is about to be. */
  async request({ id, manifest }: ModelVersion): Promise<Job | undefined> {
    const { store, calibrations, onQueued } = this.#options
    const forms = Object.keys(manifest.forms) as ServedForm[]
    const known = await Promise.all(forms.map(async (form) => calibrations.get(await this.#key(id, form))))
    if (!known.includes(undefined)) return undefined
    const queued = await store.reader.jobs.queued(this.kind, MAX_QUEUED)
    if (queued.some(({ payload }) => payloadSchema.parse(payload).modelVersion === id)) return undefined
    const job = queuedJob(this.kind, { modelVersion: id })
    await store.transact(({ jobs }) => jobs.insert(job))
    onQueued()
    return job
  }

  /** @throws MODEL_NOT_FOUND; what opening the embedder throws */
  async run(job: Job, context: JobContext): Promise<void> {
    const { signal, progress, log } = context
    const {
      registry,
      calibrations,
      retrieve,
      readerForm = 'auto',
      retrievedSetFile = RETRIEVED_SET_FILE,
    } = this.#options
    const { modelVersion } = payloadSchema.parse(job.payload)
    const version = await registry.get(modelVersion)
    const shipped = await readRetrievedSet(retrievedSetFile)
    const onProgress = (done: number, total: number) => {
      progress(done, total, 'reading').catch((error: unknown) => log.warn({ err: error }, 'progress was not stored'))
    }
    await withVersion(version, { preference: readerForm, log }, async (reader, { name }) => {
      const key = await this.#key(modelVersion, name)
      if (await calibrations.get(key)) return
      const isOfThese =
        shipped.embedder === key.embedder &&
        Object.entries(key.retrieval).every(([setting, value]) => shipped.retrieval[setting] === value)
      const set = isOfThese ? shipped : await retrieve(key.embedder, context)
      const asked = await readRetrieved({ ...reader, set, onProgress, signal })
      const answerable = asked.filter(({ golds }) => golds.length > 0).length
      const questions = { source: shipped.source, answerable, unanswerable: asked.length - answerable }
      await calibrations.create(key, { questions, fits: fitForEachTopK(asked) })
      log.info({ modelVersion, form: name }, 'the answers of a reader were calibrated')
    })
  }

  async #key(reader: string, form: ServedForm): Promise<AnswerCalibrationKey> {
    return { reader, form, embedder: await this.#options.embedderVersion(), retrieval: RETRIEVAL_SETTINGS }
  }
}
