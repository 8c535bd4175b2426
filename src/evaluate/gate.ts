import type { GateReport } from '../domain.js'
import { DocentError } from '../errors.js'
import { bootstrapInterval, shareAboveZero } from './bootstrap.js'
import { type AnswerScore, toReaderScore } from './squad-metric.js'

export interface GateSettings {
  /** Points of F1 that the candidate may lose on the general set. */
  readonly generalTolerance: number
  /** Below so many held-out labels the reason says how little the measure means. */
  readonly fewLabels: number
}

export const GATE_SETTINGS: GateSettings = {
  // On 400 questions two equally good readers differ by about a point of F1; more than that is forgetting.
  generalTolerance: 1,
  // With 30 questions the 95 % interval of a mean F1 is still about 25 points wide.
  fewLabels: 30,
}

/** Scores of one reader, question by question; both readers' lists are in the same order. */
export interface GateQuestion extends AnswerScore {
  readonly id: string
}

export interface GateComparison {
  readonly serving: readonly GateQuestion[]
  readonly candidate: readonly GateQuestion[]
}

/** Differences smaller than this are rounding. */
const EPSILON = 1e-9

/**
 * Promote exactly when the candidate's F1 on the held-out labels is higher, its exact match there is not lower, and its F1
 * on the general set is lower by at most the tolerance. The paired bootstrap says in the reason how sure that is; it does
 * not decide, since a handful of labels never makes anything sure.
 */
export function decideGate(
  heldOut: GateComparison,
  general: GateComparison,
  settings: GateSettings = GATE_SETTINGS,
): GateReport {
  const scores = { heldOut: scoresOf(heldOut), general: scoresOf(general) }
  const f1Gain = scores.heldOut.candidate.f1 - scores.heldOut.serving.f1
  const exactGain = scores.heldOut.candidate.exactMatch - scores.heldOut.serving.exactMatch
  const generalGain = scores.general.candidate.f1 - scores.general.serving.f1
  const objections: string[] = []
  if (scores.heldOut.serving.n === 0) objections.push('there are no held-out labels to measure on')
  else if (f1Gain <= EPSILON) objections.push('F1 on the held-out labels did not improve')
  if (exactGain < -EPSILON) objections.push(`exact match on the held-out labels fell by ${points(-exactGain)}`)
  if (scores.general.serving.n === 0) objections.push('there are no general questions to measure on')
  else if (generalGain < -settings.generalTolerance - EPSILON) {
    objections.push(`general F1 fell by ${points(-generalGain)}, more than ${points(settings.generalTolerance)}`)
  }
  const verdict = objections.length === 0 ? 'Promoted' : `Kept the serving version: ${objections.join('; ')}`
  return {
    ...scores,
    decision: objections.length === 0 ? 'PROMOTE' : 'KEEP',
    reason: `${verdict}. ${describe(heldOut, 'Held-out labels')} ${describe(general, 'General set')}${caution(scores.heldOut.serving.n, settings)}`,
  }
}

function scoresOf({ serving, candidate }: GateComparison) {
  const same = serving.length === candidate.length && serving.every(({ id }, index) => id === candidate[index]?.id)
  if (!same) throw new DocentError('INTERNAL', 'the gate compares two readers on different questions')
  return { serving: toReaderScore(serving), candidate: toReaderScore(candidate) }
}

/** "Held-out labels (n = 40): F1 61.2 -> 70.9 (+9.7, 95 % interval +1.3 to +18.0, better in 99 % of resamples), …" */
function describe({ serving, candidate }: GateComparison, name: string): string {
  const before = toReaderScore(serving)
  const after = toReaderScore(candidate)
  if (before.n === 0) return `${name}: none.`
  const differences = candidate.map(({ f1 }, index) => 100 * (f1 - (serving[index] as GateQuestion).f1))
  const [low, high] = bootstrapInterval(differences)
  const sure = Math.round(100 * shareAboveZero(differences))
  return (
    `${name} (n = ${before.n}): F1 ${before.f1.toFixed(1)} -> ${after.f1.toFixed(1)} ` +
    `(${signed(after.f1 - before.f1)}, 95 % interval ${signed(low)} to ${signed(high)}, better in ${sure} % of resamples), ` +
    `exact match ${before.exactMatch.toFixed(1)} -> ${after.exactMatch.toFixed(1)}.`
  )
}

function caution(n: number, { fewLabels }: GateSettings): string {
  if (n === 0 || n >= fewLabels) return ''
  return ` Only ${n} held-out label${n === 1 ? '' : 's'}: this difference may be chance; ${fewLabels} or more would say more.`
}

const points = (difference: number): string => `${difference.toFixed(1)} points`
const signed = (difference: number): string => `${difference < 0 ? '' : '+'}${difference.toFixed(1)}`
