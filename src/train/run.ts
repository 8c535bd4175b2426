/** Everything that a run changes as it goes, opened from the parent or from a checkpoint, and saved to one. */
import { createHash } from 'node:crypto'
import { DocentError } from '../errors.js'
import type { EncoderConfig } from '../registry/encoder-config.js'
import { type DataPosition, epochOrder } from './batches.js'
import { BestWeights } from './best-weights.js'
import { CHECKPOINT_FORMAT_VERSION, readCheckpoint, writeCheckpoint } from './checkpoint.js'
import { Dropout, type DropoutWindow } from './dropout.js'
import { Health } from './health.js'
import { layerRate } from './layer-rates.js'
import { tokensWithin } from './memory.js'
import { type LabelledInput, ReaderModel } from './model.js'
import { AdamW } from './optimizer.js'
import { namedViews, type Parameter, readNumbers, type Weights } from './parameter.js'
import { createParameters, type ModelParameters } from './parameters.js'
import { Schedule } from './schedule.js'
import { adaptersOf, isFrozen, shapingSettings, type TrainingSettings } from './settings.js'
import type { TensorOps } from './tensorflow.js'

export interface RunInput {
  readonly ops: TensorOps
  readonly config: EncoderConfig
  /** The parent's weights. */
  readonly weights: Weights
  readonly windows: readonly LabelledInput[]
  /** Not learnt but watched; may be empty. */
  readonly validation: readonly LabelledInput[]
  readonly settings: TrainingSettings
  readonly checkpointFolder: string
}

export class Run {
  readonly parameters: ModelParameters
  readonly model: ReaderModel
  readonly optimizer: AdamW
  readonly best: BestWeights
  readonly health: Health
  /** Most tokens of one forward and backward pass. */
  readonly microBatchTokens: number
  readonly #schedule: Schedule
  readonly #key: string
  /** Updates done. */
  step = 0
  position: DataPosition = { epoch: 0, offset: 0 }
  #order: { epoch: number; indices: Int32Array } | null = null
  #trainedMs = 0

  private constructor(
    readonly input: RunInput,
    /** Take the parent's place, where they are named. */
    learnt: Weights,
  ) {
    const { ops, config, settings, windows, validation, weights } = input
    this.parameters = createParameters(ops, config, new Map([...weights, ...learnt]), {
      seed: settings.seed,
      frozen: (name) => isFrozen(settings, name),
      adapters: adaptersOf(settings),
    })
    this.model = new ReaderModel(ops, config, this.parameters)
    this.optimizer = new AdamW(this.parameters.all, {
      ...settings,
      parentOf: ({ parts }) => readNumbers(parts, weights, settings.seed),
    })
    this.best = new BestWeights(this.parameters.all, settings)
    this.health = new Health(settings)
    this.microBatchTokens =
      settings.microBatchTokens ??
      tokensWithin(settings.memoryBudgetMb, config, this.parameters, [...windows, ...validation])
    this.#schedule = new Schedule(windows.length, settings)
    this.#key = runKey(input)
  }

  /** @throws INVALID_INPUT when the checkpoint is another run's. */
  static async open(input: RunInput, { resume }: { resume: boolean }): Promise<Run> {
    const checkpoint = resume ? await readCheckpoint(input.checkpointFolder) : null
    if (!checkpoint) return new Run(input, new Map())
    const { state, weights, moments, best } = checkpoint
    if (state.runKey !== runKey(input)) {
      throw new DocentError(
        'INVALID_INPUT',
        `${input.checkpointFolder} belongs to a run from another model, or with other data or settings`,
      )
    }
    const run = new Run(input, weights)
    run.optimizer.restore(run.parameters.all, moments)
    run.best.load(state.best, best)
    run.step = state.step
    run.position = { epoch: state.epoch, offset: state.offset }
    run.#trainedMs = state.trainedMs
    return run
  }

  get isOver(): boolean {
    return this.#progress >= 1 || this.best.isOver
  }

  /** Of the windows in this epoch. */
  order(): Int32Array {
    const { epoch } = this.position
    if (this.#order?.epoch !== epoch) {
      const { windows, settings } = this.input
      this.#order = { epoch, indices: epochOrder(windows.length, settings.seed, epoch) }
    }
    return this.#order.indices
  }

  learningRate(): number {
    return this.#schedule.learningRate(this.#progress)
  }

  /** What the learning rate of a parameter is multiplied by. */
  layerRate({ depth }: Parameter): number {
    const { config, settings } = this.input
    return layerRate(depth, config.layerCount + 1, this.#progress, settings)
  }

  releaseLayers(): void {
    for (const parameter of this.parameters.all) {
      parameter.learns = parameter.gradient !== null && this.layerRate(parameter) > 0
    }
  }

  /** @param seen windows of this batch before the part. */
  dropout(part: readonly LabelledInput[], seen: number): Dropout {
    const { ops, settings } = this.input
    const windows = part.map(({ inputIds: { length } }, index): DropoutWindow => {
      return { length, seeds: [settings.seed, this.step * settings.batchSize + seen + index] }
    })
    return new Dropout(ops, { rate: settings.dropout, windows })
  }

  advance(position: DataPosition, elapsedMs: number): void {
    this.position = position
    this.step++
    this.addTime(elapsedMs)
  }

  addTime(elapsedMs: number): void {
    this.#trainedMs += elapsedMs
  }

  foreseen(): { totalSteps: number; secondsLeft: number } {
    const progress = this.#progress
    return {
      totalSteps: this.#schedule.totalSteps(this.step, progress),
      secondsLeft: progress > 0 ? Math.round((this.#trainedMs / 1000) * (1 / progress - 1)) : 0,
    }
  }

  /** The numbers of the lowest loss, where something was watched. */
  takeBest(): void {
    this.best.restore()
    for (const adapter of this.parameters.adapters) adapter.merge()
  }

  async saveCheckpoint(): Promise<void> {
    const learning = this.parameters.all.filter(({ gradient }) => gradient !== null)
    await writeCheckpoint(this.input.checkpointFolder, {
      state: {
        formatVersion: CHECKPOINT_FORMAT_VERSION,
        runKey: this.#key,
        step: this.step,
        ...this.position,
        trainedMs: this.#trainedMs,
        best: this.best.state,
      },
      weights: namedViews(learning),
      moments: this.optimizer.namedMoments(learning),
      best: this.best.namedWeights(),
    })
  }

  dispose(): void {
    for (const parameter of this.parameters.all) parameter.dispose()
    for (const adapter of this.parameters.adapters) adapter.dispose()
  }

  get #progress(): number {
    return this.#schedule.progress(this.step, this.#trainedMs)
  }
}

/** Of what the curve depends on: the parent, the data, and the settings that a resume may not change. */
function runKey({ weights, windows, validation, settings }: RunInput): string {
  const shaping = Object.fromEntries(shapingSettings(settings))
  const hash = createHash('sha256').update(JSON.stringify(shaping))
  for (const [name, { data }] of weights) hash.update(name).update(data)
  for (const { inputIds, start, end } of [...windows, ...validation]) hash.update(inputIds).update(`${start} ${end};`)
  return hash.digest('hex')
}
