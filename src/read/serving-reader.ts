/**
 * The reader that serves, and its exchange while questions are answered: the new version is opened and warmed, then takes
 * the new questions, and the old one ends when the last question that it was given is answered.
 */
import { Mutex } from 'async-mutex'
import { DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { ServedForm } from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import type { Calibration } from './confidence.js'
import type { Reader, ReadResult } from './reader.js'

/** A version ready to read: its sessions run until it is disposed. */
export interface OpenedReader extends AsyncDisposable {
  readonly version: ModelVersion
  readonly form: ServedForm
  /** Of that form. */
  readonly calibration: Calibration
  readonly reader: Pick<Reader, 'read'>
}

export interface ServedReading extends ReadResult {
  /** What read it, whatever serves by now. */
  readonly version: ModelVersion
  readonly form: ServedForm
  /** Of that form. */
  readonly calibration: Calibration
}

interface Serving {
  readonly opened: OpenedReader
  inFlight: number
  /** Set when it is replaced: called when the last question is answered. */
  onIdle: (() => void) | undefined
}

export interface ServingReaderOptions {
  /** Which version to open when the first question comes. */
  readonly current: () => Promise<ModelVersion>
  readonly open: (version: ModelVersion) => Promise<OpenedReader>
  readonly log: Logger
}

export class ServingReader implements AsyncDisposable {
  readonly #options: ServingReaderOptions
  readonly #changing = new Mutex()
  readonly #draining = new Set<Promise<void>>()
  #serving: Serving | undefined
  #disposed = false

  constructor(options: ServingReaderOptions) {
    this.#options = options
  }

  /** The version that answers now; undefined until one is open. */
  get version(): ModelVersion | undefined {
    return this.#serving?.opened.version
  }

  /** The form in which it answers. */
  get form(): ServedForm | undefined {
    return this.#serving?.opened.form
  }

  /** Opens the current version, if none is open yet. @throws MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE, FORM_UNAVAILABLE */
  async warmUp(): Promise<void> {
    await this.#changing.runExclusive(async () => {
      this.#serving ??= await this.#open(await this.#options.current())
    })
  }

  async read(question: string, passages: readonly { readonly text: string }[]): Promise<ServedReading> {
    // No await between the look and the count, or a swap could end what was just chosen.
    let serving = this.#serving
    while (!serving) {
      await this.warmUp()
      serving = this.#serving
    }
    serving.inFlight++
    try {
      const { version, form, calibration, reader } = serving.opened
      return { ...(await reader.read(question, passages)), version, form, calibration }
    } finally {
      serving.inFlight--
      if (serving.inFlight === 0) serving.onIdle?.()
    }
  }

  /** Resolves when new questions go to `version`; whatever fails before that leaves the old one serving. */
  async swap(version: ModelVersion): Promise<void> {
    await this.#changing.runExclusive(async () => {
      // Nothing is open yet: the first question opens what is current by then.
      if (!this.#serving || this.#serving.opened.version.id === version.id) return
      const next = await this.#open(version)
      const old = this.#serving
      this.#serving = next
      const { form } = next.opened
      this.#options.log.info({ from: old.opened.version.id, to: version.id, form }, 'another reader serves')
      this.#drain(old)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await this.#changing.runExclusive(async () => {
      if (this.#serving) this.#drain(this.#serving)
      this.#serving = undefined
    })
    await Promise.all(this.#draining)
  }

  async #open(version: ModelVersion): Promise<Serving> {
    if (this.#disposed) throw new DocentError('OVERLOADED', 'the server is shutting down')
    return { opened: await this.#options.open(version), inFlight: 0, onIdle: undefined }
  }

  #drain(old: Serving): void {
    const draining = new Promise<void>((resolve) => {
      old.onIdle = resolve
      if (old.inFlight === 0) resolve()
    })
      .then(() => old.opened[Symbol.asyncDispose]())
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'an old reader did not end cleanly'))
      .finally(() => this.#draining.delete(draining))
    this.#draining.add(draining)
  }
}
