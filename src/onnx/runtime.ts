/**
 * The one file that imports ONNX Runtime, and it is imported by child programs only: a run blocks the event loop it is
 * called from, and sessions that are opened again and again leak.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { DocentError } from '../errors.js'
import type { ModelInput, ModelOutput } from './session-host.js'

/**
 * How every session of Docent is opened. Threads that wait for work sleep: spinning ones would take the cores from each
 * other. Inputs have ever new lengths, so that remembering a memory plan for each only costs memory.
 */
function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  }
}

export class ModelSession {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  /** @throws MODEL_CORRUPT when the file is missing or no graph that this runtime runs. */
  static async open(modelPath: string, threads: number): Promise<ModelSession> {
    try {
      return new ModelSession(await InferenceSession.create(modelPath, sessionOptions(threads)))
    } catch (cause) {
      throw new DocentError('MODEL_CORRUPT', `${modelPath} cannot be opened: ${String(cause)}`, { cause })
    }
  }

  /** One input, alone and unpadded: dynamic int8 takes its scale over the whole tensor, neighbours and padding included. */
  async run(input: ModelInput): Promise<ModelOutput> {
    const tensor = (values: Iterable<number>) =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), [1, input.inputIds.length])
    const outputs = await this.#session.run({
      input_ids: tensor(input.inputIds),
      attention_mask: tensor(new Uint8Array(input.inputIds.length).fill(1)),
      // A graph of a model without token types has no such input.
      ...(this.#session.inputNames.includes('token_type_ids') && { token_type_ids: tensor(input.tokenTypeIds) }),
    })
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]))
  }
}

/**
 * Gives every session that a library opens in this process our options. Transformers.js 2.x passes none of its own and
 * has no setting for them, which would start a spinning thread on every core.
 */
export function limitLibrarySessions(threads: number): void {
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: Uint8Array,
    options: InferenceSession.SessionOptions,
  ) => Promise<InferenceSession>
  InferenceSession.create = ((model: Uint8Array) =>
    create(model, sessionOptions(threads))) as typeof InferenceSession.create
}

/**
 * Transformers.js 2.x makes its tensors by copying the own properties of ours. Since ONNX Runtime 1.17 `data` and `location`
 * are getters of the prototype, which such a copy loses; from here on they are own properties too.
 */
export function exposeTensorProperties(): void {
  for (const [field, getter] of [
    ['cpuData', 'data'],
    ['dataLocation', 'location'],
  ]) {
    Object.defineProperty(Tensor.prototype, field as string, {
      configurable: true,
      set(this: object, value: unknown) {
        for (const name of [field, getter] as string[]) {
          Object.defineProperty(this, name, { value, enumerable: true, writable: true, configurable: true })
        }
      },
    })
  }
}
