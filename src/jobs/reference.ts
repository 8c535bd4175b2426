/** What the trained weights make of a few windows: the measure of every exported graph, and where its canary is taken from. */
import { join } from 'node:path'
import { hashFile } from '../durable.js'
import { asDocentError } from '../errors.js'
import type { Logger } from '../log.js'
import { GRAPH_FILES } from '../onnx/export-model.js'
import { layGraph } from '../onnx/lay-graph.js'
import { verifyExport } from '../onnx/verify.js'
import { type FormPreference, formsToTry } from '../read/form.js'
import { DEFAULT_READER_SETTINGS } from '../read/reader.js'
import { runWindows } from '../read/windows.js'
import {
  INT8_FILE,
  type Manifest,
  type MeasuredForm,
  type ModelCanary,
  type ServedForm,
  WEIGHTS_FILE,
} from '../registry/manifest.js'
import type { SpanLogits } from '../text/spans.js'
import type { SquadExample } from '../text/squad.js'
import { Tokenizer } from '../text/tokenizer.js'
import { makeWindows, type Window } from '../text/windows.js'
import { computeLogits } from '../train/trainer.js'
import { withReader } from './measure.js'

/** Windows that an exported graph is compared on. */
const REFERENCE_WINDOWS = 8
/** Of those, in the manifest: the shortest, the longest and two between. */
const CANARY_WINDOWS = 4

export interface Reference {
  readonly windows: readonly Window[]
  /** As training's own model computes them. */
  readonly trained: readonly SpanLogits[]
}

/** A form's graph, right on this machine; not measured yet. */
export type ComparedForm = Pick<MeasuredForm, 'file' | 'sha256' | 'canary'>

interface ReaderFiles {
  readonly folder: string
  readonly window: Manifest['window']
}

export async function makeReference({
  folder,
  window,
  examples,
  threads,
}: ReaderFiles & { examples: readonly SquadExample[]; threads: number }): Promise<Reference> {
  const windows = await referenceWindows(await Tokenizer.open(folder), window, examples)
  const inputs = windows.map(({ inputIds, tokenTypeIds }) => ({ inputIds, tokenTypeIds }))
  const trained = await computeLogits({ folder, weightsFile: join(folder, WEIGHTS_FILE), inputs, threads })
  return { windows, trained }
}

/**
 * The first form whose graph computes here what was trained.
 * @throws EXPORT_MISMATCH when none does, saying by how much.
 */
export async function chooseForm(
  reference: Reference,
  { preference, log, ...files }: ReaderFiles & { preference: FormPreference; log: Logger },
): Promise<{ name: ServedForm; form: ComparedForm }> {
  const [name, ...others] = formsToTry(preference) as [ServedForm, ...ServedForm[]]
  try {
    return { name, form: await compareForm(reference, name, files) }
  } catch (thrown) {
    const [next] = others
    if (!next || asDocentError(thrown).code !== 'EXPORT_MISMATCH') throw thrown
    log.warn({ err: thrown, form: name }, `this machine computes the ${name} graph otherwise; trying ${next}`)
    return chooseForm(reference, { preference: next, log, ...files })
  }
}

/** @throws EXPORT_MISMATCH saying by how much. */
export async function compareForm(
  { windows, trained }: Reference,
  name: ServedForm,
  { folder, window }: ReaderFiles,
): Promise<ComparedForm> {
  const file = GRAPH_FILES[name]
  const path = await layGraph(folder, name, { file })
  const exported = await withReader({ folder, modelFile: file, window }, ({ host }) => runWindows(host, windows))
  verifyExport(trained, exported, name)
  const canary = canaryBatch(windows, exported)
  // Int8 is what every machine tries first: only that graph is kept with the version.
  return file === INT8_FILE ? { file, canary } : { file, sha256: await hashFile(path), canary }
}

/** Of different lengths, as far as the windows are. */
function canaryBatch(windows: readonly Window[], logits: readonly SpanLogits[]): ModelCanary[] {
  const order = windows.map((_, at) => at).sort((a, b) => lengthOf(windows, a) - lengthOf(windows, b))
  const count = Math.min(CANARY_WINDOWS, order.length)
  return Array.from({ length: count }, (_, part) => {
    const at = order[Math.round((part * (order.length - 1)) / Math.max(1, count - 1))] as number
    const { inputIds, tokenTypeIds } = windows[at] as Window
    const { startLogits, endLogits } = logits[at] as SpanLogits
    return {
      inputIds: [...inputIds],
      tokenTypeIds: [...tokenTypeIds],
      startLogits: shortened(startLogits),
      endLogits: shortened(endLogits),
    }
  })
}

const lengthOf = (windows: readonly Window[], at: number): number => (windows[at] as Window).inputIds.length

/** All digits that single precision has, and not the tail that printing them as doubles adds. */
function shortened(logits: Float32Array): number[] {
  return Array.from(logits, (logit) => Number(logit.toPrecision(8)))
}

/** From all over the set. */
async function referenceWindows(
  tokenizer: Tokenizer,
  window: Manifest['window'],
  examples: readonly SquadExample[],
): Promise<Window[]> {
  const settings = { ...DEFAULT_READER_SETTINGS, ...window }
  const windows: Window[] = []
  const step = Math.max(1, Math.floor(examples.length / REFERENCE_WINDOWS))
  for (let at = 0; at < examples.length && windows.length < REFERENCE_WINDOWS; at += step) {
    const { question, context } = examples[at] as SquadExample
    const [asked, passage] = await Promise.all([tokenizer.encode(question), tokenizer.encode(context)])
    windows.push(...makeWindows(asked, passage, tokenizer, settings).slice(0, 1))
  }
  return windows
}
