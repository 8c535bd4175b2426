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
