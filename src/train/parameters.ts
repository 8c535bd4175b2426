/**
 * Which parameters a model has (parameter.ts says what one is). Query, key and value projections lie behind each other in
 * one parameter, so that one product computes all three; their Hugging Face names are views of it.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import { tensorName } from '../registry/tensor-names.js'
import { LowRankAdapter } from './low-rank.js'
import { ADAPTER_PREFIX, Parameter, readNumbers, type Weights } from './parameter.js'
import type { TensorOps } from './tensorflow.js'

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
  options: ParameterOptions,
): ModelParameters {
  const { hiddenSize, embeddingSize, intermediateSize, layerCount, typeCount } = config
  const maker = new Maker(ops, config, weights, options)
  const table = (rows: number, name: string) => maker.parameter([rows, embeddingSize], [`embeddings.${name}.weight`])
  const words = table(config.vocabularySize, 'word_embeddings')
  const positions = table(config.positionOffset + config.maxPositions, 'position_embeddings')
  const types = typeCount > 0 ? table(typeCount, 'token_type_embeddings') : null
  const embeddingNorm = maker.norm('embeddings.LayerNorm', embeddingSize)
  const projection = embeddingSize === hiddenSize ? null : maker.linear(hiddenSize, embeddingSize, 'embeddings_project')
  const layers = Array.from({ length: layerCount }, (_, index): LayerParameters => {
    maker.depth = index + 1
    const layer = `encoder.layer.${index}`
    const self = `${layer}.attention.self`
    return {
      queryKeyValue: maker.linear(3 * hiddenSize, hiddenSize, `${self}.query`, `${self}.key`, `${self}.value`),
      attentionOutput: maker.linear(hiddenSize, hiddenSize, `${layer}.attention.output.dense`),
      attentionNorm: maker.norm(`${layer}.attention.output.LayerNorm`, hiddenSize),
      intermediate: maker.linear(intermediateSize, hiddenSize, `${layer}.intermediate.dense`),
      output: maker.linear(hiddenSize, intermediateSize, `${layer}.output.dense`),
      outputNorm: maker.norm(`${layer}.output.LayerNorm`, hiddenSize),
    }
  })
  maker.depth = layerCount + 1
  const head = maker.linear(2, hiddenSize, 'qa_outputs')
  const { own, adapters } = maker
  const all = [...own, ...adapters.flatMap(({ parameters }) => parameters)]
  return { words, positions, types, embeddingNorm, projection, layers, head, own, adapters, all }
}

/** Makes parameters by their names and remembers them, in the order in which they are asked for. */
class Maker {
  readonly own: Parameter[] = []
  readonly adapters: LowRankAdapter[] = []
  /** Of what is made next: 0 the embeddings, then the layers, then the head. */
  depth = 0
  readonly #ops: TensorOps
  readonly #config: EncoderConfig
  readonly #weights: Weights
  readonly #options: ParameterOptions

  constructor(ops: TensorOps, config: EncoderConfig, weights: Weights, options: ParameterOptions) {
    this.#ops = ops
    this.#config = config
    this.#weights = weights
    this.#options = options
  }

  /** @param plainNames as BERT has them; of several each is an equal share of the rows. */
  parameter(shape: readonly number[], plainNames: readonly string[]): Parameter {
    const names = plainNames.map((name) => tensorName(this.#config.architecture, name))
    const [rows = 0, ...rest] = shape
    const made = this.#make(shape, names, [rows / names.length, ...rest], names.some(this.#options.frozen))
    this.own.push(made)
    return made
  }

  linear(outputs: number, inputs: number, ...names: string[]): LinearParameters {
    const named = (part: string) => names.map((name) => `${name}.${part}`)
    const weight = this.parameter([outputs, inputs], named('weight'))
    const bias = this.parameter([outputs], named('bias'))
    return { weight, bias, adapter: this.#adapt(weight, names) }
  }

  norm(name: string, size: number): NormParameters {
    return { gain: this.parameter([size], [`${name}.weight`]), offset: this.parameter([size], [`${name}.bias`]) }
  }

  #adapt(weight: Parameter, plainNames: readonly string[]): LowRankAdapter | null {
    if (!this.#options.adapters) return null
    const { rank, alpha, targets } = this.#options.adapters
    const [outputs, inputs] = weight.shape as [number, number]
    const count = outputs / plainNames.length
    const modules = plainNames.flatMap((plainName, index) => {
      if (!targets.includes(plainName.split('.').at(-1) as string)) return []
      const name = tensorName(this.#config.architecture, `${plainName}.weight`).replace(/\.weight$/, '')
      return [{ name, from: index * count, count }]
    })
    if (modules.length === 0) return null
    const side = (suffix: string, rows: number, columns: number): Parameter => {
      const names = modules.map(({ name }) => `${ADAPTER_PREFIX}${name}.${suffix}.weight`)
      return this.#make([modules.length * rows, columns], names, [rows, columns], false)
    }
    const [down, up] = [side('lora_A', rank, inputs), side('lora_B', count, rank)]
    const adapter = new LowRankAdapter(this.#ops, { weight, modules, rank, scaling: alpha / rank, down, up })
    this.adapters.push(adapter)
    return adapter
  }

  #make(shape: readonly number[], names: readonly string[], partShape: readonly number[], frozen: boolean): Parameter {
    const size = partShape.reduce((product, length) => product * length, 1)
    const parts = names.map((name, index) => ({ name, shape: partShape, offset: index * size }))
    const data = readNumbers(parts, this.#weights, this.#options.seed)
    const made = new Parameter(this.#ops, shape, parts, data, this.depth, { frozen })
    made.upload()
    return made
  }
}
