/** Who watches which job, in this process. */
import type { Job } from '../domain.js'

export function hasEnded(job: Job): boolean {
  return job.status === 'SUCCEEDED' || job.status === 'FAILED' || job.status === 'CANCELLED'
}

/** A watcher's changes in order; a slow watcher only misses states that a newer one has replaced. */
class Subscription implements Disposable {
  #latest: Job | undefined
  #wake: (() => void) | undefined
  #closed = false
  readonly #onDispose: (subscription: Subscription) => void

  constructor(onDispose: (subscription: Subscription) => void) {
    this.#onDispose = onDispose
  }

  push(job: Job): void {
    this.#latest = job
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Job, void> {
    while (true) {
      const job = this.#latest
      this.#latest = undefined
      if (job) yield job
      else if (this.#closed) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  [Symbol.dispose](): void {
    this.close()
    this.#onDispose(this)
  }
}

export class JobUpdates {
  readonly #byJob = new Map<string, Set<Subscription>>()

  subscribe(jobId: string): Subscription {
    const subscription = new Subscription((ended) => {
      const others = this.#byJob.get(jobId)
      others?.delete(ended)
      if (others?.size === 0) this.#byJob.delete(jobId)
    })
    const subscriptions = this.#byJob.get(jobId) ?? new Set()
    this.#byJob.set(jobId, subscriptions.add(subscription))
    return subscription
  }

  emit(job: Job): void {
    for (const subscription of this.#byJob.get(job.id) ?? []) subscription.push(job)
  }

  /** Ends every watch. */
  close(): void {
    for (const subscriptions of this.#byJob.values()) for (const subscription of subscriptions) subscription.close()
  }
}
