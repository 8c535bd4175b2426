/** From a model version on disk to a reader that answers: its sessions, its tokenizer and its calibration. */
import { join } from 'node:path'
import { asDocentError, DocentError } from '../errors.js'
import type { Logger } from '../log.js'
import type { ModelInput, ModelOutput } from '../onnx/session-host.js'
import { SessionPool } from '../onnx/session-pool.js'
import type { ModelCanary } from '../registry/manifest.js'
import type { ModelVersion } from '../registry/registry.js'
import { Tokenizer } from '../text/tokenizer.js'
import { DEFAULT_READER_SETTINGS, Reader } from './reader.js'
import type { OpenedReader } from './serving-reader.js'
import type { ReaderHost } from './windows.js'

export interface OpenReaderOptions {
  readonly processes: number
  readonly log: Logger
}

/**
 * Int8 kernels of other processors round otherwise, which moves logits by tenths. A logit that is off by this much is
 * another function.
 */
const CANARY_TOLERANCE = 2
/** Tokens of a window as questions make them: memory is laid out before somebody waits for it. */
const WARM_UP_TOKENS = [384, 256]

/** @throws MODEL_CORRUPT when the graph cannot be opened or does not compute what its manifest says. */
export async function openReader(version: ModelVersion, { processes, log }: OpenReaderOptions): Promise<OpenedReader> {
  const { folder, manifest } = version
  const form = manifest.forms.int8
  const tokenizer = await Tokenizer.open(folder)
  const pool = await SessionPool.start({ modelPath: join(folder, form.file), processes })
  try {
    await checkCanary(pool, form.canary, version.id)
    await pool.warmUp(WARM_UP_TOKENS.filter((tokens) => tokens <= manifest.window.maxSequenceLength))
  } catch (error) {
    await pool[Symbol.asyncDispose]()
    throw error
  }
  const settings = { ...DEFAULT_READER_SETTINGS, ...manifest.window }
  const reader = new Reader({ host: retrying(pool, log), tokenizer, settings, calibration: form.calibration })
  return { version, reader, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() }
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

/** The one fixed input of the manifest must give what it gave where the version was made. */
async function checkCanary(pool: SessionPool, canary: ModelCanary, id: string): Promise<void> {
  const [output] = await pool.run([
    { inputIds: Int32Array.from(canary.inputIds), tokenTypeIds: Int32Array.from(canary.tokenTypeIds) },
  ])
  const difference = Math.max(
    largestDifference(output?.start_logits, canary.startLogits),
    largestDifference(output?.end_logits, canary.endLogits),
  )
  if (difference > CANARY_TOLERANCE) {
    throw new DocentError('MODEL_CORRUPT', `${id}: its canary is off by ${difference.toFixed(2)}`)
  }
}

function largestDifference(found: Float32Array | undefined, expected: readonly number[]): number {
  if (found?.length !== expected.length) return Number.POSITIVE_INFINITY
  return expected.reduce((largest, value, at) => {
    const difference = Math.abs(value - (found[at] as number))
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference)
  }, 0)
}
