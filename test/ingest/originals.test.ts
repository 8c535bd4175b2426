import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DocentError } from '../../src/errors.js'
import { Originals } from '../../src/ingest/originals.js'

let folder: string
let originals: Originals
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-originals-'))
  originals = new Originals(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name !== '.incoming')

describe('Originals', () => {
  it('stores a stream under the hash of its bytes', async () => {
    const { hash, byteCount } = await originals.write(Readable.from([Buffer.from('Gr'), 'üße']), 100)
    expect(hash).toBe(createHash('sha256').update('Grüße').digest('hex'))
    expect(byteCount).toBe(7)
    expect(await readFile(originals.path(hash), 'utf8')).toBe('Grüße')
  })

  it('stores the same bytes once', async () => {
    await originals.write('same', 100)
    await originals.write(Buffer.from('same'), 100)
    expect(await files()).toHaveLength(1)
  })

  it('refuses what is too large without reading it to its end, and leaves nothing and the stream open', async () => {
    let produced = 0
    const endless = Readable.from(
      (function* () {
        for (;;) {
          produced += 1000
          yield Buffer.alloc(1000)
        }
      })(),
    )
    await expect(originals.write(endless, 5000)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(produced).toBeLessThan(1_000_000)
    expect(endless.destroyed).toBe(false)
    endless.destroy()
    expect(await files()).toEqual([])
  })

  it('takes exactly as many bytes as are allowed', async () => {
    expect((await originals.write('12345', 5)).byteCount).toBe(5)
    await expect(originals.write('123456', 5)).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('leaves nothing of a stream that fails and of a file that is refused', async () => {
    const failing = Readable.from(
      (function* () {
        yield Buffer.from('some')
        throw new Error('the line broke')
      })(),
    )
    await expect(originals.write(failing, 100)).rejects.toThrow('the line broke')
    await expect(
      originals.write('text', 100, async (file) => {
        expect(await readFile(file, 'utf8')).toBe('text')
        throw new DocentError('CONTENT_MISMATCH', 'refused')
      }),
    ).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
    expect(await files()).toEqual([])
  })

  it('removes what nobody holds, and nothing else', async () => {
    using kept = await originals.write('kept', 100)
    using gone = await originals.write('gone', 100)
    for (const original of [kept, gone]) original[Symbol.dispose]()
    expect(await originals.remove([kept.hash, gone.hash], async () => [gone.hash])).toBe(1)
    expect(await files()).toEqual([kept.hash])
    await writeFile(path.join(folder, 'a note'), 'not ours')
    expect(await originals.removeUnused(async (hashes) => [...hashes])).toBe(1)
    expect(await files()).toEqual(['a note'])
  })

  it('removes nothing that an upload has just stored, until it has said so in the store', async () => {
    const all = async (hashes: readonly string[]) => [...hashes]
    const first = await originals.write('same', 100)
    const second = await originals.write('same', 100)
    expect(await originals.remove([first.hash], all)).toBe(0)
    first[Symbol.dispose]()
    expect(await originals.remove([first.hash], all)).toBe(0)
    expect(await files()).toEqual([first.hash])
    second[Symbol.dispose]()
    expect(await originals.remove([first.hash], all)).toBe(1)
    expect(await files()).toEqual([])
  })

  it('gives no file its name between the question whether it is used and its removal', async () => {
    const { hash, ...first } = await originals.write('same', 100)
    first[Symbol.dispose]()
    let writing: ReturnType<Originals['write']> | undefined
    await originals.remove([hash], async (hashes) => {
      writing = originals.write('same', 100)
      await new Promise((resolve) => setTimeout(resolve, 50))
      return [...hashes]
    })
    await writing
    expect(await files()).toEqual([hash])
  })

  it('removes what an interrupted process left half written', async () => {
    expect(await originals.removeLeftovers()).toBe(0)
    await mkdir(path.join(folder, '.incoming'), { recursive: true })
    await writeFile(path.join(folder, '.incoming', 'half'), 'half')
    const { hash } = await originals.write('whole', 100)
    expect(await originals.removeLeftovers()).toBe(1)
    expect(await files()).toEqual([hash])
  })
})
