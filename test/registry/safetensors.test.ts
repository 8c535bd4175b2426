import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bfloatsToFloats, floatsToHalves, halvesToFloats } from '../../src/registry/half.js'
import { readSafetensors, type Tensor, writeSafetensors } from '../../src/registry/safetensors.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-safetensors-'))
})
afterAll(() => rm(folder, { recursive: true }))

const tensorMaps = fc
  .dictionary(
    fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) =>
      fc
        .float32Array({
          minLength: shape.reduce((product, size) => product * size, 1),
          maxLength: shape.reduce((product, size) => product * size, 1),
        })
        .map((data): Tensor => ({ shape, data })),
    ),
    { maxKeys: 6 },
  )
  .map((tensors) => new Map(Object.entries(tensors)))

const byName = (tensors: ReadonlyMap<string, Tensor>) => [...tensors].sort(([left], [right]) => (left < right ? -1 : 1))

describe('safetensors', () => {
  it('reads back in fp32 exactly what it wrote, whatever the names, shapes and numbers', async () => {
    const file = path.join(folder, 'round-trip.safetensors')
    await fc.assert(
      fc.asyncProperty(tensorMaps, async (tensors) => {
        await writeSafetensors(file, tensors, { dtype: 'F32', metadata: { format: 'pt' } })
        expect(byName(await readSafetensors(file))).toEqual(byName(tensors))
      }),
      { numRuns: 60 },
    )
  })

  it('reads back in fp16 the nearest half of every number', async () => {
    const file = path.join(folder, 'half.safetensors')
    const data = Float32Array.of(1, -2.5, 1 / 3, 1e-8, 65504)
    await writeSafetensors(file, new Map([['w', { shape: [5], data }]]), { dtype: 'F16' })
    expect((await readSafetensors(file)).get('w')?.data).toEqual(halvesToFloats(floatsToHalves(data)))
    expect((await readFile(file)).length % 2).toBe(0)
  })

  it('writes the same bytes for the same tensors in any order, and leaves no other file behind', async () => {
    const a: [string, Tensor] = ['a', { shape: [2], data: Float32Array.of(1, 2) }]
    const b: [string, Tensor] = ['b', { shape: [], data: Float32Array.of(3) }]
    await writeSafetensors(path.join(folder, 'ab'), new Map([a, b]), { dtype: 'F32' })
    await writeSafetensors(path.join(folder, 'ba'), new Map([b, a]), { dtype: 'F32' })
    expect(await readFile(path.join(folder, 'ab'))).toEqual(await readFile(path.join(folder, 'ba')))
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('keeps the old file when a tensor cannot be written', async () => {
    const file = path.join(folder, 'kept')
    await writeSafetensors(file, new Map([['a', { shape: [1], data: Float32Array.of(1) }]]), { dtype: 'F32' })
    const before = await readFile(file)
    const wrong = new Map([['a', { shape: [3], data: Float32Array.of(1) }]])
    await expect(writeSafetensors(file, wrong, { dtype: 'F32' })).rejects.toThrow('tensor a')
    expect(await readFile(file)).toEqual(before)
  })

  it('reads the file that the reference implementation wrote for the tiny model', async () => {
    const tensors = await readSafetensors('test/fixtures/tiny-model/model.safetensors')
    expect(tensors.get('bert.encoder.layer.0.attention.self.query.weight')?.shape).toEqual([32, 32])
    expect(tensors.get('qa_outputs.bias')?.shape).toEqual([2])
  })

  const header = (json: string, dataBytes = 0): Buffer => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)))
    return Buffer.concat([length, Buffer.from(json), Buffer.alloc(dataBytes)])
  }
  const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
    JSON.stringify({ w: { dtype, shape, data_offsets: offsets } })

  it.each([
    ['an empty file', Buffer.alloc(0), 'MODEL_CORRUPT'],
    ['a header longer than the file', Buffer.from([255, 0, 0, 0, 0, 0, 0, 0, 1]), 'MODEL_CORRUPT'],
    ['an absurd header length', Buffer.alloc(64, 255), 'MODEL_CORRUPT'],
    ['a header that is not JSON', header('{"w": '), 'MODEL_CORRUPT'],
    ['a header that is a list', header('[]'), 'MODEL_CORRUPT'],
    ['an entry that is null', header('{"w":null}'), 'MODEL_CORRUPT'],
    ['a negative size', header(entry('F32', [-1], [0, 4]), 4), 'MODEL_CORRUPT'],
    ['offsets that do not fit the shape', header(entry('F32', [2], [0, 4]), 4), 'MODEL_CORRUPT'],
    ['a hole before the first tensor', header(entry('F32', [1], [4, 8]), 8), 'MODEL_CORRUPT'],
    ['too few bytes', header(entry('F32', [2], [0, 8]), 7), 'MODEL_CORRUPT'],
    ['bytes left over', header(entry('F32', [2], [0, 8]), 9), 'MODEL_CORRUPT'],
    ['an unknown element type', header(entry('F8_E4M3', [1], [0, 1]), 1), 'MODEL_INCOMPATIBLE'],
  ])('refuses %s', async (_name, bytes, code) => {
    const file = path.join(folder, 'nonsense')
    await writeFile(file, bytes)
    await expect(readSafetensors(file)).rejects.toMatchObject({ code })
  })

  it('names a file that is not there', async () => {
    await expect(readSafetensors(path.join(folder, 'absent'))).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  })

  it('leaves integer tensors out', async () => {
    const file = path.join(folder, 'integers')
    await writeFile(file, header(entry('I64', [1], [0, 8]), 8))
    expect((await readSafetensors(file)).size).toBe(0)
  })
})

describe('half precision', () => {
  const finiteHalves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
    (bits) => (bits & 0x7c00) < 0x7c00,
  )

  const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array) => Buffer.from(buffer, byteOffset, byteLength)

  it('gives every half back unchanged, subnormals and signed zeros too', () => {
    expect(Buffer.compare(bytesOf(floatsToHalves(halvesToFloats(finiteHalves))), bytesOf(finiteHalves))).toBe(0)
  })

  it('rounds to the nearest half, and to the even one from halfway', () => {
    const positive = finiteHalves.filter((bits) => bits < 0x8000)
    const values = halvesToFloats(positive)
    for (let index = 1; index < values.length; index++) {
      const [low, high] = [values[index - 1] as number, values[index] as number]
      const middle = (low + high) / 2
      const even = (positive[index - 1] as number) % 2 === 1 ? index : index - 1
      const gap = high - low
      const rounded = floatsToHalves(Float32Array.of(middle, -middle, middle - gap / 64, middle + gap / 64))
      const expected = [
        positive[even] as number,
        (positive[even] as number) | 0x8000,
        positive[index - 1],
        positive[index],
      ]
      // Thirty thousand pairs: only a wrong one is handed to the slow comparison.
      if (rounded.join() !== expected.join()) expect([...rounded]).toEqual(expected)
    }
  })

  it('keeps infinities and NaN, and overflows from 65520 on', () => {
    const floats = Float32Array.of(Infinity, -Infinity, 65519.99, 65520, 1e30, -1e30, 2 ** -25, 2 ** -26)
    expect([...floatsToHalves(floats)]).toEqual([0x7c00, 0xfc00, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 0])
    expect(halvesToFloats(floatsToHalves(Float32Array.of(Number.NaN)))[0]).toBeNaN()
    expect(halvesToFloats(Uint16Array.of(0x7c00, 0xfc00))).toEqual(Float32Array.of(Infinity, -Infinity))
  })

  it('reads bfloat16 as the upper half of an fp32', () => {
    expect([...bfloatsToFloats(Uint16Array.of(0x3f80, 0xc020, 0))]).toEqual([1, -2.5, 0])
  })
})
