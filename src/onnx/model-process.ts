/**
 * A child process that holds an open model. One that has died is started again by the next request, so that a crash costs
 * the requests in flight and nothing after them.
 */
import { Child, type ChildOptions } from '../child.js'
import { DocentError } from '../errors.js'

export interface ModelProcessOptions {
  /** Compiled program; it answers `open` before anything else. */
  readonly program: string
  /** What `open` is sent. */
  readonly model: unknown
  /** The model as an error names it. */
  readonly name: string
  readonly child?: ChildOptions
}

export class ModelProcess implements AsyncDisposable {
  readonly #options: ModelProcessOptions
  #child: Child | null = null
  #opening: Promise<Child> | null = null
  #ended = false

  constructor(options: ModelProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get alive(): boolean {
    return this.#child?.alive ?? false
  }

  /** The living process; a new one when the last has died. @throws what the program's `open` throws. */
  open(): Promise<Child> {
    if (this.#ended) return Promise.reject(new DocentError('INTERNAL', 'the model process was asked to end'))
    if (this.#child?.alive) return Promise.resolve(this.#child)
    this.#opening ??= this.#start().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  /** @throws what the handler throws, or MODEL_PROCESS_ENDED when the process dies meanwhile. */
  async request<T>(name: string, payload?: unknown): Promise<T> {
    const child = await this.open()
    try {
      return await child.request<T>(name, payload)
    } catch (cause) {
      if (child.alive) throw cause
      const message = `the process of ${this.#options.name} ended during a run: ${String(cause)}`
      throw new DocentError('MODEL_PROCESS_ENDED', message, { cause })
    }
  }

  /** Ends the process if it lives and starts a new one. */
  async restart(): Promise<void> {
    await this.#child?.end()
    await this.open()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#opening?.catch(() => {})
    await this.#child?.end()
  }

  async #start(): Promise<Child> {
    const { program, model, child: options } = this.#options
    const child = new Child(program, options)
    try {
      await child.request('open', model)
    } catch (thrown) {
      await child.end()
      throw thrown
    }
    this.#child = child
    return child
  }
}
