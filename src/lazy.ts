/** A resource that starts when it is first asked for; a failed start is tried again by the next one who asks. */
export class Lazy<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #start: () => Promise<T>
  #started: Promise<T> | undefined

  constructor(start: () => Promise<T>) {
    this.#start = start
  }

  get(): Promise<T> {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = this.#started
    this.#started = undefined
    // A start that failed has nothing to dispose, and whoever asked for it was told.
    const resource = await started?.catch(() => undefined)
    await resource?.[Symbol.asyncDispose]()
  }
}

/** One that ends when nobody has used it for a while, and starts again for the next user. */
export class LazyUntilIdle<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #resource: Lazy<T>
  readonly #idleMs: number
  #users = 0
  #timer: NodeJS.Timeout | undefined
  #ending: Promise<void> = Promise.resolve()

  constructor(start: () => Promise<T>, { idleMs }: { idleMs: number }) {
    this.#resource = new Lazy(start)
    this.#idleMs = idleMs
  }

  async use<R>(work: (resource: T) => Promise<R>): Promise<R> {
    this.#users++
    clearTimeout(this.#timer)
    try {
      await this.#ending
      return await work(await this.#resource.get())
    } finally {
      this.#users--
      if (this.#users === 0) this.#timer = setTimeout(() => this.#end(), this.#idleMs).unref()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#end()
    await this.#ending
  }

  #end(): void {
    this.#ending = this.#ending.then(() => this.#resource[Symbol.asyncDispose]())
  }
}
