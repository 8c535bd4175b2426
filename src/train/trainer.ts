/**
 * The parent's side of training: starts the child process at low priority, hands on its curve, and cancels it.
 */
import os from 'node:os'
import { Child } from '../child.js'
import { DocentError, reviveError, type SerializedError } from '../errors.js'
import type { SpanLogits } from '../text/spans.js'
import type { LoopResult, StepRow } from './loop.js'
import type { ModelInput } from './model.js'
import { parseTrainingSettings } from './settings.js'
import { trainingEnvironment } from './tensorflow.js'
import type { LogitsRequest, StartRequest } from './train-process.js'

export type { LoopResult as TrainingResult, StepRow } from './loop.js'
export type { ModelInput } from './model.js'

const PROGRAM = 'train/train-process.js'

export interface ProcessOptions {
  /** Cores to compute on; all of them by default, since the process gives way to any other. */
  readonly threads?: number
  /** 19 by default: the lowest priority. */
  readonly niceness?: number
}

export interface TrainingInput extends ProcessOptions {
  /** Any of the training settings; the rest take their defaults. */
  readonly settings: Readonly<Record<string, unknown>>
  /** config.json, tokenizer.json, model.safetensors of the reader (or the encoder) to start from. */
  readonly parentFolder: string
  /** SQuAD files. */
  readonly datasetPaths: readonly string[]
  /** A SQuAD file that `replayRatio` takes from. */
  readonly replayPath?: string
  readonly checkpointFolder: string
  readonly resume: boolean
  readonly onPrepared?: (data: PreparedData) => void
}

export interface PreparedData {
  readonly exampleCount: number
  readonly windowCount: number
  readonly tokenCount: number
}

export interface RunningTraining {
  readonly pid: number | undefined
  /** The curve, row by row; ends when the run does. For one reader. */
  readonly steps: AsyncIterable<StepRow>
  /**
   * Where the trained weights are.
   * @throws CANCELLED, TRAINING_DIVERGED, TRAINING_UNAVAILABLE, INVALID_DATASET, UNSAFE_SETTINGS, MODEL_INCOMPATIBLE,
   * DATA_IN_USE when another run writes to `checkpointFolder`, DISK_FULL, or INTERNAL when the process died, with the signal and the end of its stderr. In each case the newest checkpoint is still there.
   */
  readonly result: Promise<LoopResult>
  /** The run stops between two micro-batches, writes a checkpoint, and `result` throws CANCELLED. */
  cancel(): Promise<void>
}

/** @throws UNSAFE_SETTINGS before anything is started. */
export function startTraining(input: TrainingInput): RunningTraining {
  const settings = parseTrainingSettings(input.settings)
  const { parentFolder, datasetPaths, replayPath = null, checkpointFolder, resume } = input
  const request: StartRequest = { settings, parentFolder, datasetPaths, replayPath, checkpointFolder, resume }
  const steps = new RowQueue<StepRow>()
  let resolve: (result: LoopResult) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const outcome = new Promise<LoopResult>((resolveOutcome, rejectOutcome) => {
    resolve = resolveOutcome
    reject = rejectOutcome
  })
  const child = startProcess(input, (name, payload) => {
    if (name === 'step') steps.push(payload as StepRow)
    if (name === 'prepared') input.onPrepared?.(payload as PreparedData)
    if (name === 'finished') resolve(payload as LoopResult)
    if (name === 'failed') reject(reviveError(payload as SerializedError))
  })
  child.request('start', request).catch(reject)
  child.exited.then((reason) => reject(new DocentError('INTERNAL', `the training process ${reason}`)))
  const result = outcome.finally(async () => {
    steps.close()
    await child.end()
  })
  result.catch(() => {}) // whoever reads the curve first must not be ended by an outcome that nobody awaits yet
  const cancel = async (): Promise<void> => {
    if (child.alive) await child.request('cancel').catch(() => {}) // it may end by itself just now
  }
  return { pid: child.pid, steps, result, cancel }
}

/** Logits of the trained weights, each window alone: what an exported graph is compared with. */
export async function computeLogits(
  input: { folder: string; weightsFile: string; inputs: readonly ModelInput[] } & ProcessOptions,
): Promise<SpanLogits[]> {
  await using child = startProcess(input, () => {})
  const { folder, weightsFile, inputs } = input
  const request: LogitsRequest = { folder, weightsFile, inputs }
  return await child.request<SpanLogits[]>('logits', request)
}

/** Whether a run could start here, tried in a process of its own. @throws TRAINING_UNAVAILABLE, or INTERNAL when it dies. */
export async function checkTraining(): Promise<void> {
  await using child = startProcess({ threads: 1 }, () => {})
  await child.request('check')
}

function startProcess({ threads, niceness }: ProcessOptions, onEvent: (name: string, payload: unknown) => void): Child {
  return new Child(PROGRAM, {
    env: trainingEnvironment(threads ?? os.availableParallelism()),
    niceness: niceness ?? 19,
    onEvent,
  })
}

/** Rows wait here until they are read. */
class RowQueue<T> implements AsyncIterable<T> {
  readonly #rows: T[] = []
  #closed = false
  #wake: () => void = () => {}

  push(row: T): void {
    this.#rows.push(row)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#rows.length > 0) yield this.#rows.shift() as T
      if (this.#closed) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
