/**
 * embed/: enters a text, leaves its place in meaning: numbers of L2 norm 1, as many as the model's hidden size, where the
 * cosine of two texts says how near they are. Called by jobs/ (chunks) and retrieve/ (questions).
 *
 * An encoder of sentence-transformers (Reimers and Gurevych 2019; mean or [CLS] pooling, as it computes them) through
 * `@xenova/transformers`, in processes of its own: a run blocks the event loop that calls it. Each text is run alone, so
 * that its vector does not depend on what else is asked for.
 */
import { availableParallelism } from 'node:os'
import { ModelProcess } from '../onnx/model-process.js'
import { PieceQueue, type RunOptions } from '../onnx/piece-queue.js'

export type { Priority, RunOptions } from '../onnx/piece-queue.js'

export type EmbedderForm = 'int8' | 'fp32'

export interface EmbedderOptions {
  /** Laid out as Transformers.js expects it: config.json, tokenizer.json, tokenizer_config.json, onnx/. */
  readonly modelFolder: string
  /** `int8` (onnx/model_quantized.onnx) unless told; `fp32` is onnx/model.onnx. */
  readonly form?: EmbedderForm
  /** Of each process; one per core unless told: a question waits for one text at most. */
  readonly threads?: number
  /** One unless told. Several of one thread embed many texts faster than one of several threads: docs/ingest.md. */
  readonly processes?: number
  /** 0 unless told; what nobody waits for yields to what answers. */
  readonly niceness?: number
}

/** A few chunks: bulk requests take turns after each. */
const MAX_PIECE_CHARACTERS = 2000

export class Embedder implements AsyncDisposable {
  readonly #processes: readonly ModelProcess[]
  readonly #queue: PieceQueue<string, Float32Array>

  private constructor({ processes, niceness, ...model }: Required<EmbedderOptions>) {
    const child = niceness === 0 ? {} : { niceness }
    const options = { program: 'embed/embed-process.js', model, name: model.modelFolder, child }
    this.#processes = Array.from({ length: processes }, () => new ModelProcess(options))
    this.#queue = new PieceQueue<string, Float32Array>({
      workers: this.#processes.map((process) => (piece) => process.request<Float32Array[]>('embed', piece)),
      cost: (text) => text.length,
      maxPieceCost: MAX_PIECE_CHARACTERS,
    })
  }

  /** @throws MODEL_CORRUPT when the folder holds no model that Transformers.js opens, MODEL_INCOMPATIBLE */
  static async start({
    form = 'int8',
    threads = availableParallelism(),
    processes = 1,
    niceness = 0,
    modelFolder,
  }: EmbedderOptions): Promise<Embedder> {
    const embedder = new Embedder({ form, threads, processes, niceness, modelFolder })
    // The queue takes the last one first; the others start when there is a piece for them.
    await embedder.#processes.at(-1)?.open()
    return embedder
  }

  /**
   * @returns a vector for each text, in their order. A text longer than the model reads loses its end.
   * @throws MODEL_PROCESS_ENDED when the process dies meanwhile; the next request starts it again. CANCELLED by `signal`.
   */
  embed(texts: readonly string[], options?: RunOptions): Promise<Float32Array[]> {
    return this.#queue.run(texts, options)
  }

  /** Of the processes that have been started. */
  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => pid ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.close()
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()))
  }
}
