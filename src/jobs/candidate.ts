/** Trained weights as a finished version: exported, compared with what was trained, calibrated and measured. */
import { copyFile, cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from '../child.js'
import type { Run, RunStatus } from '../domain.js'
import { fitCalibration } from '../evaluate/calibration.js'
import type { ReaderEvaluation } from '../evaluate/evaluate-reader.js'
import type { Logger } from '../log.js'
import { chooseServedForm, type FormPreference } from '../read/form.js'
import type { ManifestDraft, ModelMetric } from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import type { SquadExample } from '../text/squad.js'
import type { TrainingResult } from '../train/trainer.js'
import type { ExportRequest } from './export-process.js'
import type { JobContext } from './kind.js'
import { type Measures, type MeasuringSets, readSet, readSets, score, startHost, withReader } from './measure.js'
import { chooseForm, makeReference } from './reference.js'

/** What a version shares with its parent, as far as the parent has it. */
const COPIED_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt']

/** What a run by the method `lora` learnt, as PEFT reads it; the version's own weights have it merged. */
const ADAPTER_FOLDER = 'adapter'

export interface CandidateOptions {
  readonly run: Run
  readonly parent: ModelVersion
  /** What training left. */
  readonly trained: Pick<TrainingResult, 'weightsFile' | 'adapterFolder'>
  /** Empty, aside: the registry gives it its name. */
  readonly folder: string
  readonly sets: MeasuringSets & { readonly calibration: readonly SquadExample[] }
  /** Of the process that computes the reference. */
  readonly threads: number
  /** Of the form in which it is measured, and will serve. */
  readonly preference: FormPreference
  readonly context: JobContext
  readonly onStatus: (status: RunStatus) => Promise<void>
}

export async function buildCandidate(options: CandidateOptions): Promise<{ draft: ManifestDraft; measures: Measures }> {
  const { run, parent, trained, folder, sets, threads, preference, context, onStatus } = options
  const { window } = parent.manifest
  await onStatus('EXPORTING')
  await context.progress(0, 1, 'exporting')
  const { weightsFile, adapterFolder } = trained
  await exportReader({ parentFolder: parent.folder, weightsFile, folder, signal: context.signal })
  if (adapterFolder) await cp(adapterFolder, join(folder, ADAPTER_FOLDER), { recursive: true })
  const reference = await makeReference({ folder, window, examples: sets.general, threads })
  const suited = await preferenceFor(parent, preference, context.log)
  const { name, form } = await chooseForm(reference, { folder, window, preference: suited, log: context.log })
  return withReader({ folder, modelFile: form.file, window }, async (reader) => {
    context.signal.throwIfAborted()
    await onStatus('EVALUATING')
    // Not on labels: of those that it learnt a reader is too sure, and held-out ones must not help it.
    const calibration = fitCalibration(await readSet(reader, sets.calibration, 'calibrating the candidate', context))
    const readings = await readSets(reader, sets, context, 'the candidate')
    const measures = score(sets, readings, calibration.noAnswerThreshold)
    const metrics = { heldOut: toMetric(measures.heldOut), general: toMetric(measures.general) }
    const { architecture, licence, attribution } = parent.manifest
    const draft: ManifestDraft = {
      architecture,
      origin: 'TRAINED',
      parent: parent.id,
      datasetHash: run.datasetId,
      createdAt: new Date().toISOString(),
      settings: run.settings,
      window,
      forms: { [name]: { ...form, metrics, calibration } },
      licence,
      attribution,
    }
    return { draft, measures }
  })
}

/**
 * A machine that serves the parent in fp32, because it computes int8 otherwise, serves the child in fp32 too: a canary made
 * here would be right here, whatever int8 computes.
 * @throws FORM_UNAVAILABLE
 */
async function preferenceFor(parent: ModelVersion, preference: FormPreference, log: Logger): Promise<FormPreference> {
  if (preference !== 'auto' || !parent.manifest.forms.int8) return preference
  const name = await chooseServedForm(parent, { preference, log, start: startHost })
  return name === 'int8' ? 'auto' : name
}

/**
 * Writes config, tokenizer, half-precision weights and the int8 graph of exactly those weights, in a process of its own:
 * it computes for seconds.
 */
export async function exportReader({
  signal,
  ...request
}: ExportRequest & { readonly signal: AbortSignal }): Promise<void> {
  const present = new Set(await readdir(request.parentFolder))
  for (const name of COPIED_FILES.filter((file) => present.has(file))) {
    await copyFile(join(request.parentFolder, name), join(request.folder, name))
  }
  await using child = new Child('jobs/export-process.js', { niceness: 19 })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop)
  try {
    signal.throwIfAborted()
    await child.request('export', request)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

export function toMetric({ n, exactMatch, f1, exactMatchInterval, f1Interval }: ReaderEvaluation): ModelMetric {
  return { n, exactMatch, f1, exactMatchInterval, f1Interval }
}
