/**
 * A published encoder of sentence-transformers as an embedder folder: read, mended, its graph laid, and int8 compared with
 * fp32 on real text. Enters: a Hugging Face folder or hub id. Leaves: `models/embedder/ID`, or nothing. It writes there
 * alone, so that it runs beside a server that answers; DOCENT_EMBEDDER puts it to service.
 */
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { createFolder, exists, withFolderAside } from '../../durable.js'
import { Embedder, type EmbedderForm } from '../../embed/embedder.js'
import { DocentError } from '../../errors.js'
import { readSquadFile } from '../../feedback/dataset.js'
import { similarity } from '../../index/hnsw/exact.js'
import { GRAPH_FILES } from '../../onnx/export-model.js'
import { writeGraph } from '../../onnx/lay-graph.js'
import { LENGTH_FILE, POOLING_FILE, readEmbedderConfig, readOptional } from '../../registry/embedder-config.js'
import { writeEmbedderManifest } from '../../registry/embedder-manifest.js'
import type { Embedders, EmbedderVersion } from '../../registry/embedders.js'
import type { Architecture } from '../../registry/encoder-config.js'
import { MODEL_ID_PATTERN, WEIGHTS_FILE } from '../../registry/manifest.js'
import { writeSafetensors } from '../../registry/safetensors.js'
import { encoderShapes, tensorName } from '../../registry/tensor-names.js'
import { SHIPPED_SETS } from '../measure.js'
import { checkModules, MODULE_FILES } from './modules.js'
import { type FetchOptions, fetchSource, isFolderOrHubId, licenceIn, writeConfiguration, writeJson } from './source.js'
import { normaliseTokenizer } from './tokenizer.js'
import { readSourceWeights, selectWeights } from './weights.js'

const CLASS_NAMES: Readonly<Record<Architecture, string>> = {
  bert: 'BertModel',
  distilbert: 'DistilBertModel',
  roberta: 'RobertaModel',
  electra: 'ElectraModel',
}

/** Questions and passages that the two forms are compared on, as many of each. */
const COMPARED_TEXTS = 16
/** What int8 may cost: of all-MiniLM-L6-v2, the lowest of 200 texts is 0.995 (docs/decisions/0003-int8-form.md). */
const MIN_COSINE = 0.95
const MODEL_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', LENGTH_FILE, POOLING_FILE]

export interface ImportEmbedderOptions extends Omit<FetchOptions, 'furtherFiles'> {
  /** A folder, or the id of a model on the hub. */
  readonly source: string
  /** Of the new folder; the last part of the source's name when undefined. */
  readonly id: string | undefined
  readonly embedders: Embedders
}

export interface ImportedEmbedder extends EmbedderVersion {
  readonly licence: string
  /** The lowest of int8 against fp32. */
  readonly minCosine: number
}

/**
 * @throws INVALID_INPUT, MODEL_EXISTS, HUB_UNAVAILABLE, PICKLE_REFUSED, MODEL_INCOMPATIBLE naming what Docent does not
 * compute, MODEL_CORRUPT, EXPORT_MISMATCH, CANCELLED; nothing is left behind then
 */
export async function importEmbedder(options: ImportEmbedderOptions): Promise<ImportedEmbedder> {
  const { source, embedders } = options
  const isFolder = await isFolderOrHubId(source)
  const id = options.id ?? basename(resolve(source))
  if (!MODEL_ID_PATTERN.test(id)) {
    throw new DocentError('INVALID_INPUT', `${JSON.stringify(id)} cannot name an embedder`)
  }
  if (await exists(embedders.folder(id))) throw existsAlready(id)
  return withFolderAside(embedders.dir, async (work) => {
    const furtherFiles = [LENGTH_FILE, POOLING_FILE, ...MODULE_FILES]
    const { folder, origin } = await fetchSource(source, isFolder, work, { ...options, furtherFiles })
    const made = await createFolder(embedders.folder(id), (target) =>
      build(options, { id, folder, work, target, origin }),
    )
    if (!made) throw existsAlready(id)
    return { ...made, ...(await embedders.get(id)) }
  })
}

const existsAlready = (id: string) => new DocentError('MODEL_EXISTS', `there is an embedder ${id} already`)

interface Places {
  readonly id: string
  /** What is read. */
  readonly folder: string
  /** For what stands between; it is gone in the end. */
  readonly work: string
  /** The embedder's own, empty. */
  readonly target: string
  readonly origin: string
}

async function build(
  { source, context: { signal, progress } }: ImportEmbedderOptions,
  { id, folder, work, target, origin }: Places,
): Promise<Pick<ImportedEmbedder, 'licence' | 'minCosine'>> {
  await progress(0, 1, 'reading')
  const licence = await mend(source, folder, target)
  signal.throwIfAborted()
  await progress(0, 1, 'exporting')
  const graph = join(target, GRAPH_FILES.int8)
  await mkdir(dirname(graph), { recursive: true })
  await writeGraph(target, 'int8', graph, 'embedder')
  signal.throwIfAborted()
  await progress(0, 1, 'comparing')
  const minCosine = await compareForms(target, join(work, 'fp32'), signal)
  await writeEmbedderManifest(target, { id, licence, attribution: [origin] })
  return { licence, minCosine }
}

/** Writes everything but the graph. @returns the licence */
async function mend(source: string, folder: string, target: string): Promise<string> {
  const names = await readdir(folder)
  if (!names.includes('config.json')) throw new DocentError('MODEL_INCOMPATIBLE', 'there is no config.json')
  const { encoder, maxTokens } = await readEmbedderConfig(folder)
  const tokenizer = await normaliseTokenizer(folder, names, encoder)
  await checkModules(folder, tokenizer)
  const { tensors } = selectWeights(encoder, await readSourceWeights(folder, names, source))
  const wanted = [...encoderShapes(encoder).keys()].map((name) => tensorName(encoder.architecture, name))
  await writeConfiguration(target, { folder, className: CLASS_NAMES[encoder.architecture], tokenizer })
  await writeJson(join(target, LENGTH_FILE), {
    ...(await readOptional(join(folder, LENGTH_FILE), z.record(z.string(), z.unknown()))),
    max_seq_length: maxTokens,
  })
  for (const file of [POOLING_FILE, ...MODULE_FILES]) await copyIfThere(file, folder, target)
  const encoderTensors = new Map([...tensors].filter(([name]) => wanted.includes(name)))
  await writeSafetensors(join(target, WEIGHTS_FILE), encoderTensors, { dtype: 'F32', metadata: { format: 'pt' } })
  return licenceIn(folder, names)
}

/** @throws EXPORT_MISMATCH */
async function compareForms(folder: string, floatFolder: string, signal: AbortSignal): Promise<number> {
  await mkdir(join(floatFolder, dirname(GRAPH_FILES.fp32)), { recursive: true })
  for (const file of MODEL_FILES) await copyIfThere(file, folder, floatFolder)
  await copyFile(join(folder, WEIGHTS_FILE), join(floatFolder, WEIGHTS_FILE))
  await writeGraph(floatFolder, 'fp32', join(floatFolder, GRAPH_FILES.fp32), 'embedder')
  const examples = (await readSquadFile(SHIPPED_SETS.general)).slice(0, COMPARED_TEXTS)
  const texts = examples.flatMap(({ question, context }) => [question, context])
  const embed = async (modelFolder: string, form: EmbedderForm) => {
    await using embedder = await Embedder.start({ modelFolder, form })
    return await embedder.embed(texts, { priority: 'bulk', signal })
  }
  const [floats, integers] = [await embed(floatFolder, 'fp32'), await embed(folder, 'int8')]
  const cosines = floats.map((vector, at) => similarity(vector, 0, integers[at] as Float32Array))
  const minCosine = Math.min(...cosines)
  // Negated, so that a NaN is no match.
  if (!(minCosine >= MIN_COSINE)) {
    const message = `the int8 graph is off: its lowest cosine with fp32 is ${minCosine.toFixed(4)}, below ${MIN_COSINE}`
    throw new DocentError('EXPORT_MISMATCH', message)
  }
  return minCosine
}

async function copyIfThere(file: string, from: string, to: string): Promise<void> {
  if (!(await exists(join(from, file)))) return
  await mkdir(dirname(join(to, file)), { recursive: true })
  await copyFile(join(from, file), join(to, file))
}
