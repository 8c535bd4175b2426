import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embedInParts } from '../../src/jobs/embed-in-parts.js'

const TEXTS = Array.from({ length: 25 }, (_, at) => `text ${at}`)
const PART_TEXTS = 10
const DIMENSIONS = 24

/** A vector that says which text it is of. */
const vectorOf = (text: string) => new Float32Array(DIMENSIONS).fill(Number(text.split(' ')[1]))

let folder: string
let asked: number
/** After so many texts the process dies. */
let diesAfter: number

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'docent-parts-')), 'job')
  asked = 0
  diesAfter = Number.POSITIVE_INFINITY
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const progress: number[] = []
async function embed(texts: readonly string[] = TEXTS, embedderVersion = 'one'): Promise<Float32Array[]> {
  progress.length = 0
  const embedder = {
    embed: async (part: readonly string[]) => {
      if (asked + part.length > diesAfter) throw new Error('killed')
      asked += part.length
      return part.map(vectorOf)
    },
  }
  const signal = new AbortController().signal
  const onProgress = (done: number) => void progress.push(done)
  const options = { embedder, embedderVersion, dimensions: DIMENSIONS, folder, signal, onProgress }
  return embedInParts(texts, { ...options, partTexts: PART_TEXTS })
}

async function interrupted(): Promise<void> {
  diesAfter = 20
  await expect(embed()).rejects.toThrow('killed')
  diesAfter = Number.POSITIVE_INFINITY
  asked = 0
}

describe('a long document', () => {
  it('has a vector for each text, in their order', async () => {
    expect(await embed()).toEqual(TEXTS.map(vectorOf))
    expect(progress).toEqual([10, 20, 25])
  })

  it('goes on behind the parts that were made before the process ended', async () => {
    await interrupted()
    expect(await embed()).toEqual(TEXTS.map(vectorOf))
    expect(asked).toBe(5)
  })

  it('takes no part of other texts or of another embedder', async () => {
    await interrupted()
    const changed = ['text 99', ...TEXTS.slice(1)]
    expect(await embed(changed)).toEqual(changed.map(vectorOf))
    expect(asked).toBe(15)
    await embed(changed, 'two')
    expect(asked).toBe(40)
  })

  it('makes a part again that is not whole', async () => {
    await interrupted()
    const [first] = await readdir(folder)
    await truncate(join(folder, first as string), 100)
    expect(await embed()).toEqual(TEXTS.map(vectorOf))
    expect(asked).toBe(15)
  })

  it('is made anew where its parts were deleted', async () => {
    await interrupted()
    await rm(folder, { recursive: true })
    expect(await embed()).toEqual(TEXTS.map(vectorOf))
  })
})

it('leaves no file for a short document', async () => {
  expect(await embed(TEXTS.slice(0, PART_TEXTS))).toHaveLength(PART_TEXTS)
  await expect(readdir(folder)).rejects.toThrow('ENOENT')
})
