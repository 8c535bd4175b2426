import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CommandFailure, runCommand } from '../../scripts/setup/command.mjs'
import { describeFiles, hashTree, isUnchanged, readStamp, writeStamp } from '../../scripts/setup/stamps.mjs'
import { runSteps } from '../../scripts/setup/steps.mjs'

interface Context {
  root: string
  stampsDir: string
  logsDir: string
  begunLogs: Set<string>
}

const silent = { begin() {}, doing() {}, end() {}, say() {}, stop() {} }

describe('set-up steps', () => {
  let context: Context
  let ran: string[]
  beforeEach(async () => {
    const root = await mkdtemp(join(tmpdir(), 'docent-steps-'))
    context = { root, stampsDir: join(root, 'stamps'), logsDir: root, begunLogs: new Set() }
    ran = []
    await writeFile(join(root, 'input'), 'one')
  })
  afterEach(() => rm(context.root, { recursive: true, force: true }))

  /** Copies `input` to the file of its name, once per content of the input. */
  const copyStep = (name: string, needs: string[], fail = false) => ({
    name,
    title: name,
    needs,
    isDone: (own: Context) =>
      readStamp(own, name)?.inputs === hashTree(own.root, ['input']) && existsSync(join(own.root, name)),
    run: async (own: Context) => {
      ran.push(name)
      await writeFile(join(own.root, name), await readFile(join(own.root, 'input')))
      if (fail) throw new Error('interrupted')
      writeStamp(own, name, { inputs: hashTree(own.root, ['input']) })
    },
  })

  test('run in the order of their needs, and not again while their inputs are the same', async () => {
    const steps = [copyStep('b', []), copyStep('a', ['b'])]
    await runSteps(steps, context, silent)
    await runSteps(steps, context, silent)
    expect(ran).toEqual(['b', 'a'])
  })

  test('run again when an input changed or a result is gone', async () => {
    const steps = [copyStep('a', [])]
    await runSteps(steps, context, silent)
    await writeFile(join(context.root, 'input'), 'two')
    await runSteps(steps, context, silent)
    await rm(join(context.root, 'a'))
    await runSteps(steps, context, silent)
    expect(ran).toEqual(['a', 'a', 'a'])
    expect(await readFile(join(context.root, 'a'), 'utf8')).toBe('two')
  })

  test('run again when they were interrupted before their stamp, although a stamp had been there', async () => {
    await runSteps([copyStep('a', [])], context, silent)
    await writeFile(join(context.root, 'input'), 'two')
    await expect(runSteps([copyStep('a', [], true)], context, silent)).rejects.toThrow('interrupted')
    await writeFile(join(context.root, 'input'), 'one')
    await runSteps([copyStep('a', [])], context, silent)
    expect(ran).toEqual(['a', 'a', 'a'])
    expect(await readFile(join(context.root, 'a'), 'utf8')).toBe('one')
  })

  test('what needs a failed step does not begin', async () => {
    const steps = [copyStep('a', [], true), copyStep('b', ['a'])]
    await expect(runSteps(steps, context, silent)).rejects.toThrow('interrupted')
    expect(ran).toEqual(['a'])
  })
})

describe('large results of a step', () => {
  test('are told to have changed by their size, by their time, and by being gone', async () => {
    const root = await mkdtemp(join(tmpdir(), 'docent-results-'))
    const graph = join(root, 'graph')
    const changes: Record<string, () => Promise<unknown>> = {
      'a byte more': () => writeFile(graph, 'eleven bytes'),
      'another byte': () => writeFile(graph, 'Ten bytes.'),
      'no file': () => rm(graph),
    }
    for (const [name, change] of Object.entries(changes)) {
      await writeFile(graph, 'ten bytes.')
      // Long ago: clocks of file systems are coarse.
      await utimes(graph, 1, 1)
      const described = describeFiles({ root }, ['graph'])
      expect(isUnchanged({ root }, described), name).toBe(true)
      await change()
      expect(isUnchanged({ root }, described), name).toBe(false)
    }
    await rm(root, { recursive: true })
  })
})

describe('set-up commands', () => {
  let context: Context
  beforeEach(async () => {
    const root = await mkdtemp(join(tmpdir(), 'docent-commands-'))
    context = { root, stampsDir: root, logsDir: root, begunLogs: new Set() }
  })
  afterEach(() => rm(context.root, { recursive: true, force: true }))

  test('write what they say into a log that the failure names', async () => {
    const failure = await runCommand(context, 'x', process.execPath, ['-e', 'console.error("so"); process.exit(3)'])
      .then(() => undefined)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CommandFailure)
    expect(failure).toMatchObject({ reason: 'exit status 3', logFile: 'x.log' })
    expect(await readFile(join(context.root, 'x.log'), 'utf8')).toContain('so\n')
  })

  test('are ended, with what they started, when they make no progress', async () => {
    const ticks = join(context.root, 'ticks')
    const tick = `setInterval(() => require('fs').appendFileSync(${JSON.stringify(ticks)}, '.'), 20)`
    const start = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(tick)}], { stdio: 'inherit' })`
    // It gets on until it has begun to tick.
    const stuck = { progress: () => (existsSync(ticks) ? 0 : Date.now()), patienceMs: 1000 }
    await expect(runCommand(context, 'x', process.execPath, ['-e', start], stuck)).rejects.toThrow(
      'no progress for 1 s',
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { size } = await stat(ticks)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await stat(ticks)).size).toBe(size)
  })
})
