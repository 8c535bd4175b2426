import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyEmbedder, writeEmbedderManifest } from '../../src/registry/embedder-manifest.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-embedder-'))
  await mkdir(join(folder, 'onnx'))
  for (const file of ['config.json', 'model.safetensors', 'onnx/model_quantized.onnx']) {
    await writeFile(join(folder, file), `this is ${file}`)
  }
  await writeEmbedderManifest(folder, { id: 'tiny', licence: 'Apache-2.0', attribution: [] })
})
afterEach(() => rm(folder, { recursive: true }))

describe('the manifest of an embedder', () => {
  it('vouches for every file, and for the same ones when it is written again', async () => {
    await verifyEmbedder(folder, 'whole')
    const before = await readFile(join(folder, 'manifest.json'), 'utf8')
    await writeEmbedderManifest(folder, { id: 'tiny', licence: 'Apache-2.0', attribution: [] })
    expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe(before)
  })

  it('shows a changed byte in what is served', async () => {
    await writeFile(join(folder, 'onnx/model_quantized.onnx'), 'That is onnx/model_quantized.onnx')
    await expect(verifyEmbedder(folder, 'served')).rejects.toMatchObject({
      code: 'MODEL_CORRUPT',
      message: expect.stringContaining('model_quantized.onnx has sha256'),
    })
  })

  it('leaves the weights alone where they are not opened', async () => {
    await rm(join(folder, 'model.safetensors'))
    await verifyEmbedder(folder, 'served')
    await expect(verifyEmbedder(folder, 'whole')).rejects.toThrow('model.safetensors is missing')
  })

  it.each([['{'], ['{}'], [null]])('is corrupt itself when it reads %j', async (content) => {
    await rm(join(folder, 'manifest.json'))
    if (content !== null) await writeFile(join(folder, 'manifest.json'), content)
    await expect(verifyEmbedder(folder, 'served')).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  })
})
