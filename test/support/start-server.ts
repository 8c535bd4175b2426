/** A real server: `docent serve` compiled, in a process of its own, on a free loopback port with folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { packageRoot } from '../../src/child.js'
import { Client } from '../../src/cli/client.js'
import { makeModelsDir } from './tiny-models.js'

export const PROGRAM = join(packageRoot, 'dist/cli/main.js')

export interface Folders {
  /** Removed by `remove`, with everything below it. */
  readonly folder: string
  readonly environment: Record<string, string>
  remove(): Promise<void>
}

/** Data, indexes and models for one server after another. */
export async function makeFolders(readers?: readonly string[]): Promise<Folders> {
  const folder = await mkdtemp(join(tmpdir(), 'docent-test-'))
  return {
    folder,
    environment: {
      DOCENT_HOST: '127.0.0.1',
      DOCENT_PORT: '0',
      DOCENT_DATA_DIR: join(folder, 'data'),
      DOCENT_INDEX_DIR: join(folder, 'indexes'),
      DOCENT_MODELS_DIR: await makeModelsDir(folder, readers),
      DOCENT_SAMPLES_DIR: '',
      DOCENT_READER_PROCESSES: '1',
      DOCENT_LOG_LEVEL: 'info',
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly client: Client
  /** What it wrote to stderr so far. */
  log(): string
  /** Resolves with the exit status. */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

const START_MS = 180_000

/** @throws with its stderr when it ends before it is ready. */
export async function startServer(folders: Folders, changes: Record<string, string> = {}): Promise<TestServer> {
  const { child, log, exited } = runProgram(['serve'], { ...folders.environment, ...changes })
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}:\n${log()}`)
    const address = await serverAddress(join(folders.folder, 'data', 'server.json'))
    if (address && address.pid === child.pid && (await isReady(address.url))) {
      const stop = () => {
        child.kill('SIGTERM')
        return exited
      }
      return {
        url: address.url,
        pid: address.pid,
        client: new Client(address.url),
        log,
        stop,
        kill: async () => {
          child.kill('SIGKILL')
          await exited
        },
        [Symbol.asyncDispose]: async () => void (await stop()),
      }
    }
    await delay(50)
  }
  child.kill('SIGKILL')
  throw new Error(`the server was not ready in time:\n${log()}`)
}

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartedCommand {
  /** What it wrote to stderr so far. */
  log(): string
  kill(): void
  readonly finished: Promise<Finished>
}

export function startCommand(
  args: readonly string[],
  environment: Record<string, string>,
  program = PROGRAM,
): StartedCommand {
  const { child, log, exited } = runProgram(args, environment, program)
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const finished = exited.then((status) => ({ status, stdout, stderr: log() }))
  return { log, kill: () => void child.kill('SIGKILL'), finished }
}

/** `docent ARGS` to its end. */
export function docent(
  args: readonly string[],
  environment: Record<string, string>,
  program = PROGRAM,
): Promise<Finished> {
  return startCommand(args, environment, program).finished
}

function runProgram(args: readonly string[], environment: Record<string, string>, program = PROGRAM) {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    cwd: packageRoot,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout?.resume()
  // `close` comes when both streams have been read to their ends.
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, exited, log: () => stderr }
}

async function serverAddress(path: string): Promise<{ url: string; pid: number } | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    (response) => response.ok,
    () => false,
  )
