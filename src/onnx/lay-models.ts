/**
 * A program of set-up: writes what the bundled models need and the repository does not carry. Enters: the embedder's
 * published files, and of each bundled reader its trained weights (half precision, without the frozen word embeddings, which
 * are the embedder's). Leaves: the ONNX graphs, and whole folders whose every byte their manifest vouches for.
 */
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { packageRoot } from '../child.js'
import { exists, hashFile } from '../durable.js'
import { DocentError } from '../errors.js'
import { LENGTH_FILE } from '../registry/embedder-config.js'
import { writeEmbedderManifest } from '../registry/embedder-manifest.js'
import { readEncoderConfig } from '../registry/encoder-config.js'
import { INT8_FILE, readManifest, WEIGHTS_FILE } from '../registry/manifest.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../registry/safetensors.js'
import { exportModel } from './export-model.js'

const EMBEDDER_FOLDER = join(packageRoot, 'models/embedder/all-MiniLM-L6-v2')
const READERS_FOLDER = join(packageRoot, 'models/reader')
const TRAINED_FILE = 'trained.safetensors'
const WORD_EMBEDDINGS = 'embeddings.word_embeddings.weight'

const embedderWeights = await readSafetensors(join(EMBEDDER_FOLDER, WEIGHTS_FILE))
await writeGraph(EMBEDDER_FOLDER, embedderWeights, 'embedder')
// What it was trained with, as its publisher has it: the Python package that may have brought it leaves the file out.
await writeFileAtomic(join(EMBEDDER_FOLDER, LENGTH_FILE), `${JSON.stringify({ max_seq_length: 256 })}\n`)
await writeEmbedderManifest(EMBEDDER_FOLDER, {
  id: basename(EMBEDDER_FOLDER),
  licence: 'Apache-2.0',
  attribution: ['https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2'],
})
for (const folder of await bundledReaders()) await layReader(folder)

async function bundledReaders(): Promise<string[]> {
  if (!(await exists(READERS_FOLDER))) return []
  const folders = (await readdir(READERS_FOLDER))
    // What is being written aside, by an import say, is no version yet.
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(READERS_FOLDER, name))
  const bundled = await Promise.all(folders.map((folder) => exists(join(folder, TRAINED_FILE))))
  return folders.filter((_, index) => bundled[index])
}

/** @throws MODEL_CORRUPT naming the file that did not become what the manifest says. */
async function layReader(folder: string): Promise<void> {
  const { files } = await readManifest(folder)
  for (const [file, sha256] of Object.entries(files).sort(weightsFirst)) {
    const path = join(folder, file)
    if ((await hashOf(path)) === sha256) continue
    await layFile(folder, file)
    const found = await hashOf(path)
    if (found !== sha256) throw new DocentError('MODEL_CORRUPT', `${path} has sha256 ${found}, not ${sha256}`)
  }
}

/** The graph is written from the weights. */
function weightsFirst([a]: [string, string], [b]: [string, string]): number {
  return Number(b === WEIGHTS_FILE) - Number(a === WEIGHTS_FILE)
}

async function layFile(folder: string, file: string): Promise<void> {
  if (file === WEIGHTS_FILE) return writeWeights(folder)
  if (file === INT8_FILE) return writeGraph(folder, await readSafetensors(join(folder, WEIGHTS_FILE)), 'reader')
  if (await exists(join(EMBEDDER_FOLDER, file))) return copyFile(join(EMBEDDER_FOLDER, file), join(folder, file))
}

async function writeWeights(folder: string): Promise<void> {
  const words = embedderWeights.get(WORD_EMBEDDINGS)
  if (!words) throw new DocentError('MODEL_CORRUPT', `${EMBEDDER_FOLDER}/${WEIGHTS_FILE} lacks ${WORD_EMBEDDINGS}`)
  const tensors = new Map(await readSafetensors(join(folder, TRAINED_FILE))).set(`bert.${WORD_EMBEDDINGS}`, words)
  await writeSafetensors(join(folder, WEIGHTS_FILE), tensors, { dtype: 'F16', metadata: { format: 'pt' } })
}

async function writeGraph(folder: string, weights: Map<string, Tensor>, task: 'embedder' | 'reader'): Promise<void> {
  const graph = exportModel({ config: await readEncoderConfig(folder), weights, task, form: 'int8' })
  const path = join(folder, INT8_FILE)
  await mkdir(dirname(path), { recursive: true })
  await writeFileAtomic(path, Buffer.from(graph.buffer, graph.byteOffset, graph.byteLength))
}

async function hashOf(path: string): Promise<string | undefined> {
  return (await exists(path)) ? hashFile(path) : undefined
}
