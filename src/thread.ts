/**
 * Worker threads of Docent: what blocks but shares our fate runs in one (SQLite, hnswlib); what may crash or leak runs in
 * a child process (child.ts). The two speak alike: `request` resolves with the reply of the handler of that name.
 *
 * Handlers run one after another in the order of the requests, so a sequence of requests needs no waiting in between.
 */
import { parentPort, type Transferable, Worker, workerData } from 'node:worker_threads'
import { programPath } from './child.js'
import { asDocentError, DocentError, type ErrorCode, reviveError } from './errors.js'

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

type Reply = { id: number; result: unknown } | { id: number; error: { code: string; message: string } }

export class Thread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  readonly #endedCode: ErrorCode
  #nextId = 1
  #failure: DocentError | undefined

  /**
   * @param program path under `dist/`, which calls {@link serveThread}; `data` is what it finds as its argument
   * @param endedCode what a request throws when the thread has ended
   */
  constructor(program: string, data: unknown, endedCode: ErrorCode = 'INTERNAL') {
    this.#endedCode = endedCode
    this.#worker = new Worker(programPath(program), { workerData: data, name: program })
    this.#worker.on('message', (reply: Reply) => {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if ('error' in reply) pending?.reject(reviveError(reply.error))
      else pending?.resolve(reply.result as never)
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.once('error', (error) => this.#fail(`${program} died: ${error.message}`, error))
      this.#worker.once('exit', () => {
        this.#fail(`${program} has ended`)
        resolve()
      })
    })
  }

  /** Why requests are refused; undefined while the thread lives. */
  get failure(): DocentError | undefined {
    return this.#failure
  }

  /** @throws what the handler threw, or the code for it when the thread has ended. What is in `transfer` is gone here. */
  request<T>(name: string, payload?: unknown, transfer: readonly Transferable[] = []): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      const id = this.#nextId++
      this.#pending.set(id, { resolve, reject })
      this.#worker.postMessage({ id, name, payload }, transfer)
    })
  }

  /** Waits for the requests made so far, then ends the thread. */
  async end(): Promise<void> {
    if (!this.#failure) this.#worker.postMessage('end')
    await this.#exited
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  #fail(reason: string, cause?: Error): void {
    this.#failure ??= new DocentError(this.#endedCode, reason, { cause })
    for (const { reject } of this.#pending.values()) reject(this.#failure)
    this.#pending.clear()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each handler names its own payload; the parent's types keep the two sides equal
export type ThreadHandlers = Record<string, (payload: any) => unknown>

/** A handler's result with buffers that move instead of being copied. */
export class Transferring {
  constructor(
    readonly result: unknown,
    readonly transfer: readonly Transferable[],
  ) {}
}

/** The thread's side. `end` runs after the last request. An error that is no DocentError passes through `translate`. */
export function serveThread<Data>(
  open: (data: Data) => { handlers: ThreadHandlers; end?: () => void },
  translate: (thrown: unknown) => DocentError = asDocentError,
): void {
  const port = parentPort
  if (!port) throw new DocentError('INTERNAL', 'this program runs as a worker thread only')
  const { handlers, end } = open(workerData as Data)
  const answer = async ({ id, name, payload }: { id: number; name: string; payload: unknown }) => {
    try {
      const handler = handlers[name]
      if (!handler) throw new DocentError('INTERNAL', `no handler ${name}`)
      const result = await handler(payload)
      if (result instanceof Transferring) port.postMessage({ id, result: result.result }, result.transfer)
      else port.postMessage({ id, result })
    } catch (thrown) {
      port.postMessage({ id, error: translate(thrown).toJSON() })
    }
  }
  let last: Promise<void> = Promise.resolve()
  port.on('message', (message: { id: number; name: string; payload: unknown } | 'end') => {
    last = last.then(() => {
      if (message !== 'end') return answer(message)
      end?.()
      port.close()
    })
  })
}
