/**
 * All that training needs, small and real: the tiny BERT of test/fixtures as the bundled version, documents in a store,
 * accepted corrections, a general set. The task can be learnt in seconds: the answer is the number in the passage.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Feedback } from '../../src/feedback/feedback.js'
import { exportReader } from '../../src/jobs/candidate.js'
import type { ShippedSets } from '../../src/jobs/measure.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { compareForm, makeReference } from '../../src/jobs/reference.js'
import { TrainJobs } from '../../src/jobs/train.js'
import { Training } from '../../src/jobs/training.js'
import { createLogger } from '../../src/log.js'
import type { FormPreference } from '../../src/read/form.js'
import type { MeasuredForm } from '../../src/registry/manifest.js'
import { Models } from '../../src/registry/models.js'
import { Registry } from '../../src/registry/registry.js'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.js'
import { type SquadExample, toSquad } from '../../src/text/squad.js'
import { addCollection, addDocument, addInteraction, passage } from '../feedback/seed.js'
import { draft } from '../registry/seed.js'

const TINY_MODEL = fileURLToPath(new URL('../fixtures/tiny-model', import.meta.url))
const QUESTION = 'How much does it cost?'
export const TINY_VERSION = 'tiny-reader'

/** Settings under which the tiny reader learns its task within 80 steps. */
export const LEARNING = {
  preset: 'none',
  learningRate: 0.001,
  batchSize: 8,
  epochs: 100,
  maxSteps: 80,
  maxSequenceLength: 96,
  stride: 16,
  weightDecay: 0,
  dropout: 0,
  freezeEmbeddings: 'none',
  checkpointSteps: 5,
}

const log = createLogger('silent')

export class ReaderLab implements AsyncDisposable {
  readonly registry: Registry
  readonly models: Models
  jobs: JobQueue
  training: Training
  /** As the next start has it. */
  readerForm: FormPreference = 'auto'

  private constructor(
    readonly folder: string,
    readonly store: SqliteStore,
  ) {
    this.registry = new Registry({ modelsDir: join(folder, 'models') })
    this.models = new Models({ registry: this.registry, store, log })
    this.jobs = this.#newQueue()
    this.training = this.#newTraining()
  }

  static async open(): Promise<ReaderLab> {
    const folder = await mkdtemp(join(tmpdir(), 'docent-lab-'))
    const lab = new ReaderLab(folder, await SqliteStore.open({ path: join(folder, 'docent.sqlite'), log }))
    await writeFile(lab.sets.general, JSON.stringify(toSquad(tags('general', 1000))))
    await writeFile(lab.sets.calibration, JSON.stringify(toSquad(tags('calibration', 2000))))
    await writeFile(lab.sets.replay, JSON.stringify(toSquad(tags('replay', 3000))))
    await lab.registry.create(TINY_VERSION, async (target) => {
      const { signal } = new AbortController()
      const weightsFile = join(TINY_MODEL, 'model.safetensors')
      await exportReader({ parentFolder: TINY_MODEL, weightsFile, folder: target, signal })
      const window = { maxSequenceLength: 96, stride: 16, maxQuestionTokens: 16, maxAnswerTokens: 8 }
      const measured = draft().forms.int8 as MeasuredForm
      const reference = await makeReference({ folder: target, window, examples: tags('general', 1000), threads: 1 })
      const files = { folder: target, window }
      const int8 = { ...measured, ...(await compareForm(reference, 'int8', files)) }
      const fp32 = { ...measured, ...(await compareForm(reference, 'fp32', files)) }
      return draft({ window, forms: { int8, fp32 } })
    })
    await lab.jobs.start()
    return lab
  }

  get dataDir(): string {
    return join(this.folder, 'data')
  }

  get sets(): ShippedSets {
    const file = (name: string): string => join(this.folder, `${name}-set.json`)
    return { general: file('general'), calibration: file('calibration'), replay: file('replay') }
  }

  /** Accepted corrections, each over a passage of its own. */
  async teach(count: number): Promise<void> {
    const feedback = new Feedback({ store: this.store })
    const collectionId = await addCollection(this.store)
    for (let index = 0; index < count; index++) {
      const { context, price } = priceTag(index)
      const version = await addDocument(this.store, collectionId, context)
      const shown = passage(version, 0, context.length)
      const { id: interactionId } = await addInteraction(this.store, QUESTION, [shown])
      const correction = { documentId: version.documentId, text: price }
      const { id } = await feedback.submit({ interactionId, verdict: 'CORRECTED', correction })
      await feedback.review(id, 'ACCEPT')
    }
  }

  /** As a process that is told to end and started again. */
  async restart(): Promise<void> {
    await this.stopped(async () => {})
  }

  /** Does `work` while no job is begun. */
  async stopped<T>(work: () => Promise<T>): Promise<T> {
    await this.jobs[Symbol.asyncDispose]()
    this.jobs = this.#newQueue()
    this.training = this.#newTraining()
    const result = await work()
    await this.jobs.start()
    return result
  }

  async ended(jobId: string) {
    for await (const _ of this.jobs.watch(jobId)) {
      // until the watch ends with the job
    }
    const job = await this.store.reader.jobs.get(jobId)
    const run = await this.store.reader.runs.byJob(jobId)
    if (!job || !run) throw new Error('the job or its run is missing')
    return { job, run }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }

  #newQueue(): JobQueue {
    const { store, registry, models, dataDir, sets, readerForm } = this
    const kind = new TrainJobs({ store, registry, models, dataDir, threads: 1, readerForm, sets })
    return new JobQueue({ store, kinds: [kind], log })
  }

  #newTraining(): Training {
    const { store, models, jobs, dataDir, sets } = this
    return new Training({ store, models, jobs, dataDir, sets })
  }
}

/** Thirty two-letter words of chance, the same for the same index, and a price among them. */
export function priceTag(index: number): { context: string; price: string } {
  let state = 17 + index * 2654435761
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const letter = () => String.fromCharCode(97 + draw(26))
  const words = Array.from({ length: 30 }, () => letter() + letter())
  const price = String(1000 + draw(9000))
  words.splice(draw(30), 0, price)
  return { context: words.join(' '), price }
}

export function tags(name: string, from: number): SquadExample[] {
  return Array.from({ length: 24 }, (_, index) => {
    const { context, price } = priceTag(from + index)
    const common = { id: `${name}-${index}`, title: 'tags', question: QUESTION }
    return index % 6 === 0
      ? { ...common, context: context.replace(price, ''), answers: [], isImpossible: true }
      : { ...common, context, answers: [{ text: price, start: context.indexOf(price) }], isImpossible: false }
  })
}
