/** From a model version on disk to a reader that answers: its sessions, its tokenizer and its calibration. */
import { asDocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { ModelInput, ModelOutput } from '../onnx/session-host.js'
import { SessionPool } from '../onnx/session-pool.js'
import type { ModelVersion } from '../registry/registry.js'
import { Tokenizer } from '../text/tokenizer.js'
import { type FormPreference, startForm } from './form.js'
import { DEFAULT_READER_SETTINGS, Reader } from './reader.js'
import type { OpenedReader } from './serving-reader.js'
import type { ReaderHost } from './windows.js'

export interface OpenReaderOptions {
  readonly processes: number
  readonly preference: FormPreference
  readonly log: Logger
}

/** Tokens of a window as questions make them: memory is laid out before somebody waits for it. */
const WARM_UP_TOKENS = [384, 256]

/**
 * In the form that this machine serves.
 * @throws FORM_UNAVAILABLE when its graphs do not compute here what its manifest says; MODEL_CORRUPT when one cannot be opened.
 */
export async function openReader(
  version: ModelVersion,
  { processes, preference, log }: OpenReaderOptions,
): Promise<OpenedReader> {
  const { folder, manifest } = version
  const tokenizer = await Tokenizer.open(folder)
  const start = (modelPath: string) => SessionPool.start({ modelPath, processes })
  const { name, form, host: pool } = await startForm(version, { preference, start, log })
  try {
    await pool.warmUp(WARM_UP_TOKENS.filter((tokens) => tokens <= manifest.window.maxSequenceLength))
  } catch (error) {
    await pool[Symbol.asyncDispose]()
    throw error
  }
  log.debug({ modelVersion: version.id, form: name }, 'a reader is open')
  const settings = { ...DEFAULT_READER_SETTINGS, ...manifest.window }
  const { calibration } = form
  const reader = new Reader({ host: retrying(pool, log), tokenizer, settings, calibration })
  return { version, form: name, calibration, reader, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() }
}

/** A request whose process died under it is asked once more: the pool has started the process again by then. */
function retrying(pool: SessionPool, log: Logger): ReaderHost {
  return {
    run: async (inputs: readonly ModelInput[]): Promise<readonly ModelOutput[]> => {
      try {
        return await pool.run(inputs)
      } catch (thrown) {
        if (asDocentError(thrown).code !== 'MODEL_PROCESS_ENDED') throw thrown
        log.warn({ err: thrown }, 'a reader process died; its question is read again')
        return pool.run(inputs)
      }
    },
  }
}
