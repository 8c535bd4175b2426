/**
 * The training loop: batches in, one row of the curve for each update out, checkpoints beside it.
 */
import path from 'node:path'
import { setImmediate as letOthersRun } from 'node:timers/promises'
import { DocentError } from '../errors.js'
import { writeSafetensors } from '../registry/safetensors.js'
import { writeAdapter } from './adapter-file.js'
import { cutMicroBatches, nextBatch } from './batches.js'
import type { LabelledInput } from './model.js'
import { namedViews, type Parameter, readNumbers } from './parameter.js'
import { Run, type RunInput } from './run.js'
import { adaptersOf } from './settings.js'

export interface StepRow {
  /** From 1. */
  readonly step: number
  /** As foreseen now: a time limit may bring the end nearer. */
  readonly totalSteps: number
  /** Mean over the batch's windows, before the update. */
  readonly loss: number
  /** Of the watched part, after the update; null at steps that do not look. */
  readonly validationLoss: number | null
  readonly learningRate: number
  /** Before clipping. */
  readonly gradientNorm: number
  readonly tokensPerSecond: number
  /** Resident memory of the training process, in MiB. */
  readonly memoryMb: number
  /** Of computing, if it goes on at this speed to the end. */
  readonly secondsLeft: number
}

export interface LoopInput extends RunInput {
  /** Go on from the newest checkpoint in the folder, if there is one. */
  readonly resume: boolean
  readonly signal: AbortSignal
  readonly onStep: (row: StepRow) => void
}

export interface LoopResult {
  readonly steps: number
  readonly weightsFile: string
  /** Where the adapters lie, as PEFT reads them; null where the weights themselves learnt. */
  readonly adapterFolder: string | null
  /** The update whose weights these are, where early stopping chose; else the last. */
  readonly bestStep: number
}

/** Trained weights under the checkpoint folder, whole or not there. */
export const TRAINED_WEIGHTS_FILE = 'trained.safetensors'
export const ADAPTER_FOLDER = 'adapter'

/**
 * @throws CANCELLED between two micro-batches, after a checkpoint; TRAINING_DIVERGED when loss or gradient is not finite
 * (or the loss runs away), with the last good checkpoint kept; INVALID_INPUT when the folder's checkpoint is another run's.
 */
export async function train(input: LoopInput): Promise<LoopResult> {
  const run = await Run.open(input, { resume: input.resume })
  try {
    await finish(run, input)
    return await writeResult(run, input)
  } finally {
    run.dispose()
  }
}

async function finish(run: Run, { settings, onStep, signal }: LoopInput): Promise<void> {
  while (!run.isOver) {
    const row = await update(run, signal)
    if (!row) {
      // The gradients of half a batch are dropped; the step is done again when the run is resumed.
      await run.saveCheckpoint()
      throw new DocentError('CANCELLED', `training was cancelled after ${run.step} steps`)
    }
    onStep(row)
    if (run.isOver || run.step % settings.checkpointSteps === 0) await run.saveCheckpoint()
  }
}

/** One update; null when cancelled on the way. */
async function update(run: Run, signal: AbortSignal): Promise<StepRow | null> {
  const { windows, settings } = run.input
  const startedAt = performance.now()
  const { batch, next } = nextBatch(windows, run.order(), run.position, settings.batchSize)
  run.releaseLayers()
  let loss = 0
  let seen = 0
  for (const part of cutMicroBatches(batch, run.microBatchTokens)) {
    await letOthersRun() // a request to cancel arrives here
    if (signal.aborted) return null
    loss += run.model.accumulateGradients(part, 1 / batch.length, run.dropout(part, seen))
    seen += part.length
  }
  const gradientNorm = run.optimizer.gradientNorm()
  run.health.check(run.step + 1, loss, gradientNorm)
  const learningRate = run.learningRate()
  const gradientScale = Math.min(1, settings.maxGradientNorm / (gradientNorm + 1e-6))
  run.optimizer.update(learningRate, gradientScale, (parameter) => run.layerRate(parameter))
  for (const adapter of run.parameters.adapters) adapter.merge()
  run.advance(next, performance.now() - startedAt)
  const elapsedMs = performance.now() - startedAt
  return {
    step: run.step,
    loss,
    validationLoss: watch(run),
    learningRate,
    gradientNorm,
    tokensPerSecond: tokensOf(batch) / (elapsedMs / 1000),
    memoryMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    ...run.foreseen(),
  }
}

/** Looks at the watched part, when it is time. Its time is computing time too. */
function watch(run: Run): number | null {
  const { validation, settings } = run.input
  if (validation.length === 0 || (run.step % settings.evaluationSteps !== 0 && !run.isOver)) return null
  const startedAt = performance.now()
  let loss = 0
  for (const part of cutMicroBatches(validation, run.microBatchTokens)) {
    loss += run.model.loss(part, 1 / validation.length)
  }
  run.best.look(run.step, loss)
  run.addTime(performance.now() - startedAt)
  return loss
}

const tokensOf = (batch: readonly LabelledInput[]): number =>
  batch.reduce((sum, { inputIds }) => sum + inputIds.length, 0)

async function writeResult(run: Run, input: LoopInput): Promise<LoopResult> {
  const { checkpointFolder, settings } = input
  run.takeBest()
  const weightsFile = path.join(checkpointFolder, TRAINED_WEIGHTS_FILE)
  const result = namedViews(run.parameters.own, (parameter) => mixed(parameter, input))
  await writeSafetensors(weightsFile, result, { dtype: 'F32', metadata: { format: 'pt' } })
  const adapters = adaptersOf(settings)
  const adapterFolder = adapters && path.join(checkpointFolder, ADAPTER_FOLDER)
  if (adapters && adapterFolder) {
    const share = 1 - settings.parentShare
    const headOf = (parameter: Parameter): Float32Array => mixed(parameter, input)
    await writeAdapter(adapterFolder, run.parameters, adapters, { share, headOf })
  }
  return { steps: run.step, weightsFile, adapterFolder, bestStep: run.best.state?.step ?? run.step }
}

/** What was trained, with the share of the parent that the settings keep. */
function mixed({ data, parts }: Parameter, { weights, settings: { parentShare, seed } }: LoopInput): Float32Array {
  if (parentShare === 0) return data
  const parent = readNumbers(parts, weights, seed)
  return data.map((value, index) => (1 - parentShare) * value + parentShare * (parent[index] as number))
}
