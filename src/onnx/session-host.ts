/**
 * A model session in a process of its own. Enters: token ids, one input at a time however many are asked for together.
 * Leaves: the graph's outputs. The same input gives the same bits alone, under load and from any host of the same file.
 */
import { ModelProcess } from './model-process.js'
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
  readonly #process: ModelProcess
  readonly #queue: PieceQueue<ModelInput, ModelOutput>

  private constructor({ modelPath, threads = 1, niceness }: SessionHostOptions) {
    this.#process = new ModelProcess({
      program: 'onnx/session-process.js',
      model: { modelPath, threads },
      name: modelPath,
      child: niceness === undefined ? {} : { niceness },
    })
    this.#queue = new PieceQueue<ModelInput, ModelOutput>({
      workers: [(piece) => this.#process.request<ModelOutput[]>('run', piece)],
      cost: (input) => input.inputIds.length,
      maxPieceCost: MAX_PIECE_TOKENS,
    })
  }

  /** @throws MODEL_CORRUPT when the file is no graph that ONNX Runtime opens. */
  static async start(options: SessionHostOptions): Promise<SessionHost> {
    const host = new SessionHost(options)
    await host.#process.open()
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
    return this.#process.request<number>('rssBytes')
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get alive(): boolean {
    return this.#process.alive
  }

  /** Ends the process if it lives and starts a new one. What waits in the queue is computed by the new one. */
  restart(): Promise<void> {
    return this.#process.restart()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.close()
    await this.#process[Symbol.asyncDispose]()
  }
}
