import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../lib/server.mjs'

export const describe =
  'set-up of a fresh clone, and again with nothing left to do (--data REPOSITORY, default this one)'

export async function run({ data = root, log }) {
  const folder = await mkdtemp(join(tmpdir(), 'docent-setup-'))
  const timed = (command, args) => {
    const started = performance.now()
    const { status, stderr, stdout } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`)
    log(stdout.trim())
    return (performance.now() - started) / 1000
  }
  try {
    timed('git', ['clone', '--quiet', data, folder])
    const fresh = timed(process.execPath, ['scripts/setup.mjs'])
    const again = timed(process.execPath, ['scripts/setup.mjs'])
    return [
      ['fresh clone', fresh.toFixed(1), 's'],
      ['again', again.toFixed(2), 's'],
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
