import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLogger } from '../../src/log.js'
import type { ReadResult } from '../../src/read/reader.js'
import { type OpenedReader, ServingReader } from '../../src/read/serving-reader.js'
import type { ModelVersion } from '../../src/registry/registry.js'

const log = createLogger('silent')
const NOTHING: ReadResult = { candidates: [], spans: [], noAnswerProbability: 1, abstains: true }
const version = (id: string) => ({ id }) as ModelVersion

/** Readers that take a while, and complain when they are asked after they ended. */
function slowReaders(readMs: number) {
  const open = new Set<string>()
  const opened: string[] = []
  const openReader = async (one: ModelVersion): Promise<OpenedReader> => {
    opened.push(one.id)
    await delay(5)
    open.add(one.id)
    const read = async () => {
      if (!open.has(one.id)) throw new Error(`${one.id} was asked after it ended`)
      await delay(readMs)
      if (!open.has(one.id)) throw new Error(`${one.id} ended under a question`)
      return NOTHING
    }
    const calibration = { temperature: 1, noAnswerThreshold: 0 }
    return {
      version: one,
      form: 'int8',
      calibration,
      reader: { read },
      [Symbol.asyncDispose]: async () => void open.delete(one.id),
    }
  }
  return { open, opened, openReader }
}

test('nothing is opened before the first question, and then once however many come', async () => {
  const { opened, openReader } = slowReaders(1)
  await using serving = new ServingReader({ current: async () => version('a'), open: openReader, log })
  expect(serving.version).toBeUndefined()
  const readings = await Promise.all([serving.read('q', []), serving.read('q', []), serving.read('q', [])])
  expect(readings.map((reading) => reading.version.id)).toEqual(['a', 'a', 'a'])
  expect(opened).toEqual(['a'])
})

test('questions under way finish on the old reader, new ones go to the new one, and the old one ends', async () => {
  const { open, openReader } = slowReaders(30)
  await using serving = new ServingReader({ current: async () => version('a'), open: openReader, log })
  await serving.warmUp()
  const early = serving.read('q', [])
  await serving.swap(version('b'))
  expect(open).toEqual(new Set(['a', 'b']))
  expect((await serving.read('q', [])).version.id).toBe('b')
  expect((await early).version.id).toBe('a')
  expect(open).toEqual(new Set(['b']))
})

test('no question fails while readers are exchanged again and again', async () => {
  const { open, openReader } = slowReaders(2)
  const serving = new ServingReader({ current: async () => version('0'), open: openReader, log })
  let asking = true
  const askers = Array.from({ length: 8 }, async () => {
    let count = 0
    while (asking) count += (await serving.read('q', [])).spans.length + 1
    return count
  })
  for (let id = 1; id <= 20; id++) await serving.swap(version(String(id)))
  asking = false
  expect((await Promise.all(askers)).every((count) => count > 0)).toBe(true)
  await serving[Symbol.asyncDispose]()
  expect(open).toEqual(new Set())
})

test('a version that cannot be opened leaves the old one serving', async () => {
  const { openReader } = slowReaders(1)
  const open = (one: ModelVersion) => (one.id === 'bad' ? Promise.reject(new Error('damaged')) : openReader(one))
  await using serving = new ServingReader({ current: async () => version('a'), open, log })
  await serving.warmUp()
  await expect(serving.swap(version('bad'))).rejects.toThrow('damaged')
  expect((await serving.read('q', [])).version.id).toBe('a')
})

test('a first start that failed is tried again by the next question', async () => {
  const { openReader } = slowReaders(1)
  let attempts = 0
  const open = (one: ModelVersion) => (attempts++ === 0 ? Promise.reject(new Error('damaged')) : openReader(one))
  await using serving = new ServingReader({ current: async () => version('a'), open, log })
  await expect(serving.read('q', [])).rejects.toThrow('damaged')
  expect((await serving.read('q', [])).version.id).toBe('a')
})

test('disposal waits for the questions under way and takes no new one', async () => {
  const { open, openReader } = slowReaders(20)
  const serving = new ServingReader({ current: async () => version('a'), open: openReader, log })
  await serving.warmUp()
  const last = serving.read('q', [])
  await serving[Symbol.asyncDispose]()
  await expect(last).resolves.toBeTruthy()
  expect(open).toEqual(new Set())
  await expect(serving.read('q', [])).rejects.toMatchObject({ code: 'OVERLOADED' })
})
