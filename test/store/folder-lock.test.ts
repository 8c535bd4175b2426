import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockFolder } from '../../src/store/folder-lock.js'

const locker = fileURLToPath(new URL('locking-process.mjs', import.meta.url))

describe('the lock of a folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'docent-lock-')), 'data')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('lets one in at a time, within a process too', async () => {
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    await lock[Symbol.asyncDispose]()
    await using again = await lockFolder(folder)
    expect(again).toBeDefined()
  })

  it('keeps another process out, and is free the moment that process is killed', async () => {
    const child = fork(locker, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await once(child, 'message')
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    await using lock = await lockFolder(folder)
    expect(lock).toBeDefined()
  })
})
