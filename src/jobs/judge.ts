/** The candidate against the serving version, both as they would serve. */
import type { GateReport } from '../domain.js'
import { decideGate } from '../evaluate/gate.js'
import type { FormPreference } from '../read/form.js'
import type { ModelVersion } from '../registry/registry.js'
import type { JobContext } from './kind.js'
import { type Measures, type MeasuringSets, readSets, score, withVersion } from './measure.js'

export interface Contest {
  readonly candidate: ModelVersion
  readonly serving: ModelVersion
  readonly sets: MeasuringSets
  /** The candidate's, when they were just taken. */
  readonly candidateMeasures?: Measures | undefined
  /** Of the form in which either is measured. */
  readonly preference: FormPreference
  readonly context: JobContext
}

export async function judge(contest: Contest): Promise<GateReport> {
  const { candidate, serving } = contest
  const ofCandidate = contest.candidateMeasures ?? (await measureVersion(candidate, 'the candidate', contest))
  const ofServing = await measureVersion(serving, 'the serving version', contest)
  return decideGate(
    { serving: ofServing.heldOut.questions, candidate: ofCandidate.heldOut.questions },
    { serving: ofServing.general.questions, candidate: ofCandidate.general.questions },
  )
}

function measureVersion(
  version: ModelVersion,
  name: string,
  { sets, preference, context }: Contest,
): Promise<Measures> {
  return withVersion(version, { preference, log: context.log }, async (reader, { calibration }) =>
    score(sets, await readSets(reader, sets, context, name), calibration.noAnswerThreshold),
  )
}
