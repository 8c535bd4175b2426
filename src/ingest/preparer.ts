import { stat } from 'node:fs/promises'
import { Mutex } from 'async-mutex'
import { Child } from '../child.js'
import { DocentError } from '../errors.js'
import type { OriginalFile, PreparedDocument } from './prepare.js'

export type { OriginalFile, PreparedDocument } from './prepare.js'

const MIB = 1024 * 1024

export interface PreparerLimits {
  /** A parser that takes longer is killed: this, and more for each MiB of the file. */
  readonly baseTimeoutMs: number
  readonly timeoutMsPerMebibyte: number
  readonly maxHeapMb: number
  /** The process ends after this long without work: an idle server keeps no parser in memory. */
  readonly idleMs: number
}

export const PREPARER_LIMITS: PreparerLimits = {
  baseTimeoutMs: 120_000,
  timeoutMsPerMebibyte: 60_000,
  maxHeapMb: 2048,
  idleMs: 60_000,
}

/**
 * Files are hostile: parsing and chunking run in a process of their own, one file at a time, at a lower priority than
 * answering. When a file hangs or kills it, that file has failed and the next one gets a new process.
 */
export class Preparer implements AsyncDisposable {
  readonly #modelFolder: string
  readonly #limits: PreparerLimits
  readonly #mutex = new Mutex()
  #child: Child | null = null
  #idleTimer: NodeJS.Timeout | undefined
  #disposed = false

  private constructor(modelFolder: string, limits: PreparerLimits) {
    this.#modelFolder = modelFolder
    this.#limits = limits
  }

  /**
   * @param options.modelFolder the embedder's, whose tokens chunks are measured in
   * @throws MODEL_CORRUPT, MODEL_INCOMPATIBLE when its tokenizer cannot be read
   */
  static async start(options: { modelFolder: string; limits?: Partial<PreparerLimits> }): Promise<Preparer> {
    const preparer = new Preparer(options.modelFolder, { ...PREPARER_LIMITS, ...options.limits })
    try {
      await preparer.#running().request('ready')
    } catch (error) {
      await preparer[Symbol.asyncDispose]()
      throw error
    }
    preparer.#endWhenIdle()
    return preparer
  }

  /** Process id while one runs: it is started by the first file and ends after a while without work. */
  get pid(): number | undefined {
    return this.#child?.alive ? this.#child.pid : undefined
  }

  /**
   * @throws what the parser says (UNSUPPORTED_MEDIA_TYPE, CONTENT_MISMATCH, INVALID_ENCODING, EMPTY_DOCUMENT, PARSE_FAILED);
   *   PARSE_FAILED when it took too long or died; CANCELLED when `signal` was aborted
   */
  prepare(file: OriginalFile, signal?: AbortSignal): Promise<PreparedDocument> {
    return this.#mutex.runExclusive(async () => {
      clearTimeout(this.#idleTimer)
      try {
        return await this.#prepareNow(file, signal)
      } finally {
        this.#endWhenIdle()
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#idleTimer)
    await this.#child?.end()
  }

  async #prepareNow(file: OriginalFile, signal: AbortSignal | undefined): Promise<PreparedDocument> {
    const { size } = await stat(file.path)
    if (signal?.aborted) throw new DocentError('CANCELLED', 'cancelled before the file was read')
    const child = this.#running()
    const timeoutMs = this.#limits.baseTimeoutMs + (size / MIB) * this.#limits.timeoutMsPerMebibyte
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill()
    }, timeoutMs)
    const abort = () => child.kill()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await child.request<PreparedDocument>('prepare', file)
    } catch (cause) {
      // The process goes on: these are the parser's own words.
      if (child.alive) throw cause
      if (signal?.aborted) throw new DocentError('CANCELLED', 'cancelled while the file was read')
      const reason = late
        ? `was stopped after ${Math.round(timeoutMs / 1000)} s`
        : `needed more than ${this.#limits.maxHeapMb} MB of memory or crashed`
      throw new DocentError('PARSE_FAILED', `the parser ${reason}`, { cause })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  #running(): Child {
    if (this.#disposed) throw new DocentError('CANCELLED', 'the server is shutting down')
    if (!this.#child?.alive) {
      this.#child = new Child('ingest/prepare-process.js', {
        args: [this.#modelFolder],
        niceness: 10,
        maxHeapMb: this.#limits.maxHeapMb,
      })
    }
    return this.#child
  }

  #endWhenIdle(): void {
    if (this.#disposed) return
    this.#idleTimer = setTimeout(() => {
      void this.#mutex.runExclusive(() => this.#child?.end())
    }, this.#limits.idleMs)
    this.#idleTimer.unref()
  }
}
