/** Small model versions: real folders, of files that no model would open. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManifestDraft } from '../../src/registry/manifest.js'
import type { ModelVersion, Registry } from '../../src/registry/registry.js'

export interface Folder extends AsyncDisposable {
  readonly path: string
}

export async function scratchFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'docent-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export function draft(changes: Partial<ManifestDraft> = {}): ManifestDraft {
  return {
    architecture: 'bert-reader',
    origin: 'BUNDLED',
    parent: null,
    datasetHash: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    settings: { learningRate: 0.0001 },
    window: { maxSequenceLength: 384, stride: 128, maxQuestionTokens: 64, maxAnswerTokens: 30 },
    forms: {
      int8: {
        file: 'onnx/model_quantized.onnx',
        metrics: { general: { n: 10, exactMatch: 50, f1: 60.5, f1Interval: [50, 70] } },
        calibration: { temperature: 1.5, noAnswerThreshold: -0.5 },
        canary: [{ inputIds: [1, 2], tokenTypeIds: [0, 1], startLogits: [0.5, 1], endLogits: [1, -2.25] }],
      },
    },
    licence: 'Apache-2.0',
    attribution: ['made for a test'],
    ...changes,
  }
}

export async function writeModelFiles(folder: string): Promise<void> {
  await mkdir(join(folder, 'onnx'))
  await writeFile(join(folder, 'config.json'), '{}')
  await writeFile(join(folder, 'model.safetensors'), Buffer.alloc(100_000, 7))
  await writeFile(join(folder, 'onnx', 'model_quantized.onnx'), Buffer.alloc(100_000, 8))
}

export function createVersion(registry: Registry, id: string, changes?: Partial<ManifestDraft>): Promise<ModelVersion> {
  return registry.create(id, async (folder) => {
    await writeModelFiles(folder)
    return draft(changes)
  })
}
