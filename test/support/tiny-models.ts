/** A models folder with the real embedder and tiny readers, whose answers are verbatim and meaningless. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../src/child.js'
import { numberCalibrationText } from '../../src/onnx/calibration-text.js'
import { exportModel, GRAPH_FILES } from '../../src/onnx/export-model.js'
import { SessionHost } from '../../src/onnx/session-host.js'
import { readEncoderConfig } from '../../src/registry/encoder-config.js'
import {
  INT8_FILE,
  MANIFEST_FILE,
  type Manifest,
  type ManifestDraft,
  type ModelCanary,
  printManifest,
  readManifest,
  WEIGHTS_FILE,
} from '../../src/registry/manifest.js'
import { Registry } from '../../src/registry/registry.js'
import { readSafetensors } from '../../src/registry/safetensors.js'

const EMBEDDER = 'embedder/all-MiniLM-L6-v2'
export const TINY_MODEL_FOLDER = `${packageRoot}test/fixtures/tiny-model`

/** @returns `folder/models`, with one reader version for each id; the first one is the newest bundled one. */
export async function makeModelsDir(folder: string, ids: readonly string[] = ['tiny-1']): Promise<string> {
  const modelsDir = join(folder, 'models')
  await mkdir(join(modelsDir, 'embedder'), { recursive: true })
  await symlink(join(packageRoot, 'models', EMBEDDER), join(modelsDir, EMBEDDER))
  const registry = new Registry({ modelsDir })
  for (const [age, id] of ids.entries()) {
    await registry.create(id, (target) => buildTinyReader(target, new Date(Date.UTC(2026, 0, 31 - age))))
  }
  return modelsDir
}

async function buildTinyReader(folder: string, createdAt: Date): Promise<ManifestDraft> {
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', WEIGHTS_FILE]) {
    await copyFile(join(TINY_MODEL_FOLDER, file), join(folder, file))
  }
  const { int8Graph, forms } = await tinyForms()
  await mkdir(dirname(join(folder, INT8_FILE)), { recursive: true })
  await writeFile(join(folder, INT8_FILE), int8Graph)
  return {
    architecture: 'BertForQuestionAnswering',
    origin: 'BUNDLED',
    parent: null,
    datasetHash: null,
    createdAt: createdAt.toISOString(),
    settings: {},
    window: { maxSequenceLength: 128, stride: 32, maxQuestionTokens: 32, maxAnswerTokens: 16 },
    forms,
    licence: 'Apache-2.0',
    attribution: [],
  }
}

interface TinyForms {
  readonly int8Graph: Uint8Array
  readonly forms: Required<ManifestDraft['forms']>
}

let made: Promise<TinyForms> | undefined

/** Both forms, measured on nothing; made once. */
function tinyForms(): Promise<TinyForms> {
  made ??= (async () => {
    const config = await readEncoderConfig(TINY_MODEL_FOLDER)
    const weights = await readSafetensors(join(TINY_MODEL_FOLDER, WEIGHTS_FILE))
    // It has learnt nothing, so nothing is asked of its confidence: it always answers.
    const measured = { metrics: {}, calibration: { temperature: 1, noAnswerThreshold: 1000 } }
    const calibrationIds = await numberCalibrationText(TINY_MODEL_FOLDER)
    const [int8Graph, fp32Graph] = (['int8', 'fp32'] as const).map((form) =>
      exportModel({ config, weights, task: 'reader', form, calibrationIds }),
    ) as [Uint8Array, Uint8Array]
    const sha256 = createHash('sha256').update(fp32Graph).digest('hex')
    return {
      int8Graph,
      forms: {
        int8: { file: INT8_FILE, ...measured, canary: await canaryOf(int8Graph) },
        fp32: { file: GRAPH_FILES.fp32, sha256, ...measured, canary: await canaryOf(fp32Graph) },
      },
    }
  })()
  return made
}

const CANARY_INPUTS = [
  { inputIds: [1, 7, 2, 9, 2], tokenTypeIds: [0, 0, 0, 1, 1] },
  { inputIds: [1, 7, 8, 2, 9, 10, 11, 2], tokenTypeIds: [0, 0, 0, 0, 1, 1, 1, 1] },
]

async function canaryOf(graph: Uint8Array): Promise<ModelCanary[]> {
  const folder = await mkdtemp(join(tmpdir(), 'docent-canary-'))
  try {
    const modelPath = join(folder, 'model.onnx')
    await writeFile(modelPath, graph)
    await using host = await SessionHost.start({ modelPath })
    const outputs = await host.run(
      CANARY_INPUTS.map(({ inputIds, tokenTypeIds }) => ({
        inputIds: Int32Array.from(inputIds),
        tokenTypeIds: Int32Array.from(tokenTypeIds),
      })),
    )
    return CANARY_INPUTS.map((input, at) => ({
      ...input,
      startLogits: [...(outputs[at]?.start_logits ?? [])],
      endLogits: [...(outputs[at]?.end_logits ?? [])],
    }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As if the version had been made with another manifest: the seal is right again. */
export async function alterManifest(folder: string, alter: (manifest: Manifest) => void): Promise<void> {
  const { seal: _, ...manifest } = await readManifest(folder)
  alter(manifest as Manifest)
  await writeFile(join(folder, MANIFEST_FILE), printManifest(manifest))
}

/** On a machine whose int8 kernels compute something else, the canary would differ like this. */
export function alterInt8Canary({ forms }: Manifest): void {
  const logits = forms.int8?.canary[1]?.startLogits
  if (logits) logits[3] = (logits[3] as number) + 5
}
