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
