/** A models folder with the real embedder and tiny readers, whose answers are verbatim and meaningless. */
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../src/child.js'
import { exportModel } from '../../src/onnx/export-model.js'
import { SessionHost } from '../../src/onnx/session-host.js'
import { readBertConfig } from '../../src/registry/bert-config.js'
import { INT8_FILE, type ManifestDraft, type ModelCanary, WEIGHTS_FILE } from '../../src/registry/manifest.js'
import { Registry } from '../../src/registry/registry.js'
import { readSafetensors } from '../../src/registry/safetensors.js'

export const TINY_MODEL_FOLDER = `${packageRoot}test/fixtures/tiny-model`

/** @returns `folder/models`, with one reader version for each id; the first one is the newest bundled one. */
export async function makeModelsDir(folder: string, ids: readonly string[] = ['tiny-1']): Promise<string> {
  const modelsDir = join(folder, 'models')
  await mkdir(modelsDir, { recursive: true })
  await symlink(join(packageRoot, 'models', 'embedder'), join(modelsDir, 'embedder'))
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
  const config = await readBertConfig(folder)
  const weights = await readSafetensors(join(folder, WEIGHTS_FILE))
  await mkdir(dirname(join(folder, INT8_FILE)), { recursive: true })
  await writeFile(join(folder, INT8_FILE), exportModel({ config, weights, task: 'reader', form: 'int8' }))
  return {
    architecture: 'BertForQuestionAnswering',
    origin: 'BUNDLED',
    parent: null,
    datasetHash: null,
    createdAt: createdAt.toISOString(),
    settings: {},
    window: { maxSequenceLength: 128, stride: 32, maxQuestionTokens: 32, maxAnswerTokens: 16 },
    forms: {
      int8: {
        file: INT8_FILE,
        metrics: {},
        // It has learnt nothing, so nothing is asked of its confidence: it always answers.
        calibration: { temperature: 1, noAnswerThreshold: 1000 },
        canary: await canaryOf(join(folder, INT8_FILE)),
      },
    },
    licence: 'Apache-2.0',
    attribution: [],
  }
}

async function canaryOf(modelPath: string): Promise<ModelCanary> {
  const inputIds = [1, 7, 8, 2, 9, 10, 11, 2]
  const tokenTypeIds = [0, 0, 0, 0, 1, 1, 1, 1]
  await using host = await SessionHost.start({ modelPath })
  const [output] = await host.run([
    { inputIds: Int32Array.from(inputIds), tokenTypeIds: Int32Array.from(tokenTypeIds) },
  ])
  return {
    inputIds,
    tokenTypeIds,
    startLogits: [...(output?.start_logits ?? [])],
    endLogits: [...(output?.end_logits ?? [])],
  }
}
