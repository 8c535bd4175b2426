import { Mutex } from 'async-mutex'
import type { Promotion } from '../domain.js'
import { asDocentError, DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { Store } from '../store/store.js'
import type { ModelVersion, Registry } from './registry.js'

export type PromotedListener = (version: ModelVersion) => void | Promise<void>

export interface ModelsOptions {
  readonly registry: Registry
  readonly store: Store
  readonly log: Logger
}

/**
 * Which reader version serves: the newest row of `promotions`, which is its audit record too. The row is written after the
 * folder was verified, and listeners (the serving reader) are told after the row is durable.
 */
export class Models {
  readonly #registry: Registry
  readonly #store: Store
  readonly #log: Logger
  readonly #listeners = new Set<PromotedListener>()
  readonly #changing = new Mutex()
  /** Versions whose every byte this process has read. */
  readonly #verified = new Set<string>()

  constructor({ registry, store, log }: ModelsOptions) {
    this.#registry = registry
    this.#store = store
    this.#log = log
  }

  /**
   * The version that serves, verified the first time that a process asks. On data that has none yet, the newest bundled
   * version is promoted first (kind INITIAL).
   * @throws MODEL_NOT_FOUND when there is none, MODEL_CORRUPT, MODEL_INCOMPATIBLE; `rollback` and `promote` still work then.
   */
  async current(): Promise<ModelVersion> {
    const row = await this.#store.reader.promotions.current()
    if (!row) return this.#changing.runExclusive(() => this.#initialise())
    if (!this.#verified.has(row.modelVersion)) await this.#verify(row.modelVersion)
    return this.#registry.get(row.modelVersion)
  }

  /** Any version, serving or not. @throws as {@link Registry.get} */
  get(id: string): Promise<ModelVersion> {
    return this.#registry.get(id)
  }

  /** Called with each version that becomes current. @returns what ends the subscription. */
  onPromoted(listener: PromotedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Makes `id` the version that serves and resolves when it does. The version that is current already is left as it is
   * and gets no second audit record.
   * @throws MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE, HEAD_UNTRAINED; the old version serves on.
   */
  promote(id: string, { kind, reason }: { kind: 'GATE' | 'MANUAL'; reason: string }): Promise<ModelVersion> {
    return this.#changing.runExclusive(() => this.#switchTo(id, kind, reason))
  }

  /**
   * Back to the version that served before the current one; again, and it goes one further back.
   * @throws NOTHING_TO_ROLL_BACK
   */
  rollback(reason: string): Promise<ModelVersion> {
    return this.#changing.runExclusive(async () => {
      const [current, previous] = servedInOrder(await this.#store.reader.promotions.history())
      if (current === undefined || previous === undefined) {
        throw new DocentError('NOTHING_TO_ROLL_BACK', `no version served before ${current ?? 'any'}`)
      }
      return this.#switchTo(previous, 'ROLLBACK', reason)
    })
  }

  async #initialise(): Promise<ModelVersion> {
    const row = await this.#store.reader.promotions.current()
    if (row) return this.#registry.get(row.modelVersion)
    const versions = await this.#registry.list()
    const first =
      versions.find(({ manifest }) => manifest.origin === 'BUNDLED') ??
      versions.find(({ manifest }) => !manifest.untrainedHead)
    if (!first) {
      throw new DocentError('MODEL_NOT_FOUND', `${this.#registry.readersDir} holds no version: run \`npm run setup\``)
    }
    // Nothing served before, so there is nobody to tell: whoever asks opens it.
    await this.#verify(first.id)
    await this.#append(first.id, 'INITIAL', 'first start')
    return first
  }

  async #switchTo(id: string, kind: Promotion['kind'], reason: string): Promise<ModelVersion> {
    const version = await this.#registry.get(id)
    if (version.manifest.untrainedHead) {
      throw new DocentError('HEAD_UNTRAINED', `the head of ${id} has learnt nothing: it would answer by chance`)
    }
    await this.#verify(id)
    const previous = (await this.#store.reader.promotions.current())?.modelVersion
    if (previous === id) return version
    await this.#append(id, kind, reason)
    this.#log.info({ modelVersion: id, previous, kind, reason }, 'model version promoted')
    try {
      for (const listener of this.#listeners) await listener(version)
    } catch (error) {
      // What serves and what the row names must not disagree: the listener kept the old version, so the row goes back.
      if (previous !== undefined) {
        await this.#append(previous, 'ROLLBACK', `${id} could not be put to service: ${asDocentError(error).message}`)
      }
      throw error
    }
    return version
  }

  async #verify(id: string): Promise<void> {
    await this.#registry.verify(id)
    this.#verified.add(id)
  }

  #append(modelVersion: string, kind: Promotion['kind'], reason: string): Promise<Promotion> {
    return this.#store.transact(({ promotions }) =>
      promotions.append({ modelVersion, kind, reason, createdAt: new Date() }),
    )
  }
}

/**
 * The versions that served, the current one first. A rollback undoes the promotion before it, as if that had never been:
 * what it left is not a version to roll back to.
 * @param history newest first
 */
export function servedInOrder(history: readonly Promotion[]): string[] {
  const served: string[] = []
  for (const { kind, modelVersion } of history.toReversed()) {
    const backTo = kind === 'ROLLBACK' ? served.lastIndexOf(modelVersion) : -1
    if (backTo >= 0) served.length = backTo + 1
    else served.push(modelVersion)
  }
  return served.reverse()
}
