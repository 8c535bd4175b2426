import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockDataDirectory } from '../../src/store/data-lock.js'

const locker = fileURLToPath(new URL('locking-process.mjs', import.meta.url))

describe('the lock of a data directory', () => {
  let folder: string
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'docent-lock-')), 'data')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('lets one in at a time, within a process too', async () => {
    const lock = await lockDataDirectory(folder)
    await expect(lockDataDirectory(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    await lock[Symbol.asyncDispose]()
    await using again = await lockDataDirectory(folder)
    expect(again).toBeDefined()
  })

  it('keeps another process out, and is free the moment that process is killed', async () => {
    const child = fork(locker, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await once(child, 'message')
    await expect(lockDataDirectory(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    await using lock = await lockDataDirectory(folder)
    expect(lock).toBeDefined()
  })
})
