/** The candidate against the serving version, both as they would serve. */
import type { GateReport } from '../domain.js'
import { decideGate } from '../evaluate/gate.js'
import type { ModelVersion } from '../registry/registry.js'
import type { JobContext } from './kind.js'
import { type Measures, type MeasuringSets, readSets, score, withReader } from './measure.js'

export interface Contest {
  readonly candidate: ModelVersion
  readonly serving: ModelVersion
  readonly sets: MeasuringSets
  /** The candidate's, when they were just taken. */
  readonly candidateMeasures?: Measures | undefined
  readonly context: JobContext
}

export async function judge({ candidate, serving, sets, context, ...known }: Contest): Promise<GateReport> {
  const ofCandidate = known.candidateMeasures ?? (await measureVersion(candidate, 'the candidate', sets, context))
  const ofServing = await measureVersion(serving, 'the serving version', sets, context)
  return decideGate(
    { serving: ofServing.heldOut.questions, candidate: ofCandidate.heldOut.questions },
    { serving: ofServing.general.questions, candidate: ofCandidate.general.questions },
  )
}

async function measureVersion(
  { folder, manifest }: ModelVersion,
  name: string,
  sets: MeasuringSets,
  context: JobContext,
): Promise<Measures> {
  const { file, calibration } = manifest.forms.int8
  const readings = await withReader({ folder, modelFile: file, window: manifest.window }, (reader) =>
    readSets(reader, sets, context, name),
  )
  return score(sets, readings, calibration.noAnswerThreshold)
}
