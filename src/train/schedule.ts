/**
 * How far a run is, and the learning rate that follows from it: linear warm-up to the peak, then linear decay to zero.
 */
import type { TrainingSettings } from './settings.js'

type ScheduleSettings = Pick<
  TrainingSettings,
  'learningRate' | 'warmupRatio' | 'batchSize' | 'epochs' | 'maxSteps' | 'maxMinutes'
>

export class Schedule {
  readonly #settings: ScheduleSettings
  readonly #steps: number

  constructor(windowCount: number, settings: ScheduleSettings) {
    this.#settings = settings
    const stepsPerEpoch = Math.ceil(windowCount / settings.batchSize)
    const stepsOfEpochs = Math.max(1, Math.round(stepsPerEpoch * settings.epochs))
    this.#steps = Math.min(stepsOfEpochs, settings.maxSteps ?? Number.POSITIVE_INFINITY)
  }

  /** Share of the run that is done, 0..1: of its steps or of its minutes, whichever is further. */
  progress(stepsDone: number, trainedMs: number): number {
    const { maxMinutes } = this.#settings
    const ofTime = maxMinutes === null ? 0 : trainedMs / (maxMinutes * 60_000)
    return Math.min(1, Math.max(stepsDone / this.#steps, ofTime))
  }

  /** Of the step that comes next. The first one already learns, the one after the last would have a rate of zero. */
  learningRate(progress: number): number {
    const { learningRate, warmupRatio } = this.#settings
    const warming = warmupRatio > 0 ? (progress + 1 / this.#steps) / warmupRatio : 1
    const decaying = (1 - progress) / (1 - warmupRatio)
    return learningRate * Math.max(0, Math.min(1, warming, decaying))
  }

  /** Steps of the whole run, as far as can be told when `stepsDone` have brought it to `progress`. */
  totalSteps(stepsDone: number, progress: number): number {
    return progress > 0 ? Math.min(this.#steps, Math.ceil(stepsDone / progress)) : this.#steps
  }
}
