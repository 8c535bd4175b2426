/**
 * What a run takes for the settings that nobody gave: by the number of labels, since with few of them the danger is to
 * forget everything else, and with many to learn too little. docs/training.md has the measurements.
 */
import type { TrainingSettings } from './settings.js'

export interface Preset {
  readonly name: TrainingSettings['preset']
  /** Why these settings, for whoever started the run. */
  readonly reason: string
  readonly settings: Partial<TrainingSettings>
}

/** Questions of before among the labels: enough that each batch has some, however few the labels are. */
const LEAST_REPLAYED = 300
/** Of many labels, one question of before for each, as far as there are so many. */
const LEAST_RATIO = 1
const MAX_RATIO = 20

const CAREFUL_RATE = 5e-5
/** Of the parent's weights in the result: costs the labels little, and wins back two fifths of what was forgotten. */
const KEPT_OF_PARENT = 0.2

/** @param chosen by name, or `auto`: by the number of labels */
export function presetFor(chosen: TrainingSettings['preset'], trainCount: number): Preset {
  const name = chosen === 'auto' ? nameFor(trainCount) : chosen
  const replayRatio = Math.min(MAX_RATIO, Math.max(LEAST_RATIO, LEAST_REPLAYED / Math.max(1, trainCount)))
  const careful = { learningRate: CAREFUL_RATE, replayRatio, parentShare: KEPT_OF_PARENT }
  if (name === 'few') {
    return {
      name,
      reason: 'few labels are seen often, among many questions of before, and the result keeps a fifth of the parent',
      settings: { ...careful, epochs: 6 },
    }
  }
  if (name === 'some') {
    return {
      name,
      reason: 'labels are seen three times among questions of before, and the result keeps a fifth of the parent',
      settings: { ...careful, epochs: 3 },
    }
  }
  if (name === 'many') {
    return {
      name,
      reason: 'many labels are seen twice among questions of before, and the result keeps a fifth of the parent',
      settings: { ...careful, epochs: 2 },
    }
  }
  return { name: 'none', reason: 'the defaults of each setting', settings: {} }
}

function nameFor(trainCount: number): Exclude<TrainingSettings['preset'], 'auto' | 'none'> {
  if (trainCount < 100) return 'few'
  return trainCount < 1000 ? 'some' : 'many'
}
