import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { exists } from '../../src/durable.js'
import { verifyEmbedder } from '../../src/registry/embedder-manifest.js'
import { Registry } from '../../src/registry/registry.js'

const modelsDir = join(packageRoot, 'models')

describe('what set-up lays down', () => {
  test('the bundled reader is there, and every byte is what its manifest vouches for', async () => {
    const registry = new Registry({ modelsDir })
    const bundled = (await registry.list()).filter(({ manifest }) => manifest.origin === 'BUNDLED')
    expect(bundled.length).toBeGreaterThan(0)
    for (const { id, folder } of bundled) {
      expect(await exists(join(folder, 'trained.safetensors'))).toBe(true)
      await registry.verify(id)
    }
  })

  test('every byte of the embedder is what its manifest vouches for', async () => {
    await verifyEmbedder(join(modelsDir, 'embedder/all-MiniLM-L6-v2'), 'whole')
  })

  test('the embedder has its graph, and a tokenizer that neither cuts nor pads', async () => {
    const folder = join(modelsDir, 'embedder/all-MiniLM-L6-v2')
    expect(await readdir(join(folder, 'onnx'))).toContain('model_quantized.onnx')
    const tokenizer = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'))
    expect(tokenizer).toMatchObject({ truncation: null, padding: null })
  })
})
