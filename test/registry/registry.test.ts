import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Registry } from '../../src/registry/registry.js'
import { createVersion, draft, type Folder, scratchFolder, writeModelFiles } from './seed.js'

describe('the registry', () => {
  let scratch: Folder
  let registry: Registry

  beforeEach(async () => {
    scratch = await scratchFolder()
    registry = new Registry({ modelsDir: scratch.path })
  })
  afterEach(() => scratch[Symbol.asyncDispose]())

  const file = (id: string, name: string) => join(registry.readersDir, id, name)
  async function flipByte(path: string, at: number): Promise<void> {
    const bytes = await readFile(path)
    bytes[at] = (bytes[at] as number) ^ 1
    await writeFile(path, bytes)
  }

  it('gives back what was created, with the hash of every file', async () => {
    expect(await registry.list()).toEqual([])
    const created = await createVersion(registry, 'reader-1')
    expect(await registry.get('reader-1')).toEqual(created)
    expect(created.manifest).toMatchObject({ ...draft(), id: 'reader-1', formatVersion: 2 })
    expect(Object.keys(created.manifest.files)).toEqual([
      'config.json',
      'model.safetensors',
      'onnx/model_quantized.onnx',
    ])
    await registry.verify('reader-1')
  })

  it('prints a list of numbers on one line, and what it prints is what it was given', async () => {
    const settings = { listed: [1, -2.5, 3e-7], text: '[\n  1,\n  2\n]', nested: [[1], { a: [2, 3] }, []] }
    await createVersion(registry, 'reader-1', { settings })
    const text = await readFile(file('reader-1', 'manifest.json'), 'utf8')
    expect(text).toContain('"startLogits": [0.5, 1],\n')
    expect(text).toContain('"listed": [1, -2.5, 3e-7],\n')
    expect((await registry.get('reader-1')).manifest.settings).toEqual(settings)
  })

  it('lists the newest first', async () => {
    await createVersion(registry, 'b', { createdAt: '2026-01-02T00:00:00.000Z' })
    await createVersion(registry, 'a', { createdAt: '2026-01-03T00:00:00.000Z' })
    await createVersion(registry, 'c', { createdAt: '2026-01-01T00:00:00.000Z' })
    expect((await registry.list()).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  it('finds one changed bit in any file, and names the file', async () => {
    await createVersion(registry, 'reader-1')
    for (const name of ['config.json', 'model.safetensors', 'onnx/model_quantized.onnx']) {
      const path = file('reader-1', name)
      const before = await readFile(path)
      await flipByte(path, before.length - 1)
      await expect(registry.verify('reader-1')).rejects.toMatchObject({
        code: 'MODEL_CORRUPT',
        message: expect.stringContaining(name),
      })
      await writeFile(path, before)
    }
    await registry.verify('reader-1')
  })

  it('finds one changed bit anywhere in the manifest', async () => {
    await createVersion(registry, 'reader-1')
    const path = file('reader-1', 'manifest.json')
    const before = await readFile(path)
    for (let at = 0; at < before.length; at += 1) {
      // White space and the case of an escape or exponent carry no meaning.
      if (/[\s]/.test(String.fromCharCode(before[at] as number))) continue
      await flipByte(path, at)
      await expect(registry.get('reader-1'), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/MODEL_(CORRUPT|INCOMPATIBLE)/),
      })
      await writeFile(path, before)
    }
  })

  it('finds missing and unknown files', async () => {
    await createVersion(registry, 'reader-1')
    await rm(file('reader-1', 'config.json'))
    await expect(registry.verify('reader-1')).rejects.toThrow(/config\.json is missing/)
    await writeFile(file('reader-1', 'config.json'), '{}')
    await writeFile(file('reader-1', 'onnx/extra.bin'), '')
    await expect(registry.verify('reader-1')).rejects.toThrow(/onnx\/extra\.bin is not listed/)
  })

  it('takes a graph that is written on demand for a part of the version only while it is there, and right', async () => {
    const graph = Buffer.alloc(1000, 9)
    const { int8 } = draft().forms
    const measured = int8 as NonNullable<typeof int8>
    const sha256 = createHash('sha256').update(graph).digest('hex')
    const { manifest } = await registry.create('reader-1', async (folder) => {
      await writeModelFiles(folder)
      await writeFile(join(folder, 'onnx/model.onnx'), graph)
      return draft({ forms: { int8: measured, fp32: { ...measured, file: 'onnx/model.onnx', sha256 } } })
    })
    expect(Object.keys(manifest.files)).not.toContain('onnx/model.onnx')
    await registry.verify('reader-1')
    await flipByte(file('reader-1', 'onnx/model.onnx'), 500)
    await expect(registry.verify('reader-1')).rejects.toThrow(/onnx\/model\.onnx has sha256/)
    await rm(file('reader-1', 'onnx/model.onnx'))
    await registry.verify('reader-1')
  })

  it('makes no version of a form whose graph is neither there nor pinned, nor of no form', async () => {
    const { int8 } = draft().forms
    const measured = int8 as NonNullable<typeof int8>
    const fp32 = { ...measured, file: 'onnx/model.onnx' }
    await expect(createVersion(registry, 'reader-1', { forms: { fp32 } })).rejects.toThrow(/without onnx\/model\.onnx/)
    await expect(createVersion(registry, 'reader-1', { forms: {} })).rejects.toThrow(/no form was measured/)
  })

  it('says how to mend a format that it does not know', async () => {
    await createVersion(registry, 'reader-1')
    const path = file('reader-1', 'manifest.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"formatVersion": 2', '"formatVersion": 3'))
    const refused = registry.get('reader-1')
    await expect(refused).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
    await expect(refused).rejects.toThrow(/format version 3, this release reads up to 2: update Docent, or promote/)
  })

  it('knows a folder that was copied under another name, and leaves what it cannot read out of the list', async () => {
    await createVersion(registry, 'reader-1')
    await cp(join(registry.readersDir, 'reader-1'), join(registry.readersDir, 'reader-2'), { recursive: true })
    await expect(registry.get('reader-2')).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    expect((await registry.list()).map(({ id }) => id)).toEqual(['reader-1'])
    expect(await registry.ids()).toEqual(['reader-1', 'reader-2'])
  })

  it('looks nowhere else for a version', async () => {
    await mkdir(join(scratch.path, 'secret'), { recursive: true })
    for (const id of ['none', '../secret', '', '.', '..', 'a/b', '.aside-1']) {
      await expect(registry.get(id)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
      if (id !== 'none') await expect(createVersion(registry, id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })

  it('leaves nothing when building fails', async () => {
    const failing = registry.create('reader-1', async (folder) => {
      await writeModelFiles(folder)
      throw new Error('no disk')
    })
    await expect(failing).rejects.toThrow('no disk')
    expect(await readdir(registry.readersDir)).toEqual([])
  })

  it('builds a version once, also when two try', async () => {
    const [first, second] = await Promise.all([
      createVersion(registry, 'reader-1'),
      createVersion(registry, 'reader-1'),
    ])
    expect(second).toEqual(first)
    const again = await registry.create('reader-1', () => Promise.reject(new Error('built again')))
    expect(again).toEqual(first)
    await flipByte(file('reader-1', 'config.json'), 0)
    await expect(createVersion(registry, 'reader-1')).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  })

  it('holds a whole version or none when the writer is killed, and clears away what it left', async () => {
    const writer = fileURLToPath(new URL('../fixtures/registry-writer.mjs', import.meta.url))
    let cleared = 0
    for (let run = 0; run < 8; run++) {
      const child = spawn(process.execPath, [writer, scratch.path, `reader-${run}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await sleep(run * 4)
      child.kill('SIGKILL')
      await ended
      const names = await readdir(registry.readersDir)
      cleared += names.filter((name) => name.startsWith('.aside-')).length
      await registry.removeLeftovers()
      for (const id of await readdir(registry.readersDir)) await registry.verify(id)
      await createVersion(registry, `reader-${run}`)
    }
    expect(await registry.ids()).toHaveLength(8)
    expect(cleared).toBeGreaterThan(0)
  })
})
