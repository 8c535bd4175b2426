/** A resource that is exchanged while it is used: who began with the old one ends with it, and after the last it is disposed. */
import type { Logger } from './log.js'

interface Held<T> {
  readonly resource: T
  inUse: number
  /** Set when it is replaced: called when the last user is done. */
  onIdle: (() => void) | undefined
}

export class Exchangeable<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #log: Logger
  readonly #draining = new Set<Promise<void>>()
  #held: Held<T> | undefined

  constructor({ log }: { log: Logger }) {
    this.#log = log
  }

  get current(): T | undefined {
    return this.#held?.resource
  }

  /** Undefined, and nothing done, while there is none. */
  use<R>(work: (resource: T) => Promise<R>): Promise<R> | undefined {
    // No await between the look and the count, or an exchange could end what was just chosen.
    const held = this.#held
    if (!held) return undefined
    held.inUse++
    return work(held.resource).finally(() => {
      held.inUse--
      if (held.inUse === 0) held.onIdle?.()
    })
  }

  /** New users get `next` at once. @returns resolves when the old one has ended; never throws */
  exchange(next: T | undefined): Promise<void> {
    const old = this.#held
    this.#held = next && { resource: next, inUse: 0, onIdle: undefined }
    return old ? this.#drain(old) : Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    void this.exchange(undefined)
    await Promise.all(this.#draining)
  }

  #drain(old: Held<T>): Promise<void> {
    const draining = new Promise<void>((resolve) => {
      old.onIdle = resolve
      if (old.inUse === 0) resolve()
    })
      .then(() => old.resource[Symbol.asyncDispose]())
      .catch((error: unknown) => this.#log.error({ err: error }, 'what was replaced did not end cleanly'))
      .finally(() => this.#draining.delete(draining))
    this.#draining.add(draining)
    return draining
  }
}
