/** How good is a version, as it would serve? Its own graph, in a session host of its own, never in the serving pool. */
import { join } from 'node:path'
import { packageRoot } from '../child.js'
import { evaluateReader, type ReaderEvaluation } from '../evaluate/evaluate-reader.js'
import { readSquadFile } from '../feedback/dataset.js'
import { SessionHost } from '../onnx/session-host.js'
import { DEFAULT_READER_SETTINGS, type ReaderSettings } from '../read/reader.js'
import type { Manifest } from '../registry/manifest.js'
import type { SquadExample } from '../text/squad.js'
import { Tokenizer } from '../text/tokenizer.js'
import type { JobContext } from './kind.js'

/** Ships with Docent; no reader was or will be trained on it (feedback/split.ts reserves its contexts). */
export const GENERAL_SET_FILE = join(packageRoot, 'resources', 'general-set.json')

export interface MeasuringSets {
  /** Of the run's dataset. */
  readonly heldOut: readonly SquadExample[]
  readonly general: readonly SquadExample[]
}

export interface Measures {
  readonly heldOut: ReaderEvaluation
  readonly general: ReaderEvaluation
}

export interface MeasuredReader {
  readonly host: SessionHost
  readonly tokenizer: Tokenizer
  readonly settings: ReaderSettings
}

export function readGeneralSet(): Promise<SquadExample[]> {
  return readSquadFile(GENERAL_SET_FILE)
}

/** Opens the graph `modelFile` of the version in `folder`, for as long as `work` takes. */
export async function withReader<T>(
  { folder, modelFile, window }: { folder: string; modelFile: string; window: Manifest['window'] },
  work: (reader: MeasuredReader) => Promise<T>,
): Promise<T> {
  await using host = await SessionHost.start({ modelPath: join(folder, modelFile), threads: 1 })
  return await work({
    host,
    tokenizer: await Tokenizer.open(folder),
    settings: { ...DEFAULT_READER_SETTINGS, ...window },
  })
}

/** @throws CANCELLED when the job's signal says so */
export async function evaluate(
  reader: MeasuredReader,
  examples: readonly SquadExample[],
  noAnswerThreshold: number,
  { signal, progress, log }: JobContext,
  stage: string,
): Promise<ReaderEvaluation> {
  await progress(0, examples.length, stage)
  return evaluateReader({
    ...reader,
    examples,
    noAnswerThreshold,
    signal,
    onProgress: (done, total) => {
      progress(done, total, stage).catch((error: unknown) => log.warn({ err: error }, 'progress could not be stored'))
    },
  })
}

export async function measure(
  reader: MeasuredReader,
  sets: MeasuringSets,
  noAnswerThreshold: number,
  context: JobContext,
  name: string,
): Promise<Measures> {
  return {
    heldOut: await evaluate(reader, sets.heldOut, noAnswerThreshold, context, `measuring ${name} on held-out labels`),
    general: await evaluate(reader, sets.general, noAnswerThreshold, context, `measuring ${name} on general questions`),
  }
}
