/**
 * Child processes of Docent: parsers, model sessions and training run in one each, so that what blocks, leaks or crashes
 * there does not touch the process that answers.
 *
 * Parent: `startChild('onnx/session-process.js')` gives a Child whose `request` resolves with the reply of the handler of that
 * name. Child program: `serveParent({ handlers })`. Messages use the structured clone (typed arrays travel as they are);
 * a DocentError keeps its code across the border.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { asDocentError, DocentError, reviveError } from './errors.js'

/** The installed package's root, from `src/` and from `dist/` alike. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url))

/** Compiled program of a room: children run compiled code even where the parent runs from sources (tests). */
export function programPath(program: string): string {
  const path = `${packageRoot}dist/${program}`
  if (!existsSync(path)) throw new DocentError('INTERNAL', `${program} is not compiled; run \`npm run build\``)
  return path
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Scheduling priority as in os.setPriority: 19 yields to everything else. */
  readonly niceness?: number
  /** Node's own heap limit for the child. */
  readonly maxHeapMb?: number
  readonly onEvent?: (name: string, payload: unknown) => void
}

/** glibc: each of a process's dozen threads would have a heap of its own, which only grows. What is set outside counts. */
const MALLOC = { MALLOC_ARENA_MAX: '2' }

/** Enough for what Node says when it runs out of memory: the reason stands above a native stack trace of 4,000 characters. */
const STDERR_TAIL_LENGTH = 16_000

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

export class Child implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<string>
  #nextId = 1
  #ending = false
  #stderrTail = ''

  constructor(program: string, options: ChildOptions = {}) {
    const execArgv = options.maxHeapMb ? [`--max-old-space-size=${options.maxHeapMb}`] : []
    this.#process = fork(programPath(program), options.args ?? [], {
      serialization: 'advanced',
      execArgv,
      env: { ...MALLOC, ...process.env, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    if (options.niceness !== undefined && this.#process.pid) os.setPriority(this.#process.pid, options.niceness)
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_LENGTH)
    })
    this.#process.on('message', (message: Reply) => this.#receive(message, options.onEvent))
    this.#exited = new Promise((resolve) => {
      const end = (what: string) => {
        const reason = this.#ending ? what : [what, this.#stderrTail.trim()].filter(Boolean).join(': ')
        const error = new DocentError('INTERNAL', `${program} ${reason}`)
        for (const { reject } of this.#pending.values()) reject(error)
        this.#pending.clear()
        resolve(reason)
      }
      this.#process.once('error', (error) => end(`failed to start (${error.message})`))
      // Its last words may arrive after the news of its end.
      const heardOut = new Promise((heard) => this.#process.stderr?.once('close', heard))
      this.#process.once('exit', (code, signal) => {
        void heardOut.then(() => end(`ended (${signal ?? `exit status ${code}`})`))
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get alive(): boolean {
    return this.#process.connected && this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Resolves when the process has ended, with the reason: `ended (SIGABRT): ` and the end of its stderr. */
  get exited(): Promise<string> {
    return this.#exited
  }

  /** @throws what the handler threw, or INTERNAL with the end of its stderr when the process dies first. */
  request<T>(name: string, payload?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.alive) return reject(new DocentError('INTERNAL', `the child process has ended: ${this.#stderrTail}`))
      const id = this.#nextId++
      this.#pending.set(id, { resolve, reject })
      this.#process.send({ id, name, payload }, (error) => {
        if (error && this.#pending.delete(id)) reject(error)
      })
    })
  }

  /** Ends the process: asks first, insists after `graceMs`. */
  async end(graceMs = 5000): Promise<void> {
    this.#ending = true
    if (this.alive) this.#process.disconnect()
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), graceMs)
    await this.#exited
    clearTimeout(insist)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#ending = true
    this.#process.kill(signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  #receive(message: Reply, onEvent: ChildOptions['onEvent']): void {
    if ('event' in message) {
      onEvent?.(message.event, message.payload)
      return
    }
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if ('error' in message) pending?.reject(reviveError(message.error))
    else pending?.resolve(message.result as never)
  }
}

type Reply =
  | { id: number; result: unknown }
  | { id: number; error: { code: string; message: string } }
  | { event: string; payload: unknown }

// biome-ignore lint/suspicious/noExplicitAny: each handler names its own payload; the parent's types keep the two sides equal
export type Handlers = Record<string, (payload: any) => unknown>

/** The child's side: answers requests one after another, and ends when the parent goes away. */
export function serveParent(handlers: Handlers): void {
  let last: Promise<void> = Promise.resolve()
  process.on('message', ({ id, name, payload }: { id: number; name: string; payload: unknown }) => {
    last = last.then(async () => {
      try {
        const handler = handlers[name]
        if (!handler) throw new DocentError('INTERNAL', `no handler ${name}`)
        process.send?.({ id, result: await handler(payload) })
      } catch (thrown) {
        if (!(thrown instanceof DocentError)) console.error(thrown)
        process.send?.({ id, error: asDocentError(thrown).toJSON() })
      }
    })
  })
  process.once('disconnect', () => process.exit(0))
  // A terminal's Ctrl-C reaches the whole group; the parent decides when its children end.
  process.on('SIGINT', () => {})
}

/** The child's side: tells the parent something that no request asked for. */
export function emitToParent(event: string, payload: unknown): void {
  process.send?.({ event, payload })
}
