/** Disposes in reverse order, everything even when something fails. (AsyncDisposableStack came with Node 24.) */
export class DisposalStack implements AsyncDisposable {
  readonly #disposers: (() => Promise<void> | void)[] = []

  /** Takes over the disposal of `resource`. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => Promise.resolve(resource[Symbol.asyncDispose]()))
    return resource
  }

  defer(dispose: () => Promise<void> | void): void {
    this.#disposers.push(dispose)
  }

  /** May be called again: nothing is disposed twice. @throws AggregateError of what failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (let dispose = this.#disposers.pop(); dispose; dispose = this.#disposers.pop()) {
      try {
        await dispose()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'several things could not be disposed')
  }
}
