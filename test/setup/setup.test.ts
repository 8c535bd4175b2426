import { once } from 'node:events'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Clone } from './clone.js'

describe('set-up says in one sentence what is missing', () => {
  test('no C++ compiler', async () => {
    await using clone = await Clone.make()
    const path = await clone.pathWith('npm', 'python3', 'make')
    const { status, output } = await clone.run({ ...clone.offline(), PATH: path, CXX: '' })
    expect(output).toMatch(/Set-up stopped: No C\+\+ compiler .*: install one \(Debian, Ubuntu: apt-get install/)
    expect(status).toBe(1)
  })

  test('no make', async () => {
    await using clone = await Clone.make()
    const path = await clone.pathWith('npm', 'python3', 'g++')
    const { status, output } = await clone.run({ ...clone.offline(), PATH: path })
    expect(output).toMatch(/Set-up stopped: make was not found: install/)
    expect(status).toBe(1)
  })

  test('no Python 3', async () => {
    await using clone = await Clone.make()
    const path = await clone.pathWith('npm', 'g++', 'make')
    const { status, output } = await clone.run({ ...clone.offline(), PATH: path, npm_config_python: '', PYTHON: '' })
    expect(output).toMatch(/Set-up stopped: No Python 3\.8 or newer was found.*: install it/)
    expect(status).toBe(1)
  })

  test('no network, with the log of the command that failed', async () => {
    await using clone = await Clone.make()
    const { status, output } = await clone.run(clone.offline())
    // What is missed first depends on the machine: headers of this Node are looked for on disk before they are fetched.
    const missed = [
      'Installing packages could not reach the network',
      'Downloading .* with pip',
      'The C\\+\\+ headers of Node .* were not found, and neither nodejs.org nor the npm registry gave them',
    ]
    expect(output).toMatch(new RegExp(`Set-up stopped: (?:${missed.join('|')})`))
    const log = /\(the whole log: (.*)\)/.exec(output)?.[1]
    expect((await readFile(join(clone.root, log as string), 'utf8')).length).toBeGreaterThan(0)
    expect(status).toBe(1)
  })
})

describe('two set-ups of one clone', () => {
  test('the second waits for the first and then goes on', async () => {
    await using clone = await Clone.make()
    await takeLock(clone, process.pid)
    const path = await clone.pathWith('npm')
    const child = clone.start({ ...clone.offline(), PATH: path, npm_config_python: '', PYTHON: '' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
    await expect.poll(() => output, { timeout: 30_000 }).toContain(`Another set-up is running (process ${process.pid})`)
    expect(output).not.toContain('[1/7]')
    await rm(join(clone.root, '.setup/lock'))
    await once(child, 'close')
    expect(output).toContain('[1/7]')
  })

  test('a lock that a killed set-up left is taken over', async () => {
    await using clone = await Clone.make()
    await takeLock(clone, 2 ** 22 + 1)
    const path = await clone.pathWith('npm')
    const { output } = await clone.run({ ...clone.offline(), PATH: path, npm_config_python: '', PYTHON: '' })
    expect(output).toContain('[1/7]')
    await expect(access(join(clone.root, '.setup/lock'))).rejects.toThrow()
  })
})

async function takeLock(clone: Clone, pid: number): Promise<void> {
  await mkdir(join(clone.root, '.setup'), { recursive: true })
  await writeFile(join(clone.root, '.setup/lock'), JSON.stringify({ pid, host: hostname() }))
}
