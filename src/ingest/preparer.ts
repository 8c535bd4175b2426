import { DocentError } from '../errors.js'
import type { OriginalFile, PreparedDocument } from './prepare.js'
import { PREPARER_LIMITS, type PreparerLimits, PreparerProcess } from './preparer-process.js'
import type { Container, Member } from './unpack.js'

export type { OriginalFile, PreparedDocument } from './prepare.js'

export interface PreparerOptions {
  /** The embedder's, whose tokens chunks are measured in; asked before every file, since another may serve by then. */
  readonly modelFolder: string | (() => Promise<string>)
  /** Files that are read at the same time. */
  readonly processes?: number
  readonly limits?: Partial<PreparerLimits>
  /** Processes end after this long without work: an idle server keeps no parser in memory. */
  readonly idleMs?: number
}

/**
 * Files are hostile: parsing and chunking run in a pool of processes, one file each at a time, at a lower priority than
 * answering. When a file hangs one or kills it, that file has failed and the next one gets a new process.
 */
export class Preparer implements AsyncDisposable {
  readonly #free: PreparerProcess[]
  readonly #all: readonly PreparerProcess[]
  readonly #waiting: ((process: PreparerProcess) => void)[] = []
  readonly #idleMs: number
  #idleTimer: NodeJS.Timeout | undefined
  #disposed = false

  private constructor({ modelFolder, processes = 2, limits, idleMs = 60_000 }: PreparerOptions) {
    const all = { ...PREPARER_LIMITS, ...limits }
    const folder = typeof modelFolder === 'string' ? async () => modelFolder : modelFolder
    this.#all = Array.from({ length: processes }, () => new PreparerProcess(folder, all))
    // Reversed: the one that `start` opens is taken first.
    this.#free = this.#all.toReversed()
    this.#idleMs = idleMs
  }

  /** @throws MODEL_CORRUPT, MODEL_INCOMPATIBLE when the model's tokenizer cannot be read */
  static async start(options: PreparerOptions): Promise<Preparer> {
    const preparer = new Preparer(options)
    try {
      await preparer.#all[0]?.open()
    } catch (error) {
      await preparer[Symbol.asyncDispose]()
      throw error
    }
    preparer.#endWhenIdle()
    return preparer
  }

  /** Of the processes that run: the first files start them, and they end after a while without work. */
  get pids(): number[] {
    return this.#all.flatMap(({ pid }) => pid ?? [])
  }

  /**
   * @throws what the parser says (see prepareFile); PARSE_TIMEOUT, PARSE_OUT_OF_MEMORY and PARSE_FAILED when it had to be
   *   ended or died; CANCELLED when `signal` was aborted
   */
  prepare(file: OriginalFile, signal?: AbortSignal): Promise<PreparedDocument> {
    return this.#withProcess((process) => process.prepare(file, signal))
  }

  /** @throws what unpack says, else as `prepare` */
  unpack(container: Container, folder: string, signal?: AbortSignal): Promise<Member[]> {
    return this.#withProcess((process) => process.unpack(container, folder, signal))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#idleTimer)
    await Promise.all(this.#all.map((process) => process.end()))
  }

  async #withProcess<T>(work: (process: PreparerProcess) => Promise<T>): Promise<T> {
    clearTimeout(this.#idleTimer)
    // The one that was used last: with little to do, one process does it all.
    const process = this.#free.pop() ?? (await new Promise<PreparerProcess>((resolve) => this.#waiting.push(resolve)))
    try {
      if (this.#disposed) throw new DocentError('CANCELLED', 'the server is shutting down')
      return await work(process)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(process)
      else this.#free.push(process)
      this.#endWhenIdle()
    }
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idleTimer)
    if (this.#disposed || this.#free.length < this.#all.length) return
    this.#idleTimer = setTimeout(() => void Promise.all(this.#free.map((process) => process.end())), this.#idleMs)
    this.#idleTimer.unref()
  }
}
