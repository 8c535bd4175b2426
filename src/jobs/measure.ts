/** How good is a version, as it would serve? Its own graph, in a session host of its own, never in the serving pool. */
import { join } from 'node:path'
import { packageRoot } from '../child.js'
import {
  type EvaluationOptions,
  type ReaderEvaluation,
  type Reading,
  readExamples,
  scoreReadings,
} from '../evaluate/evaluate-reader.js'
import type { Logger } from '../log.js'
import { SessionHost } from '../onnx/session-host.js'
import { type FormPreference, startForm } from '../read/form.js'
import { DEFAULT_READER_SETTINGS } from '../read/reader.js'
import type { Manifest, MeasuredForm, ServedForm } from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import type { SquadExample } from '../text/squad.js'
import { Tokenizer } from '../text/tokenizer.js'
import type { JobContext } from './kind.js'

/**
 * Sets that ship with Docent. No reader was or will be trained on the passages of the first two, which are the same ones
 * (feedback/split.ts reserves them) with other questions.
 */
export interface ShippedSets {
  /** What the gate asks every candidate, to see what it has forgotten. */
  readonly general: string
  /** What temperature and threshold are fitted on: half of it has no answer, and looks as if it had one. */
  readonly calibration: string
  /** A part of what the bundled reader learnt: what `replayRatio` takes from. */
  readonly replay: string
}

export const SHIPPED_SETS: ShippedSets = {
  general: join(packageRoot, 'resources', 'general-set.json'),
  calibration: join(packageRoot, 'resources', 'calibration-set.json'),
  replay: join(packageRoot, 'resources', 'replay-set.json'),
}

export interface MeasuringSets {
  /** Of the run's dataset. */
  readonly heldOut: readonly SquadExample[]
  readonly general: readonly SquadExample[]
}

export type Measures = { readonly [set in keyof MeasuringSets]: ReaderEvaluation }

/** What every question of every set was answered with, before any threshold. */
export type Readings = { readonly [set in keyof MeasuringSets]: readonly Reading[] }

export type MeasuredReader = Pick<EvaluationOptions, 'host' | 'tokenizer' | 'settings'>

/** The same session as in serving; only that it gives way to it. */
export const startHost = (modelPath: string): Promise<SessionHost> =>
  SessionHost.start({ modelPath, threads: 1, niceness: 10 })

/** Opens the graph `modelFile` in `folder`, for as long as `work` takes. */
export async function withReader<T>(
  { folder, modelFile, window }: { folder: string; modelFile: string; window: Manifest['window'] },
  work: (reader: MeasuredReader) => Promise<T>,
): Promise<T> {
  await using host = await startHost(join(folder, modelFile))
  return await work({ host, ...(await readerParts(folder, window)) })
}

/** Opens a version in the form in which it would serve here. @throws FORM_UNAVAILABLE */
export async function withVersion<T>(
  version: ModelVersion,
  options: { readonly preference: FormPreference; readonly log: Logger },
  work: (reader: MeasuredReader, form: MeasuredForm & { readonly name: ServedForm }) => Promise<T>,
): Promise<T> {
  const { host: started, form, name } = await startForm(version, { ...options, start: startHost })
  await using host = started
  return await work({ host, ...(await readerParts(version.folder, version.manifest.window)) }, { ...form, name })
}

async function readerParts(folder: string, window: Manifest['window']): Promise<Omit<MeasuredReader, 'host'>> {
  return { tokenizer: await Tokenizer.open(folder), settings: { ...DEFAULT_READER_SETTINGS, ...window } }
}

/** @param name of the reader, for whoever watches. @throws CANCELLED when the job's signal says so */
export async function readSets(
  reader: MeasuredReader,
  { heldOut, general }: MeasuringSets,
  context: JobContext,
  name: string,
): Promise<Readings> {
  return {
    heldOut: await readSet(reader, heldOut, `measuring ${name} on held-out questions`, context),
    general: await readSet(reader, general, `measuring ${name} on general questions`, context),
  }
}

/** @throws CANCELLED when the job's signal says so */
export async function readSet(
  reader: MeasuredReader,
  examples: readonly SquadExample[],
  stage: string,
  { signal, progress, log }: JobContext,
): Promise<Reading[]> {
  await progress(0, examples.length, stage)
  const onProgress = (done: number, total: number) => {
    progress(done, total, stage).catch((error: unknown) => log.warn({ err: error }, 'progress could not be stored'))
  }
  return readExamples({ ...reader, examples, signal, onProgress })
}

export function score(sets: MeasuringSets, readings: Readings, noAnswerThreshold: number): Measures {
  return {
    heldOut: scoreReadings(sets.heldOut, readings.heldOut, noAnswerThreshold),
    general: scoreReadings(sets.general, readings.general, noAnswerThreshold),
  }
}
