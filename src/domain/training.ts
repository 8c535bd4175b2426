/** From labels to a better reader: datasets, runs and their verdicts. */
import type { JsonObject } from './json.js'

export interface Dataset {
  /** sha256 (hex) of its files: the same labels give the same dataset. */
  readonly id: string
  readonly trainCount: number
  readonly heldOutCount: number
  readonly createdAt: Date
}

export type RunStatus = 'QUEUED' | 'TRAINING' | 'EXPORTING' | 'EVALUATING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export interface Run {
  readonly id: string
  readonly jobId: string
  readonly datasetId: string
  readonly parentVersion: string
  readonly settings: JsonObject
  readonly status: RunStatus
  readonly candidateVersion: string | null
  readonly evaluation: GateReport | null
  readonly createdAt: Date
  readonly finishedAt: Date | null
}

/** One row of a run's curve. */
export interface TrainingStep {
  readonly runId: string
  readonly step: number
  readonly totalSteps: number
  readonly loss: number
  /** Of the part that is watched; null at steps that did not look. */
  readonly validationLoss: number | null
  readonly learningRate: number
  readonly gradientNorm: number
  readonly tokensPerSecond: number
  /** Of the training process; null, as the next, for steps of earlier releases. */
  readonly memoryMb: number | null
  readonly secondsLeft: number | null
  readonly at: Date
}

export interface ReaderScore {
  readonly n: number
  /** Percent, 0..100, as the official SQuAD scorer prints them. */
  readonly exactMatch: number
  readonly f1: number
}

export interface GateReport {
  readonly heldOut: { readonly serving: ReaderScore; readonly candidate: ReaderScore }
  readonly general: { readonly serving: ReaderScore; readonly candidate: ReaderScore }
  readonly decision: 'PROMOTE' | 'KEEP'
  readonly reason: string
}
