import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportModel } from '../../src/onnx/export-model.js'
import { type ModelOutput, SessionHost } from '../../src/onnx/session-host.js'
import { SessionPool } from '../../src/onnx/session-pool.js'
import { tinyConfig, tinyInputs, tinyWeights } from './tiny-model.js'

let folder: string
let modelPath: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docent-session-'))
  modelPath = join(folder, 'model_quantized.onnx')
  await writeFile(modelPath, exportModel({ config: tinyConfig, weights: tinyWeights, task: 'reader', form: 'int8' }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Bits, so that 0 and -0 or two NaNs are not taken for one another. */
const bits = (outputs: readonly ModelOutput[]) =>
  outputs.map((output) =>
    Object.entries(output).map(([name, values]) => [
      name,
      Buffer.from(new Uint8Array(values.slice().buffer)).toString('hex'),
    ]),
  )

test('an input has the same logits to the bit alone, under load, and from every host', async () => {
  await using first = await SessionHost.start({ modelPath })
  await using second = await SessionHost.start({ modelPath })
  await using pool = await SessionPool.start({ modelPath, processes: 2 })
  const alone: ModelOutput[] = []
  for (const input of tinyInputs) alone.push(...(await first.run([input])))
  const expected = bits(alone)

  const load = Array.from({ length: 10 }, () => tinyInputs).flat()
  const bulk = [first.run(load, { priority: 'bulk' }), pool.run(load, { priority: 'bulk' })]
  expect(bits(await first.run(tinyInputs))).toEqual(expected)
  expect(bits(await second.run([...tinyInputs].reverse())).reverse()).toEqual(expected)
  expect(bits(await pool.run(tinyInputs))).toEqual(expected)
  for (const outputs of await Promise.all(bulk)) expect(bits(outputs.slice(-tinyInputs.length))).toEqual(expected)
})

test('an interactive request is answered while a bulk one runs', async () => {
  await using host = await SessionHost.start({ modelPath })
  let bulkDone = 0
  const load = Array.from({ length: 25 }, () => tinyInputs).flat()
  const bulk = host.run(load, { priority: 'bulk', onProgress: (done) => (bulkDone = done) })
  await host.run(tinyInputs.slice(0, 1), { priority: 'interactive' })
  expect(bulkDone).toBeLessThan(load.length)
  expect(await bulk).toHaveLength(load.length)
})

test('a host whose process is killed rejects what was in flight and serves the next request', async () => {
  await using host = await SessionHost.start({ modelPath })
  const [expected] = bits(await host.run(tinyInputs.slice(0, 1)))
  const inFlight = host.run(Array.from({ length: 60 }, () => tinyInputs).flat())
  const killed = host.pid as number
  process.kill(killed, 'SIGKILL')
  await expect(inFlight).rejects.toMatchObject({ code: 'MODEL_PROCESS_ENDED' })
  expect(bits(await host.run(tinyInputs.slice(0, 1)))).toEqual([expected])
  expect(host.pid).not.toBe(killed)
})

test('a pool goes on when one of its processes is killed', async () => {
  await using pool = await SessionPool.start({ modelPath, processes: 2 })
  const expected = bits(await pool.run(tinyInputs))
  process.kill(pool.pids[0] as number, 'SIGKILL')
  // The request that meets the dead process may fail; the pool may not.
  await pool.run(tinyInputs).catch((error: unknown) => expect(error).toMatchObject({ code: 'MODEL_PROCESS_ENDED' }))
  expect(bits(await pool.run(tinyInputs))).toEqual(expected)
})

test('a restarted host is a new process with the same results', async () => {
  await using host = await SessionHost.start({ modelPath })
  const before = bits(await host.run(tinyInputs))
  const { pid } = host
  await host.restart()
  expect(host.pid).not.toBe(pid)
  expect(bits(await host.run(tinyInputs))).toEqual(before)
})

test('a host warms up, tells its memory, and ends', async () => {
  const host = await SessionHost.start({ modelPath })
  await host.warmUp([8, 64])
  expect(await host.rssBytes()).toBeGreaterThan(1e6)
  await host[Symbol.asyncDispose]()
  expect(host.alive).toBe(false)
  await expect(host.run(tinyInputs)).rejects.toThrow(/asked to end/)
})

test('a file that is no graph is refused, and no process is left', async () => {
  await expect(SessionHost.start({ modelPath: join(folder, 'missing.onnx') })).rejects.toMatchObject({
    code: 'MODEL_CORRUPT',
  })
  const broken = join(folder, 'broken.onnx')
  await writeFile(broken, 'not a graph')
  await expect(SessionPool.start({ modelPath: broken, processes: 2 })).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
})
