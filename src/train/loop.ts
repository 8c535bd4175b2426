/**
 * The training loop: batches in, one row of the curve for each update out, checkpoints beside it.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { setImmediate as letOthersRun } from 'node:timers/promises'
import { DocentError } from '../errors.js'
import type { BertConfig } from '../registry/bert-config.js'
import { writeSafetensors } from '../registry/safetensors.js'
import { cutMicroBatches, type DataPosition, epochOrder, nextBatch } from './batches.js'
import { CHECKPOINT_FORMAT_VERSION, readCheckpoint, writeCheckpoint } from './checkpoint.js'
import { Dropout, type DropoutWindow } from './dropout.js'
import { layerRate } from './layer-rates.js'
import { type LabelledInput, ReaderModel } from './model.js'
import { AdamW } from './optimizer.js'
import {
  createParameters,
  type ModelParameters,
  namedViews,
  type Parameter,
  readNumbers,
  type Weights,
} from './parameters.js'
import { Schedule } from './schedule.js'
import { isFrozen, shapingSettings, type TrainingSettings } from './settings.js'
import type { TensorOps } from './tensorflow.js'

export interface StepRow {
  /** From 1. */
  readonly step: number
  /** As foreseen now: a time limit may bring the end nearer. */
  readonly totalSteps: number
  /** Mean over the batch's windows, before the update. */
  readonly loss: number
  readonly learningRate: number
  /** Before clipping. */
  readonly gradientNorm: number
  readonly tokensPerSecond: number
}

export interface LoopInput {
  readonly ops: TensorOps
  readonly config: BertConfig
  /** The parent's weights; a checkpoint that is resumed takes their place. */
  readonly weights: Weights
  readonly windows: readonly LabelledInput[]
  readonly settings: TrainingSettings
  readonly checkpointFolder: string
  /** Go on from the newest checkpoint in the folder, if there is one. */
  readonly resume: boolean
  readonly signal: AbortSignal
  readonly onStep: (row: StepRow) => void
}

export interface LoopResult {
  readonly steps: number
  readonly weightsFile: string
}

/** Trained weights under the checkpoint folder, whole or not there. */
export const TRAINED_WEIGHTS_FILE = 'trained.safetensors'

/** Guessing evenly among all tokens of a window costs ln(length). Doing this many times worse for long is divergence. */
const DIVERGED_FACTOR = 2

/**
 * @throws CANCELLED between two micro-batches, after a checkpoint; TRAINING_DIVERGED when loss or gradient is not finite
 * (or the loss runs away), with the last good checkpoint kept.
 */
export async function train(input: LoopInput): Promise<LoopResult> {
  const run = await Run.open(input)
  try {
    await run.finish()
    const weightsFile = path.join(input.checkpointFolder, TRAINED_WEIGHTS_FILE)
    const result = namedViews(run.parameters, (parameter) => mixed(parameter, input))
    await writeSafetensors(weightsFile, result, { dtype: 'F32', metadata: { format: 'pt' } })
    return { steps: run.step, weightsFile }
  } finally {
    run.dispose()
  }
}

/** What was trained, with the share of the parent that the settings keep. */
function mixed({ data, parts }: Parameter, { weights, settings: { parentShare, seed } }: LoopInput): Float32Array {
  if (parentShare === 0) return data
  const parent = readNumbers(parts, weights, seed)
  return data.map((value, index) => (1 - parentShare) * value + parentShare * (parent[index] as number))
}

class Run {
  readonly #input: LoopInput
  readonly #model: ReaderModel
  readonly #optimizer: AdamW
  readonly #runKey: string
  readonly #schedule: Schedule
  readonly parameters: ModelParameters
  step = 0
  #position: DataPosition = { epoch: 0, offset: 0 }
  #order: { epoch: number; indices: Int32Array } | null = null
  #trainedMs = 0
  /** Mean of about the last ten. */
  #recentLoss = 0

  private constructor(input: LoopInput, weights: Weights) {
    const { ops, config, settings, windows } = input
    this.#input = input
    this.parameters = createParameters(ops, config, weights, {
      seed: settings.seed,
      frozen: (name) => isFrozen(settings, name),
    })
    this.#model = new ReaderModel(ops, config, this.parameters)
    this.#optimizer = new AdamW(this.parameters.all, {
      ...settings,
      parentOf: ({ parts }) => readNumbers(parts, input.weights, settings.seed),
    })
    this.#runKey = runKey(windows, settings)
    this.#schedule = new Schedule(windows.length, settings)
  }

  static async open(input: LoopInput): Promise<Run> {
    const checkpoint = input.resume ? await readCheckpoint(input.checkpointFolder) : null
    const run = new Run(input, checkpoint?.weights ?? input.weights)
    if (!checkpoint) return run
    const { state, moments } = checkpoint
    if (state.runKey !== run.#runKey) {
      run.dispose()
      throw new DocentError('INVALID_INPUT', `${input.checkpointFolder} belongs to a run with other data or settings`)
    }
    run.#optimizer.restore(run.parameters, moments)
    run.step = state.step
    run.#position = { epoch: state.epoch, offset: state.offset }
    run.#trainedMs = state.trainedMs
    return run
  }

  async finish(): Promise<void> {
    const { settings } = this.#input
    while (this.#progress() < 1) {
      const row = await this.#update()
      if (!row) {
        // The gradients of half a batch are dropped; the step is done again when the run is resumed.
        await this.#saveCheckpoint()
        throw new DocentError('CANCELLED', `training was cancelled after ${this.step} steps`)
      }
      this.#input.onStep(row)
      if (this.#progress() >= 1 || this.step % settings.checkpointSteps === 0) await this.#saveCheckpoint()
    }
  }

  /** One update; null when cancelled on the way. */
  async #update(): Promise<StepRow | null> {
    const { settings, signal, windows } = this.#input
    const startedAt = performance.now()
    const { batch, next } = nextBatch(windows, this.#currentOrder(), this.#position, settings.batchSize)
    let loss = 0
    this.#releaseLayers()
    let seen = 0
    for (const part of cutMicroBatches(batch, settings.microBatchTokens)) {
      await letOthersRun() // a request to cancel arrives here
      if (signal.aborted) return null
      loss += this.#model.accumulateGradients(part, 1 / batch.length, this.#dropout(part, seen))
      seen += part.length
    }
    const gradientNorm = this.#optimizer.gradientNorm()
    this.#checkHealth(loss, gradientNorm)
    const learningRate = this.#schedule.learningRate(this.#progress())
    const gradientScale = Math.min(1, settings.maxGradientNorm / (gradientNorm + 1e-6))
    this.#optimizer.update(learningRate, gradientScale, (parameter) => this.#layerRate(parameter))
    const elapsedMs = performance.now() - startedAt
    this.#trainedMs += elapsedMs
    this.#position = next
    this.step++
    const tokens = batch.reduce((sum, { inputIds }) => sum + inputIds.length, 0)
    return {
      step: this.step,
      totalSteps: this.#schedule.totalSteps(this.step, this.#progress()),
      loss,
      learningRate,
      gradientNorm,
      tokensPerSecond: tokens / (elapsedMs / 1000),
    }
  }

  #layerRate({ depth }: Parameter): number {
    const { config, settings } = this.#input
    return layerRate(depth, config.layerCount + 1, this.#progress(), settings)
  }

  #releaseLayers(): void {
    for (const parameter of this.parameters.all) {
      parameter.learns = parameter.gradient !== null && this.#layerRate(parameter) > 0
    }
  }

  #dropout(part: readonly LabelledInput[], seen: number): Dropout {
    const { ops, settings } = this.#input
    const windows = part.map(({ inputIds: { length } }, index): DropoutWindow => {
      return { length, seeds: [settings.seed, this.step * settings.batchSize + seen + index] }
    })
    return new Dropout(ops, { rate: settings.dropout, windows })
  }

  #progress(): number {
    return this.#schedule.progress(this.step, this.#trainedMs)
  }

  #checkHealth(loss: number, gradientNorm: number): void {
    this.#recentLoss = 0.9 * this.#recentLoss + 0.1 * loss
    const tolerated = DIVERGED_FACTOR * Math.log(this.#input.settings.maxSequenceLength)
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && this.#recentLoss <= tolerated) return
    throw new DocentError(
      'TRAINING_DIVERGED',
      `at step ${this.step + 1} the loss is ${loss} and the gradient norm ${gradientNorm}`,
    )
  }

  #currentOrder(): Int32Array {
    const { epoch } = this.#position
    if (this.#order?.epoch !== epoch) {
      const { windows, settings } = this.#input
      this.#order = { epoch, indices: epochOrder(windows.length, settings.seed, epoch) }
    }
    return this.#order.indices
  }

  async #saveCheckpoint(): Promise<void> {
    await writeCheckpoint(this.#input.checkpointFolder, {
      state: {
        formatVersion: CHECKPOINT_FORMAT_VERSION,
        runKey: this.#runKey,
        step: this.step,
        ...this.#position,
        trainedMs: this.#trainedMs,
      },
      weights: namedViews(this.parameters),
      moments: this.#optimizer.namedMoments(this.parameters),
    })
  }

  dispose(): void {
    for (const parameter of this.parameters.all) parameter.dispose()
  }
}

/** Of what the curve depends on: the data, and the settings that a resume may not change. */
function runKey(windows: readonly LabelledInput[], settings: TrainingSettings): string {
  const shaping = Object.fromEntries(shapingSettings(settings))
  const hash = createHash('sha256').update(JSON.stringify(shaping))
  for (const { inputIds, start, end } of windows) hash.update(inputIds).update(`${start} ${end};`)
  return hash.digest('hex')
}
