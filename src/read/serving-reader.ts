/**
 * The reader that serves, and its exchange while questions are answered: the new version is opened and warmed, then takes
 * the new questions, and the old one ends when the last question that it was given is answered.
 */
import { Mutex } from 'async-mutex'
import { DocentError } from '../errors.js'
import { Exchangeable } from '../exchangeable.js'
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

export interface ServingReaderOptions {
  /** Which version to open when the first question comes. */
  readonly current: () => Promise<ModelVersion>
  readonly open: (version: ModelVersion) => Promise<OpenedReader>
  readonly log: Logger
}

export class ServingReader implements AsyncDisposable {
  readonly #options: ServingReaderOptions
  readonly #changing = new Mutex()
  readonly #serving: Exchangeable<OpenedReader>
  #disposed = false

  constructor(options: ServingReaderOptions) {
    this.#options = options
    this.#serving = new Exchangeable(options)
  }

  /** The version that answers now; undefined until one is open. */
  get version(): ModelVersion | undefined {
    return this.#serving.current?.version
  }

  /** The form in which it answers. */
  get form(): ServedForm | undefined {
    return this.#serving.current?.form
  }

  /** Opens the current version, if none is open yet. @throws MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_INCOMPATIBLE, FORM_UNAVAILABLE */
  async warmUp(): Promise<void> {
    await this.#changing.runExclusive(async () => {
      if (!this.#serving.current) void this.#serving.exchange(await this.#open(await this.#options.current()))
    })
  }

  async read(question: string, passages: readonly { readonly text: string }[]): Promise<ServedReading> {
    for (;;) {
      const reading = this.#serving.use(async ({ version, form, calibration, reader }) => {
        return { ...(await reader.read(question, passages)), version, form, calibration }
      })
      if (reading) return reading
      await this.warmUp()
    }
  }

  /** Resolves when new questions go to `version`; whatever fails before that leaves the old one serving. */
  async swap(version: ModelVersion): Promise<void> {
    await this.#changing.runExclusive(async () => {
      const old = this.version
      // Nothing is open yet: the first question opens what is current by then.
      if (!old || old.id === version.id) return
      const next = await this.#open(version)
      void this.#serving.exchange(next)
      this.#options.log.info({ from: old.id, to: version.id, form: next.form }, 'another reader serves')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await this.#changing.runExclusive(() => this.#serving[Symbol.asyncDispose]())
  }

  async #open(version: ModelVersion): Promise<OpenedReader> {
    if (this.#disposed) throw new DocentError('OVERLOADED', 'the server is shutting down')
    return this.#options.open(version)
  }
}
