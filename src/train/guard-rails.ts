/**
 * Settings inside their ranges that still ruin a reader. A run that would is refused with the reason, unless it is forced.
 */
import { DocentError } from '../errors.js'
import type { TrainingSettings } from './settings.js'

/** Above it, full fine-tuning forgets what it was given within a few updates; adapters take ten times as much. */
const MAX_RATE = { full: 1e-3, lora: 1e-2 }
/** So often seen, a few hundred rows are known by heart, and many thousand cost days without becoming better known. */
const MAX_EPOCHS = 20
const MAX_EPOCHS_OF_MANY = 8
const MANY_ROWS = 5000

/**
 * Why a run with these settings would do harm, one sentence each; usually none.
 * @param trainCount questions to learn from; null where that is not known yet
 */
export function dangersOf(settings: TrainingSettings, trainCount: number | null): string[] {
  const { method, learningRate, epochs, maxSteps, maxMinutes, batchSize } = settings
  const dangers: string[] = []
  const rate = MAX_RATE[method]
  if (learningRate > rate)
    dangers.push(`learningRate ${learningRate} would destroy the reader: at most ${rate} with ${method}`)
  if (trainCount === null) return dangers
  const mostEpochs = trainCount >= MANY_ROWS ? MAX_EPOCHS_OF_MANY : MAX_EPOCHS
  const ofSteps = maxSteps === null ? Number.POSITIVE_INFINITY : (maxSteps * batchSize) / Math.max(1, trainCount)
  if (maxMinutes === null && Math.min(epochs, ofSteps) > mostEpochs) {
    dangers.push(`epochs ${epochs}: ${trainCount} questions seen more than ${mostEpochs} times are learnt by heart`)
  }
  return dangers
}

/** @throws UNSAFE_SETTINGS with every danger, unless it is forced. */
export function requireSafe(
  settings: TrainingSettings,
  trainCount: number | null,
  { force }: { force: boolean },
): void {
  const dangers = dangersOf(settings, trainCount)
  if (dangers.length > 0 && !force) throw new DocentError('UNSAFE_SETTINGS', dangers.join('; '))
}
