/** Trained weights as a finished version: exported, compared with what was trained, calibrated and measured. */
import { copyFile, cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from '../child.js'
import type { Run, RunStatus } from '../domain.js'
import { fitCalibration } from '../evaluate/calibration.js'
import type { ReaderEvaluation } from '../evaluate/evaluate-reader.js'
import { verifyExport } from '../onnx/verify.js'
import { runWindows } from '../read/windows.js'
import {
  INT8_FILE,
  type ManifestDraft,
  type ModelCanary,
  type ModelMetric,
  WEIGHTS_FILE,
} from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import type { SquadExample } from '../text/squad.js'
import { makeWindows, type Window } from '../text/windows.js'
import { computeLogits, type TrainingResult } from '../train/trainer.js'
import type { ExportRequest } from './export-process.js'
import type { JobContext } from './kind.js'
import {
  type MeasuredReader,
  type Measures,
  type MeasuringSets,
  readSet,
  readSets,
  score,
  withReader,
} from './measure.js'

/** What a version shares with its parent, as far as the parent has it. */
const COPIED_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt']

/** What a run by the method `lora` learnt, as PEFT reads it; the version's own weights have it merged. */
const ADAPTER_FOLDER = 'adapter'

/** Windows that the exported graph is compared on. */
const REFERENCE_WINDOWS = 8

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
  readonly context: JobContext
  readonly onStatus: (status: RunStatus) => Promise<void>
}

export async function buildCandidate(options: CandidateOptions): Promise<{ draft: ManifestDraft; measures: Measures }> {
  const { run, parent, trained, folder, sets, threads, context, onStatus } = options
  const { window } = parent.manifest
  await onStatus('EXPORTING')
  await context.progress(0, 1, 'exporting')
  await exportReader({
    parentFolder: parent.folder,
    weightsFile: trained.weightsFile,
    folder,
    signal: context.signal,
  })
  if (trained.adapterFolder) await cp(trained.adapterFolder, join(folder, ADAPTER_FOLDER), { recursive: true })
  return withReader({ folder, modelFile: INT8_FILE, window }, async (reader) => {
    const canary = await compareWithTraining(reader, { folder, examples: sets.general, threads })
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
      forms: { int8: { file: INT8_FILE, metrics, calibration, canary } },
      licence,
      attribution,
    }
    return { draft, measures }
  })
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

/** @throws EXPORT_MISMATCH saying by how much. @returns the first window with what the exported graph made of it. */
export async function compareWithTraining(
  reader: MeasuredReader,
  { folder, examples, threads }: { folder: string; examples: readonly SquadExample[]; threads: number },
): Promise<ModelCanary> {
  const windows = await referenceWindows(reader, examples)
  const weightsFile = join(folder, WEIGHTS_FILE)
  const inputs = windows.map(({ inputIds, tokenTypeIds }) => ({ inputIds, tokenTypeIds }))
  const trained = await computeLogits({ folder, weightsFile, inputs, threads })
  const exported = await runWindows(reader.host, windows)
  verifyExport(trained, exported)
  const [first] = windows as [Window]
  const [logits] = exported as [(typeof exported)[number]]
  return {
    inputIds: [...first.inputIds],
    tokenTypeIds: [...first.tokenTypeIds],
    startLogits: shortened(logits.startLogits),
    endLogits: shortened(logits.endLogits),
  }
}

/** All digits that single precision has, and not the tail that printing them as doubles adds. */
function shortened(logits: Float32Array): number[] {
  return Array.from(logits, (logit) => Number(logit.toPrecision(8)))
}

/** From all over the set. */
async function referenceWindows(
  { tokenizer, settings }: MeasuredReader,
  examples: readonly SquadExample[],
): Promise<Window[]> {
  const windows: Window[] = []
  const step = Math.max(1, Math.floor(examples.length / REFERENCE_WINDOWS))
  for (let at = 0; at < examples.length && windows.length < REFERENCE_WINDOWS; at += step) {
    const { question, context } = examples[at] as SquadExample
    const [asked, passage] = await Promise.all([tokenizer.encode(question), tokenizer.encode(context)])
    windows.push(...makeWindows(asked, passage, tokenizer, settings).slice(0, 1))
  }
  return windows
}

export function toMetric({ n, exactMatch, f1, exactMatchInterval, f1Interval }: ReaderEvaluation): ModelMetric {
  return { n, exactMatch, f1, exactMatchInterval, f1Interval }
}
