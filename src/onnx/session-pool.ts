/** Several single-threaded hosts of one model: inputs go to whichever is free, and every one gives the same result. */
import { availableParallelism } from 'node:os'
import { PieceQueue, type RunOptions } from './piece-queue.js'
import { type ModelInput, type ModelOutput, SessionHost, type SessionHostOptions } from './session-host.js'

export interface SessionPoolOptions extends Omit<SessionHostOptions, 'threads'> {
  /** Two by default, or one on a single core. */
  readonly processes?: number
}

/** Small, so that the inputs of one request spread over the hosts: usually a window each. */
const MAX_PIECE_TOKENS = 384

export class SessionPool implements AsyncDisposable {
  readonly #hosts: readonly SessionHost[]
  readonly #queue: PieceQueue<ModelInput, ModelOutput>

  private constructor(hosts: readonly SessionHost[]) {
    this.#hosts = hosts
    this.#queue = new PieceQueue<ModelInput, ModelOutput>({
      workers: hosts.map((host) => (piece, priority) => host.run(piece, { priority })),
      cost: (input) => input.inputIds.length,
      maxPieceCost: MAX_PIECE_TOKENS,
    })
  }

  /** @throws as {@link SessionHost.start}; then none is left running. */
  static async start(options: SessionPoolOptions): Promise<SessionPool> {
    const { processes = Math.min(2, availableParallelism()), ...hostOptions } = options
    const started = await Promise.allSettled(Array.from({ length: processes }, () => SessionHost.start(hostOptions)))
    const hosts = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failure = started.find((result) => result.status === 'rejected')
    if (failure) {
      await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
      throw failure.reason
    }
    return new SessionPool(hosts)
  }

  /** As {@link SessionHost.run}. A request whose host dies is rejected; the host is started again by the next one. */
  run(inputs: readonly ModelInput[], options?: RunOptions): Promise<ModelOutput[]> {
    return this.#queue.run(inputs, options)
  }

  async warmUp(lengths: readonly number[]): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.warmUp(lengths)))
  }

  get pids(): readonly number[] {
    return this.#hosts.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Resident memory of all its processes together. */
  async rssBytes(): Promise<number> {
    const sizes = await Promise.all(this.#hosts.map((host) => host.rssBytes()))
    return sizes.reduce((total, size) => total + size, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.close()
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()))
  }
}
