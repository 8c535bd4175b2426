/** The embedder against vectors made with the real sentence-transformers (scripts/fixtures/embeddings.py). */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { Embedder, type EmbedderForm } from '../../src/embed/embedder.js'
import { exportModel, GRAPH_FILES } from '../../src/onnx/export-model.js'
import { readEncoderConfig } from '../../src/registry/encoder-config.js'
import { readSafetensors } from '../../src/registry/safetensors.js'

const LAID_FOLDER = join(packageRoot, 'models/embedder/all-MiniLM-L6-v2')
const MIN_COSINE: Readonly<Record<EmbedderForm, number>> = { int8: 0.99, fp32: 0.9999 }

interface Fixture {
  readonly dimensions: number
  readonly scale: number
  readonly sentences: string[]
  readonly vectors: string
}

const fixture: Fixture = JSON.parse(await readFile('test/fixtures/embeddings/all-MiniLM-L6-v2.json', 'utf8'))
const bytes = Buffer.from(fixture.vectors, 'base64')
const reference = fixture.sentences.map((_, index) =>
  Float32Array.from({ length: fixture.dimensions }, (_, dimension) => {
    return bytes.readInt16LE((index * fixture.dimensions + dimension) * 2) * fixture.scale
  }),
)

let folder: string

/** Both forms as today's exporter writes them, beside set-up's tokenizer. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-embedder-'))
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'sentence_bert_config.json']) {
    await copyFile(join(LAID_FOLDER, file), join(folder, file))
  }
  await mkdir(join(folder, 'onnx'))
  const config = await readEncoderConfig(LAID_FOLDER)
  const weights = await readSafetensors(join(LAID_FOLDER, 'model.safetensors'))
  for (const form of ['int8', 'fp32'] as const) {
    await writeFile(join(folder, GRAPH_FILES[form]), exportModel({ config, weights, task: 'embedder', form }))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the graph that set-up laid is the one that the exporter writes', async () => {
  const [laid, written] = await Promise.all(
    [LAID_FOLDER, folder].map((place) => readFile(join(place, GRAPH_FILES.int8))),
  )
  expect(Buffer.compare(laid as Buffer, written as Buffer)).toBe(0)
})

describe.each<EmbedderForm>(['int8', 'fp32'])('the %s embedder', (form) => {
  test('equals sentence-transformers on 200 sentences, each alone and among 32 to the bit the same', async () => {
    await using embedder = await Embedder.start({ modelFolder: folder, form })
    const alone: Float32Array[] = []
    for (const sentence of fixture.sentences) alone.push(...(await embedder.embed([sentence])))
    const among: Float32Array[] = []
    for (let start = 0; start < fixture.sentences.length; start += 32) {
      among.push(...(await embedder.embed(fixture.sentences.slice(start, start + 32), { priority: 'bulk' })))
    }
    expect(among).toEqual(alone)
    expect(Math.min(...alone.map((vector, index) => cosine(vector, reference[index] as Float32Array)))).toBeGreaterThan(
      MIN_COSINE[form],
    )
  }, 300_000)
})

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, index) => sum + value * (b[index] as number), 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}
