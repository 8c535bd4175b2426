import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { programPath } from '../../src/child.js'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js'

const checkpointModule = pathToFileURL(programPath('train/checkpoint.js')).href

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-checkpoint-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const checkpoint = (step: number): Checkpoint => ({
  state: { formatVersion: 3, runKey: 'key', step, epoch: 0, offset: step, trainedMs: 10 * step, best: null },
  weights: new Map([['weight', { shape: [2, 2], data: new Float32Array(4).fill(step) }]]),
  moments: new Map([['mean.weight', { shape: [2, 2], data: new Float32Array(4).fill(-step) }]]),
  best: new Map(),
})

test('what is written is read again, and only the newest is kept', async () => {
  expect(await readCheckpoint(folder)).toBeNull()
  for (const step of [1, 2, 10]) await writeCheckpoint(folder, checkpoint(step))
  expect(await readCheckpoint(folder)).toEqual(checkpoint(10))
  expect(await readdir(folder)).toEqual(['step-00000010'])
})

test('a folder that was left half written is passed over and cleared away', async () => {
  await writeCheckpoint(folder, checkpoint(3))
  const written = await writeCheckpoint(path.join(folder, 'elsewhere'), checkpoint(4))
  await rm(path.join(written, 'state.json'))
  await rename(written, path.join(folder, '.step-00000004.tmp'))
  expect(await readCheckpoint(folder)).toEqual(checkpoint(3))
  await writeCheckpoint(folder, checkpoint(4))
  expect((await readdir(folder)).filter((entry) => entry !== 'elsewhere')).toEqual(['step-00000004'])
})

test('a damaged state is an error that names the file, not a fresh start', async () => {
  const written = await writeCheckpoint(folder, checkpoint(3))
  await writeFile(path.join(written, 'state.json'), '{')
  await expect(readCheckpoint(folder)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  await writeFile(path.join(written, 'state.json'), '{"formatVersion": 1}')
  await expect(readCheckpoint(folder)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
})

test('where nothing more can be written it says DISK_FULL, keeps the checkpoint before, and leaves nothing half written', async () => {
  await writeCheckpoint(folder, checkpoint(1))
  const writer = `
    import { writeCheckpoint } from ${JSON.stringify(checkpointModule)}
    const tensor = new Map([['t', { shape: [50000], data: new Float32Array(50000) }]])
    const state = { formatVersion: 3, runKey: "key", step: 2, epoch: 0, offset: 2, trainedMs: 0, best: null }
    await writeCheckpoint(process.argv[1], { state, weights: tensor, moments: tensor, best: new Map() })
      .catch(({ code, message }) => console.log(code, message))`
  // A limit on the size of a file (blocks of 512 or 1,024 bytes) ends a write as a full disk does, and needs no disk to fill.
  const limited = 'ulimit -f 100; exec "$0" --input-type=module -e "$1" "$2"'
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, writer, folder])
  expect(stdout).toMatch(/^DISK_FULL EFBIG/)
  expect(await readCheckpoint(folder)).toEqual(checkpoint(1))
  expect(await readdir(folder)).toEqual(['step-00000001'])
})

test('kill -9 at any moment leaves the newest finished checkpoint whole', async () => {
  const writer = `
    import { writeCheckpoint } from ${JSON.stringify(checkpointModule)}
    const folder = process.argv[1]
    for (let step = Number(process.argv[2]); ; step++) {
      const tensor = (value) => new Map([['t', { shape: [50000], data: new Float32Array(50000).fill(value) }]])
      const state = { formatVersion: 3, runKey: "key", step, epoch: 0, offset: step, trainedMs: 0, best: null }
      await writeCheckpoint(folder, { state, weights: tensor(step), moments: tensor(-step), best: new Map() })
      console.log(step)
    }`
  let newest = 0
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, folder, String(newest + 1)])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    let printed = newest
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        printed = Number(text.trim().split('\n').at(-1))
        resolve()
      })
    })
    await wait(Math.floor(37 * round) % 50) // a different line each round
    child.kill('SIGKILL')
    await ended
    const found = await readCheckpoint(folder)
    expect(found?.state.step).toBeGreaterThanOrEqual(printed)
    newest = found?.state.step as number
    expect(found?.weights.get('t')?.data.every((value) => value === newest)).toBe(true)
    expect(found?.moments.get('t')?.data.every((value) => value === -newest)).toBe(true)
  }
})
