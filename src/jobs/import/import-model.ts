/**
 * A published model as a version of the registry: read, mended, exported, compared with tfjs, calibrated and measured as a
 * trained one is (candidate.ts), and not promoted. Enters: a Hugging Face folder or hub id. Leaves: a version of origin
 * IMPORTED, or nothing. It writes into the models folder alone, so that it runs beside a server that answers.
 */
import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { exists, withFolderAside } from '../../durable.js'
import { DocentError } from '../../errors.js'
import { fitCalibration } from '../../evaluate/calibration.js'
import { readExamples, scoreReadings } from '../../evaluate/evaluate-reader.js'
import { readSquadFile } from '../../feedback/dataset.js'
import type { FormPreference } from '../../read/form.js'
import { DEFAULT_READER_SETTINGS } from '../../read/reader.js'
import { type Architecture, type EncoderConfig, readEncoderConfig } from '../../registry/encoder-config.js'
import {
  type Manifest,
  type ManifestDraft,
  type MeasuredForm,
  MODEL_ID_PATTERN,
  WEIGHTS_FILE,
} from '../../registry/manifest.js'
import type { ModelVersion, Registry } from '../../registry/registry.js'
import { writeSafetensors } from '../../registry/safetensors.js'
import { headShapes } from '../../registry/tensor-names.js'
import type { SquadExample } from '../../text/squad.js'
import { readNumbers } from '../../train/parameter.js'
import { exportReader, toMetric } from '../candidate.js'
import type { JobContext } from '../kind.js'
import { SHIPPED_SETS, type ShippedSets, withReader } from '../measure.js'
import { chooseForm, makeReference } from '../reference.js'
import type { HubOptions } from './hub.js'
import { fetchSource, isFolderOrHubId, licenceIn, writeConfiguration } from './source.js'
import { normaliseTokenizer } from './tokenizer.js'
import { readSourceWeights, selectWeights } from './weights.js'

export interface ImportOptions {
  /** A folder, or the id of a model on the hub. */
  readonly source: string
  /** Of the new version; the last part of the source's name when undefined. */
  readonly id: string | undefined
  readonly registry: Registry
  readonly hub: HubOptions
  /** Of the process that computes the reference. */
  readonly threads: number
  /** Of the form in which it is measured, and would serve. */
  readonly preference: FormPreference
  readonly context: Pick<JobContext, 'signal' | 'progress' | 'log'>
  /** What it is calibrated and measured on; those that ship with Docent unless told. */
  readonly sets?: Pick<ShippedSets, 'general' | 'calibration'>
}

const CLASS_NAMES: Readonly<Record<Architecture, string>> = {
  bert: 'BertForQuestionAnswering',
  distilbert: 'DistilBertForQuestionAnswering',
  roberta: 'RobertaForQuestionAnswering',
  electra: 'ElectraForQuestionAnswering',
}

/** Of a head that is drawn, so that the same encoder gives the same version. */
const HEAD_SEED = 13

/**
 * @throws INVALID_INPUT, MODEL_EXISTS, HUB_UNAVAILABLE, PICKLE_REFUSED, MODEL_INCOMPATIBLE, MODEL_CORRUPT, EXPORT_MISMATCH,
 * TRAINING_UNAVAILABLE, CANCELLED; nothing is left behind then
 */
export async function importModel(options: ImportOptions): Promise<ModelVersion> {
  const { source, registry } = options
  const isFolder = await isFolderOrHubId(source)
  const id = options.id ?? basename(resolve(source))
  // Before anything is fetched, although the registry would say so too.
  if (!MODEL_ID_PATTERN.test(id)) {
    throw new DocentError('INVALID_INPUT', `${JSON.stringify(id)} cannot name a model version`)
  }
  if (await exists(join(registry.readersDir, id))) {
    throw new DocentError('MODEL_EXISTS', `there is a version ${id} already`)
  }
  return withFolderAside(registry.readersDir, async (work) => {
    const { folder, origin } = await fetchSource(source, isFolder, work, options)
    return registry.create(id, (target) => build(options, { folder, work, target, origin }))
  })
}

interface Places {
  /** What is read. */
  readonly folder: string
  /** For what stands between; it is gone in the end. */
  readonly work: string
  /** The version's own, empty. */
  readonly target: string
  readonly origin: string
}

async function build(options: ImportOptions, places: Places): Promise<ManifestDraft> {
  const { signal, progress } = options.context
  const { work, target } = places
  await progress(0, 1, 'reading')
  const { config, hasHead, licence } = await mend(options.source, places)
  signal.throwIfAborted()
  await progress(0, 1, 'exporting')
  await exportReader({ parentFolder: work, weightsFile: join(work, WEIGHTS_FILE), folder: target, signal })
  const window = windowFor(config)
  const sets = options.sets ?? SHIPPED_SETS
  const general = await readSquadFile(sets.general)
  await progress(0, 1, 'comparing')
  const files = { folder: target, window }
  const reference = await makeReference({ ...files, examples: general, threads: options.threads })
  const { preference, context } = options
  const { name, form } = await chooseForm(reference, { ...files, preference, log: context.log })
  signal.throwIfAborted()
  // A head that has learnt nothing has nothing to measure.
  const measured = hasHead
    ? await measure({ ...files, modelFile: form.file }, { general, calibrationFile: sets.calibration }, context)
    : { metrics: {}, calibration: { temperature: 1, noAnswerThreshold: 0 } }
  return {
    architecture: CLASS_NAMES[config.architecture],
    origin: 'IMPORTED',
    parent: null,
    datasetHash: null,
    createdAt: new Date().toISOString(),
    settings: {},
    window,
    forms: { [name]: { ...form, ...measured } },
    licence,
    attribution: [places.origin],
    ...(!hasHead && { untrainedHead: true as const }),
  }
}

async function measure(
  files: { folder: string; modelFile: string; window: Manifest['window'] },
  { general, calibrationFile }: { general: readonly SquadExample[]; calibrationFile: string },
  { signal, progress }: ImportOptions['context'],
): Promise<Pick<MeasuredForm, 'metrics' | 'calibration'>> {
  return withReader(files, async (reader) => {
    const read = (examples: readonly SquadExample[], stage: string) =>
      readExamples({ ...reader, examples, signal, onProgress: (done, total) => void progress(done, total, stage) })
    const calibration = fitCalibration(await read(await readSquadFile(calibrationFile), 'calibrating'))
    const readings = await read(general, 'measuring')
    return {
      calibration,
      metrics: { general: toMetric(scoreReadings(general, readings, calibration.noAnswerThreshold)) },
    }
  })
}

/** Writes the folder that an export starts from: one file of weights, one kind of tokenizer, every name as it should be. */
async function mend(
  source: string,
  { folder, work }: Places,
): Promise<{ config: EncoderConfig; hasHead: boolean; licence: string }> {
  const names = await readdir(folder)
  if (!names.includes('config.json')) throw new DocentError('MODEL_INCOMPATIBLE', 'there is no config.json')
  const config = await readEncoderConfig(folder)
  const tokenizer = await normaliseTokenizer(folder, names, config)
  const { tensors, hasHead } = selectWeights(config, await readSourceWeights(folder, names, source))
  for (const [name, shape] of hasHead ? [] : headShapes(config)) {
    tensors.set(name, { shape, data: readNumbers([{ name, shape, offset: 0 }], new Map(), HEAD_SEED) })
  }
  const licence = await licenceIn(folder, names)
  await writeConfiguration(work, { folder, className: CLASS_NAMES[config.architecture], tokenizer })
  await writeSafetensors(join(work, WEIGHTS_FILE), tensors, { dtype: 'F32' })
  return { config, hasHead, licence }
}

/** The usual window, or one as much smaller as the model's positions are fewer. */
export function windowFor({ maxPositions }: EncoderConfig): Manifest['window'] {
  const { maxSequenceLength, stride, maxQuestionTokens, maxAnswerTokens } = DEFAULT_READER_SETTINGS
  const share = Math.min(1, maxPositions / maxSequenceLength)
  return {
    maxSequenceLength: Math.floor(maxSequenceLength * share),
    stride: Math.floor(stride * share),
    maxQuestionTokens: Math.max(1, Math.floor(maxQuestionTokens * share)),
    maxAnswerTokens,
  }
}
