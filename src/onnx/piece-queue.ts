/**
 * Spreads requests of many inputs over workers, in pieces: an interactive request goes before every bulk one, and waits at
 * most for the pieces that are running. Nothing else depends on the order: each input is computed alone.
 */
import { DocentError } from '../errors.js'

export type Priority = 'interactive' | 'bulk'

export interface RunOptions {
  /** A person waits for an interactive request (the default); ingest and evaluation are bulk. */
  readonly priority?: Priority
  readonly signal?: AbortSignal
  /** Called after every piece. */
  readonly onProgress?: (done: number, total: number) => void
}

type Worker<Input, Output> = (piece: readonly Input[], priority: Priority) => Promise<readonly Output[]>

export interface PieceQueueOptions<Input, Output> {
  /** Each runs one piece at a time. */
  readonly workers: readonly Worker<Input, Output>[]
  /** What an input costs. A piece holds inputs up to `maxPieceCost`, and at least one. */
  readonly cost: (input: Input) => number
  readonly maxPieceCost: number
}

interface Request<Input, Output> {
  readonly inputs: readonly Input[]
  readonly outputs: Output[]
  readonly priority: Priority
  taken: number
  done: number
  readonly progress: () => void
  readonly resolve: (outputs: Output[]) => void
  readonly reject: (error: unknown) => void
}

export class PieceQueue<Input, Output> {
  readonly #options: PieceQueueOptions<Input, Output>
  readonly #waiting: Record<Priority, Request<Input, Output>[]> = { interactive: [], bulk: [] }
  readonly #running = new Set<Request<Input, Output>>()
  readonly #idle: Worker<Input, Output>[]
  #closed = false

  constructor(options: PieceQueueOptions<Input, Output>) {
    this.#options = options
    this.#idle = [...options.workers]
  }

  /**
   * @returns one output for each input, in their order.
   * @throws what a worker threw (the rest of the request is dropped), or CANCELLED when `signal` aborts.
   */
  run(inputs: readonly Input[], options: RunOptions = {}): Promise<Output[]> {
    const { priority = 'interactive', signal, onProgress } = options
    if (signal?.aborted) return Promise.reject(cancelled())
    if (this.#closed) return Promise.reject(closed())
    if (inputs.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#fail(request, cancelled())
      const settle = () => signal?.removeEventListener('abort', onAbort)
      const request: Request<Input, Output> = {
        inputs,
        outputs: new Array(inputs.length),
        priority,
        taken: 0,
        done: 0,
        progress: () => onProgress?.(request.done, inputs.length),
        resolve: (outputs) => {
          settle()
          resolve(outputs)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting[priority].push(request)
      this.#startPieces()
    })
  }

  /** Rejects what waits and what runs, and everything that is asked afterwards. */
  close(): void {
    this.#closed = true
    for (const request of [...this.#waiting.interactive, ...this.#waiting.bulk, ...this.#running]) {
      this.#fail(request, closed())
    }
  }

  #startPieces(): void {
    for (;;) {
      const request = this.#waiting.interactive[0] ?? this.#waiting.bulk[0]
      if (!request) return
      const worker = this.#idle.pop()
      if (!worker) return
      void this.#runPiece(worker, request)
    }
  }

  async #runPiece(worker: Worker<Input, Output>, request: Request<Input, Output>): Promise<void> {
    const start = request.taken
    const piece = this.#takePiece(request)
    this.#running.add(request)
    try {
      const outputs = await worker(piece, request.priority)
      outputs.forEach((output, index) => {
        request.outputs[start + index] = output
      })
      request.done += piece.length
      request.progress()
      if (request.done === request.inputs.length) {
        this.#running.delete(request)
        request.resolve(request.outputs)
      }
    } catch (thrown) {
      this.#fail(request, thrown)
    } finally {
      this.#idle.push(worker)
      this.#startPieces()
    }
  }

  #takePiece(request: Request<Input, Output>): readonly Input[] {
    const { cost, maxPieceCost } = this.#options
    const start = request.taken
    let total = 0
    do {
      total += cost(request.inputs[request.taken] as Input)
      request.taken++
    } while (
      request.taken < request.inputs.length &&
      total + cost(request.inputs[request.taken] as Input) <= maxPieceCost
    )
    const isTaken = request.taken === request.inputs.length
    if (isTaken || request.priority === 'bulk') this.#drop(request)
    // Bulk requests take turns: a short document does not wait for a book. Of people, who came first is served first.
    if (!isTaken && request.priority === 'bulk') this.#waiting.bulk.push(request)
    return request.inputs.slice(start, request.taken)
  }

  #drop(request: Request<Input, Output>): void {
    const waiting = this.#waiting[request.priority]
    const index = waiting.indexOf(request)
    if (index >= 0) waiting.splice(index, 1)
  }

  #fail(request: Request<Input, Output>, error: unknown): void {
    this.#drop(request)
    this.#running.delete(request)
    request.reject(error)
  }
}

const cancelled = () => new DocentError('CANCELLED', 'the request was cancelled')
const closed = () => new DocentError('INTERNAL', 'the model process was asked to end')
