/**
 * A model session in a process of its own. Enters: token ids, one input at a time however many are asked for together.
 * Leaves: the graph's outputs. The same input gives the same bits alone, under load and from any host of the same file.
 */
import { Child } from '../child.js'
import { DocentError } from '../errors.js'
import { PieceQueue, type RunOptions } from './piece-queue.js'

export type { Priority, RunOptions } from './piece-queue.js'

export interface ModelInput {
  /** With the special tokens, unpadded. */
  readonly inputIds: Int32Array
  readonly tokenTypeIds: Int32Array
}

/** Each output of the graph by its name, row major and without the batch dimension. */
export type ModelOutput = Readonly<Record<string, Float32Array>>

export interface SessionHostOptions {
  /** A `.onnx` file. */
  readonly modelPath: string
  /** One by default: several hosts use several cores better than several threads in one. */
  readonly threads?: number
  /** Scheduling priority as in os.setPriority. */
  readonly niceness?: number
}

/** About 30 ms of a small reader: what an interactive request waits for at most while bulk work runs. */
const MAX_PIECE_TOKENS = 512

export class SessionHost implements AsyncDisposable {
  readonly #options: SessionHostOptions
  readonly #queue: PieceQueue<ModelInput, ModelOutput>
  #child: Child | null = null
  #opening: Promise<Child> | null = null
  #ended = false

  private constructor(options: SessionHostOptions) {
    this.#options = options
    this.#queue = new PieceQueue<ModelInput, ModelOutput>({
      workers: [(piece) => this.#request<ModelOutput[]>('run', piece)],
      cost: (input) => input.inputIds.length,
      maxPieceCost: MAX_PIECE_TOKENS,
    })
  }

  /** @throws MODEL_CORRUPT when the file is no graph that ONNX Runtime opens. */
  static async start(options: SessionHostOptions): Promise<SessionHost> {
    const host = new SessionHost(options)
    await host.#open()
    return host
  }

  /**
   * @returns one output for each input, in their order.
   * @throws MODEL_PROCESS_ENDED when the process dies meanwhile; the next request starts it again. CANCELLED by `signal`.
   */
  run(inputs: readonly ModelInput[], options?: RunOptions): Promise<ModelOutput[]> {
    return this.#queue.run(inputs, options)
  }

  /** Runs one input of each length, so that the first person does not wait for memory to be laid out. */
  async warmUp(lengths: readonly number[]): Promise<void> {
    const inputs = lengths.map((length) => ({ inputIds: new Int32Array(length), tokenTypeIds: new Int32Array(length) }))
    await this.run(inputs)
  }

  /** Resident memory of the process. Answered between two pieces of work. */
  rssBytes(): Promise<number> {
    return this.#request<number>('rssBytes')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get alive(): boolean {
    return this.#child?.alive ?? false
  }

  /** Ends the process if it lives and starts a new one. What waits in the queue is computed by the new one. */
  async restart(): Promise<void> {
    await this.#child?.end()
    await this.#open()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#queue.close()
    await this.#opening?.catch(() => {})
    await this.#child?.end()
  }

  /** The living process; a new one when the last has died. */
  #open(): Promise<Child> {
    if (this.#ended) return Promise.reject(new DocentError('INTERNAL', 'the model process was asked to end'))
    if (this.#child?.alive) return Promise.resolve(this.#child)
    this.#opening ??= this.#startChild().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #startChild(): Promise<Child> {
    const { modelPath, threads = 1, niceness } = this.#options
    const child = new Child('onnx/session-process.js', niceness === undefined ? {} : { niceness })
    try {
      await child.request('open', { modelPath, threads })
    } catch (thrown) {
      await child.end()
      throw thrown
    }
    this.#child = child
    return child
  }

  async #request<T>(name: string, payload?: unknown): Promise<T> {
    const child = await this.#open()
    try {
      return await child.request<T>(name, payload)
    } catch (thrown) {
      if (child.alive) throw thrown
      const { modelPath } = this.#options
      throw new DocentError(
        'MODEL_PROCESS_ENDED',
        `the process of ${modelPath} ended during a run: ${String(thrown)}`,
        {
          cause: thrown,
        },
      )
    }
  }
}
