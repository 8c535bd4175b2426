/**
 * One thing that is trained: its numbers live once on the JavaScript side (where the optimiser changes them in one pass)
 * and once as a tensor (where the model reads them). Its parts are the tensors of a Hugging Face file that it holds.
 */
import { DocentError } from '../errors.js'
import type { Tensor as StoredTensor } from '../registry/safetensors.js'
import { withoutPrefix } from '../registry/tensor-names.js'
import { normal, randomStream } from './random.js'
import type { Tensor, TensorOps } from './tensorflow.js'

export type Weights = ReadonlyMap<string, StoredTensor>

/** What PEFT puts before the name of a module. */
export const ADAPTER_PREFIX = 'base_model.model.'

const HEAD_DEVIATION = 0.02 // BERT's initializer_range

/** A Hugging Face tensor that a parameter holds, `offset` numbers into it. */
export interface Part {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
}

export class Parameter {
  readonly #ops: TensorOps
  #tensor: Tensor | null = null
  /** False while its layer is not released: then it gets no gradient. Frozen parameters never learn. */
  learns: boolean
  /** Null when frozen. */
  readonly gradient: Float32Array | null

  constructor(
    ops: TensorOps,
    readonly shape: readonly number[],
    readonly parts: readonly Part[],
    readonly data: Float32Array,
    /** 0 for the embeddings, then a number for each layer, the head last. */
    readonly depth: number,
    options: { frozen: boolean },
  ) {
    this.#ops = ops
    this.gradient = options.frozen ? null : new Float32Array(data.length)
    this.learns = !options.frozen
  }

  /** Biases and LayerNorm gains and offsets do not decay (as in BERT's own training). All of them are vectors. */
  get decays(): boolean {
    return this.shape.length > 1
  }

  /** Kept until {@link changed}: for reading only, and never inside a tidy of its own. */
  get tensor(): Tensor {
    if (!this.#tensor) throw new DocentError('INTERNAL', `parameter ${this.parts[0]?.name} was not uploaded`)
    return this.#tensor
  }

  /** Makes the tensor equal to `data` again. */
  upload(): void {
    this.#tensor?.dispose()
    this.#tensor = this.#ops.fromFloats(this.data, this.shape)
  }

  /** Does nothing, and computes nothing, when it does not learn. */
  addGradient(make: () => Tensor): void {
    if (!this.gradient || !this.learns) return
    const sum = this.gradient
    const added = this.#ops.read(make)
    for (let index = 0; index < sum.length; index++) (sum[index] as number) += added[index] as number
  }

  dispose(): void {
    this.#tensor?.dispose()
    this.#tensor = null
  }
}

/** The numbers of a parameter's parts behind each other, as another set of weights has them. */
export function readNumbers(parts: readonly Part[], weights: Weights, seed: number): Float32Array {
  const found = parts.map((part) => findTensor(weights, part, seed))
  const data = new Float32Array(found.reduce((sum, { length }) => sum + length, 0))
  for (const [index, { offset }] of parts.entries()) data.set(found[index] as Float32Array, offset)
  return data
}

function findTensor(weights: Weights, { name, shape }: Part, seed: number): Float32Array {
  const found = weights.get(name) ?? weights.get(withoutPrefix(name))
  if (!found) {
    if (name.startsWith('qa_outputs.')) return initialHead(name, shape, seed)
    if (name.startsWith(ADAPTER_PREFIX)) return initialAdapter(name, shape, seed)
    throw new DocentError('MODEL_INCOMPATIBLE', `the weights lack ${name}`)
  }
  if (found.shape.join() !== shape.join()) {
    throw new DocentError('MODEL_INCOMPATIBLE', `${name} has shape [${found.shape}], expected [${shape}]`)
  }
  return found.data
}

function initialHead(name: string, shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1)
  if (name.endsWith('.bias')) return new Float32Array(size)
  const random = randomStream(seed, 1)
  return Float32Array.from({ length: size }, () => HEAD_DEVIATION * normal(random))
}

/** Together the two sides change nothing at first: `down` is drawn as torch.nn.Linear draws its weight, `up` is zero. */
function initialAdapter(name: string, shape: readonly number[], seed: number): Float32Array {
  const [rows, columns] = shape as [number, number]
  if (name.endsWith('.lora_B.weight')) return new Float32Array(rows * columns)
  const random = randomStream(seed, 3, ...Buffer.from(name))
  const bound = 1 / Math.sqrt(columns)
  return Float32Array.from({ length: rows * columns }, () => bound * (2 * random() - 1))
}

/** Views of the parameters under their Hugging Face names: they change as training goes on. */
export function namedViews(
  parameters: readonly Parameter[],
  select: (parameter: Parameter) => Float32Array | null = (parameter) => parameter.data,
): Map<string, StoredTensor> {
  const views = new Map<string, StoredTensor>()
  for (const parameter of parameters) {
    const numbers = select(parameter)
    if (!numbers) continue
    for (const { name, shape, offset } of parameter.parts) {
      const size = shape.reduce((product, length) => product * length, 1)
      views.set(name, { shape, data: numbers.subarray(offset, offset + size) })
    }
  }
  return views
}
