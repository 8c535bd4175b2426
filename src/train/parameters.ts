/**
 * What is trained: each parameter's numbers live once on the JavaScript side (where the optimiser changes them in one pass)
 * and once as a tensor (where the model reads them). Query, key and value projections lie behind each other in one
 * parameter, so that one product computes all three; their Hugging Face names are views of it.
 */
import { DocentError } from '../errors.js'
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { Tensor as StoredTensor } from '../registry/safetensors.js'
import { tensorName, withoutPrefix } from '../registry/tensor-names.js'
import { LowRankAdapter } from './low-rank.js'
import { normal, randomStream } from './random.js'
import type { Tensor, TensorOps } from './tensorflow.js'

export type Weights = ReadonlyMap<string, StoredTensor>

/** A Hugging Face tensor that a parameter holds, `offset` numbers into it. */
interface Part {
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

export interface LinearParameters {
  /** [out, in] */
  readonly weight: Parameter
  readonly bias: Parameter
  /** What learns in the weight's place, when it is frozen. */
  readonly adapter: LowRankAdapter | null
}

export interface NormParameters {
  readonly gain: Parameter
  readonly offset: Parameter
}

export interface LayerParameters {
  /** [3 x hidden, hidden] */
  readonly queryKeyValue: LinearParameters
  readonly attentionOutput: LinearParameters
  readonly attentionNorm: NormParameters
  readonly intermediate: LinearParameters
  readonly output: LinearParameters
  readonly outputNorm: NormParameters
}

export interface ModelParameters {
  readonly words: Parameter
  readonly positions: Parameter
  /** Null where the model knows no token types. */
  readonly types: Parameter | null
  readonly embeddingNorm: NormParameters
  /** [hidden, embedding]; null where the embeddings are as wide as the hidden states. */
  readonly projection: LinearParameters | null
  readonly layers: readonly LayerParameters[]
  /** [2, hidden]: start and end. */
  readonly head: LinearParameters
  /** Of the model itself. */
  readonly own: readonly Parameter[]
  readonly adapters: readonly LowRankAdapter[]
  /** Own and the adapters'. */
  readonly all: readonly Parameter[]
}

/** Which linear layers get an adapter, and of which size. */
export interface AdapterOptions {
  readonly rank: number
  readonly alpha: number
  /** By the last part of what BERT calls them: `query`, `key`, `value`, `dense`. */
  readonly targets: readonly string[]
}

/** What PEFT puts before the name of a module. */
export const ADAPTER_PREFIX = 'base_model.model.'

const HEAD_DEVIATION = 0.02 // BERT's initializer_range

export interface ParameterOptions {
  readonly seed: number
  readonly frozen: (name: string) => boolean
  readonly adapters?: AdapterOptions | null
}

/**
 * Takes the names of a whole model's file and those of a bare encoder's (registry/tensor-names.ts); a pooler is ignored, a
 * missing QA head is drawn from the seed.
 * @throws MODEL_INCOMPATIBLE naming the tensor that is missing or has another shape.
 */
export function createParameters(
  ops: TensorOps,
  config: EncoderConfig,
  weights: Weights,
  { seed, frozen, adapters: adapterOptions = null }: ParameterOptions,
): ModelParameters {
  const own: Parameter[] = []
  const adapters: LowRankAdapter[] = []
  let depth = 0
  const make = (shape: readonly number[], plainNames: readonly string[]): Parameter => {
    const names = plainNames.map((name) => tensorName(config.architecture, name))
    const [rows = 0, ...rest] = shape
    const partShape = [rows / names.length, ...rest]
    const size = partShape.reduce((product, length) => product * length, 1)
    const parts = names.map((name, index) => ({ name, shape: partShape, offset: index * size }))
    const data = readNumbers(parts, weights, seed)
    const parameter = new Parameter(ops, shape, parts, data, depth, { frozen: names.some(frozen) })
    parameter.upload()
    own.push(parameter)
    return parameter
  }
  const adapt = (weight: Parameter, names: readonly string[]): LowRankAdapter | null => {
    if (!adapterOptions) return null
    const { rank, alpha, targets } = adapterOptions
    const [outputs, inputs] = weight.shape as [number, number]
    const count = outputs / names.length
    const modules = names.flatMap((plainName, index) => {
      if (!targets.includes(plainName.split('.').at(-1) as string)) return []
      const name = tensorName(config.architecture, `${plainName}.weight`).replace(/\.weight$/, '')
      return [{ name, from: index * count, count }]
    })
    if (modules.length === 0) return null
    const side = (suffix: string, rows: number, columns: number): Parameter => {
      const parts = modules.map(({ name }, index) => {
        return {
          name: `${ADAPTER_PREFIX}${name}.${suffix}.weight`,
          shape: [rows, columns],
          offset: index * rows * columns,
        }
      })
      const data = readNumbers(parts, weights, seed)
      const parameter = new Parameter(ops, [modules.length * rows, columns], parts, data, depth, { frozen: false })
      parameter.upload()
      return parameter
    }
    const adapter = new LowRankAdapter(ops, {
      weight,
      modules,
      rank,
      scaling: alpha / rank,
      down: side('lora_A', rank, inputs),
      up: side('lora_B', count, rank),
    })
    adapters.push(adapter)
    return adapter
  }
  const linear = (outputs: number, inputs: number, ...names: string[]): LinearParameters => {
    const weight = make(
      [outputs, inputs],
      names.map((name) => `${name}.weight`),
    )
    const bias = make(
      [outputs],
      names.map((name) => `${name}.bias`),
    )
    return { weight, bias, adapter: adapt(weight, names) }
  }
  const norm = (name: string, size = config.hiddenSize): NormParameters => ({
    gain: make([size], [`${name}.weight`]),
    offset: make([size], [`${name}.bias`]),
  })
  const { hiddenSize, embeddingSize, intermediateSize, typeCount } = config
  const table = (rows: number, name: string) => make([rows, embeddingSize], [`embeddings.${name}.weight`])
  const words = table(config.vocabularySize, 'word_embeddings')
  const positions = table(config.positionOffset + config.maxPositions, 'position_embeddings')
  const types = typeCount > 0 ? table(typeCount, 'token_type_embeddings') : null
  const embeddingNorm = norm('embeddings.LayerNorm', embeddingSize)
  const projection = embeddingSize === hiddenSize ? null : linear(hiddenSize, embeddingSize, 'embeddings_project')
  const layers = Array.from({ length: config.layerCount }, (_, index): LayerParameters => {
    depth = index + 1
    const layer = `encoder.layer.${index}`
    const self = `${layer}.attention.self`
    return {
      queryKeyValue: linear(3 * hiddenSize, hiddenSize, `${self}.query`, `${self}.key`, `${self}.value`),
      attentionOutput: linear(hiddenSize, hiddenSize, `${layer}.attention.output.dense`),
      attentionNorm: norm(`${layer}.attention.output.LayerNorm`),
      intermediate: linear(intermediateSize, hiddenSize, `${layer}.intermediate.dense`),
      output: linear(hiddenSize, intermediateSize, `${layer}.output.dense`),
      outputNorm: norm(`${layer}.output.LayerNorm`),
    }
  })
  depth = config.layerCount + 1
  const head = linear(2, hiddenSize, 'qa_outputs')
  const all = [...own, ...adapters.flatMap(({ parameters }) => parameters)]
  return { words, positions, types, embeddingNorm, projection, layers, head, own, adapters, all }
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
