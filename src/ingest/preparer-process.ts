/** The parent's side of one preparer process (prepare-process.ts): a file at a time, within limits of time and memory. */
import { stat } from 'node:fs/promises'
import pidusage from 'pidusage'
import { Child } from '../child.js'
import { DocentError } from '../errors.js'
import type { OriginalFile, PreparedDocument } from './prepare.js'
import type { Container, Member } from './unpack.js'

const MIB = 1024 * 1024
const MEMORY_CHECK_MS = 500

export interface PreparerLimits {
  /** A parser that takes longer is killed: this, and more for each MiB of the file. */
  readonly baseTimeoutMs: number
  readonly timeoutMsPerMebibyte: number
  /** Of objects: Node ends the process that needs more. */
  readonly maxHeapMb: number
  /** Of everything (buffers lie outside the heap): a process that has more is killed. */
  readonly maxMemoryMb: number
}

export const PREPARER_LIMITS: PreparerLimits = {
  baseTimeoutMs: 120_000,
  timeoutMsPerMebibyte: 60_000,
  maxHeapMb: 2048,
  maxMemoryMb: 3072,
}

export class PreparerProcess {
  readonly #modelFolder: () => Promise<string>
  readonly #limits: PreparerLimits
  #child: Child | null = null
  /** Whose tokenizer the child has. */
  #openedFolder = ''

  constructor(modelFolder: () => Promise<string>, limits: PreparerLimits) {
    this.#modelFolder = modelFolder
    this.#limits = limits
  }

  /** Undefined while none runs: the first file starts it. */
  get pid(): number | undefined {
    return this.#child?.alive ? this.#child.pid : undefined
  }

  /** @throws MODEL_CORRUPT, MODEL_INCOMPATIBLE when the tokenizer cannot be read */
  async open(): Promise<void> {
    await (await this.#running()).request('ready')
  }

  async end(): Promise<void> {
    await this.#child?.end()
  }

  /** One call at a time. @throws as Preparer.prepare */
  prepare(file: OriginalFile, signal: AbortSignal | undefined): Promise<PreparedDocument> {
    return this.#request('prepare', file.path, file, signal)
  }

  /** One call at a time. @throws as Preparer.unpack */
  unpack(container: Container, folder: string, signal: AbortSignal | undefined): Promise<Member[]> {
    return this.#request('unpack', container.path, { container, folder }, signal)
  }

  async #request<T>(name: string, path: string, payload: unknown, signal: AbortSignal | undefined): Promise<T> {
    const { size } = await stat(path)
    const child = await this.#running()
    if (signal?.aborted) throw new DocentError('CANCELLED', 'cancelled before the file was read')
    const kill = { reason: null as DocentError | null }
    const killFor = (reason: DocentError) => {
      kill.reason ??= reason
      child.kill()
    }
    const timeoutMs = this.#limits.baseTimeoutMs + (size / MIB) * this.#limits.timeoutMsPerMebibyte
    const timer = setTimeout(
      () => killFor(new DocentError('PARSE_TIMEOUT', `reading it took more than ${Math.round(timeoutMs / 1000)} s`)),
      timeoutMs,
    )
    const memoryTimer = setInterval(() => void this.#checkMemory(child, killFor), MEMORY_CHECK_MS)
    const abort = () => killFor(new DocentError('CANCELLED', 'cancelled while the file was read'))
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await child.request<T>(name, payload)
    } catch (cause) {
      // The process goes on: these are the parser's own words.
      if (child.alive) throw cause
      throw kill.reason ?? this.#deathOf(cause as Error)
    } finally {
      clearTimeout(timer)
      clearInterval(memoryTimer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async #checkMemory(child: Child, killFor: (reason: DocentError) => void): Promise<void> {
    // Undefined when it ended in this moment: whoever waits for it hears of that.
    const usage = child.pid === undefined ? undefined : await pidusage(child.pid).catch(() => undefined)
    if (usage && usage.memory > this.#limits.maxMemoryMb * MIB) killFor(outOfMemory(this.#limits.maxMemoryMb))
  }

  #deathOf(cause: Error): DocentError {
    if (/heap out of memory|allocation failed/i.test(cause.message)) return outOfMemory(this.#limits.maxHeapMb)
    return new DocentError('PARSE_FAILED', 'the parser crashed', { cause })
  }

  async #running(): Promise<Child> {
    const folder = await this.#modelFolder()
    if (folder !== this.#openedFolder) await this.#child?.end()
    if (!this.#child?.alive) {
      this.#openedFolder = folder
      this.#child = new Child('ingest/prepare-process.js', {
        args: [folder],
        niceness: 10,
        maxHeapMb: this.#limits.maxHeapMb,
        // glibc: memory goes back to the system after each file. A fifth less is held (docs/ingest.md), at the same speed.
        env: { MALLOC_TRIM_THRESHOLD_: '131072' },
      })
    }
    return this.#child
  }
}

const outOfMemory = (limitMb: number): DocentError =>
  new DocentError('PARSE_OUT_OF_MEMORY', `reading it needed more than ${limitMb} MB of memory`)
