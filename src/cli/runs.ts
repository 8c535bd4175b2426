/** A training run as commands show it. */
import { moment } from './text.js'

interface Score {
  readonly n: number
  readonly exactMatch: number
  readonly f1: number
}

interface Comparison {
  readonly serving: Score
  readonly candidate: Score
}

export interface RunView {
  readonly id: string
  readonly status: string
  readonly parentVersion: string
  readonly candidateVersion: string | null
  readonly evaluation: {
    readonly heldOut: Comparison
    readonly general: Comparison
    readonly decision: 'PROMOTE' | 'KEEP'
    readonly reason: string
  } | null
  readonly createdAt: string
  readonly finishedAt: string | null
}

const SCORES = 'serving { n exactMatch f1 } candidate { n exactMatch f1 }'

export const RUN_FIELDS = `id status datasetId parentVersion candidateVersion createdAt finishedAt
  evaluation { decision reason heldOut { ${SCORES} } general { ${SCORES} } }`

export function runLines({ evaluation, ...run }: RunView): string {
  const lines = [
    `run ${run.id}: ${run.status}`,
    `  from       ${run.parentVersion}`,
    `  candidate  ${run.candidateVersion ?? '-'}`,
    `  time       ${moment(run.createdAt)} to ${moment(run.finishedAt)}`,
  ]
  if (evaluation) {
    lines.push(
      `  held out   ${comparison(evaluation.heldOut)}`,
      `  general    ${comparison(evaluation.general)}`,
      `  verdict    ${evaluation.decision}: ${evaluation.reason}`,
    )
  }
  return lines.join('\n')
}

function comparison({ serving, candidate }: Comparison): string {
  const { n } = candidate
  const f1 = `F1 ${serving.f1.toFixed(1)} -> ${candidate.f1.toFixed(1)}`
  return `${f1}, EM ${serving.exactMatch.toFixed(1)} -> ${candidate.exactMatch.toFixed(1)} (${n} questions)`
}
