/**
 * An encoder of BERT's family (Devlin et al. 2019: post layer norm, exact gelu) as an ONNX graph.
 * The graph takes any batch and any attention mask, as other programs expect of such a file; Docent itself runs each input
 * alone and unpadded.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { GraphBuilder, Value } from './graph-builder.js'
import type { KernelWriter } from './kernels.js'
import type { LinearName, LinearWriter } from './linear.js'
import { DataType } from './messages.js'
import { concatenate, transpose, type Weights } from './weights.js'

export interface EncoderParts {
  readonly graph: GraphBuilder
  readonly config: EncoderConfig
  readonly weights: Weights
  /** How matrix products and the word table are written, and what stands between them: in these two the forms differ. */
  readonly linear: LinearWriter
  readonly kernels: KernelWriter
}

const TOKENS = ['batch', 'sequence']

/** @returns the last hidden state [batch, sequence, hidden], under the name `outputName`. */
export function writeEncoder(parts: EncoderParts, outputName: string): Value {
  const { graph, config, kernels } = parts
  const ids = graph.input('input_ids', DataType.INT64, TOKENS)
  const attentionMask = graph.input('attention_mask', DataType.INT64, TOKENS)
  // With fewer than two types there is nothing to choose, and other programs send none.
  const typeIds = config.typeCount > 1 ? graph.input('token_type_ids', DataType.INT64, TOKENS) : null
  const mask = kernels.mask(graph, attentionMask)
  let hidden = writeEmbeddings(parts, ids, typeIds)
  for (let layer = 0; layer < config.layerCount; layer++) {
    const last = layer === config.layerCount - 1
    hidden = writeLayer(parts, layer, hidden, mask, last ? outputName : `encoder.layer.${layer}`)
  }
  return hidden
}

/** For extractive question answering: `start_logits` and `end_logits`, [batch, sequence] each. */
export function writeSpanHead({ graph, config, weights }: EncoderParts, hidden: Value): void {
  const size = config.hiddenSize
  const weight = transpose(weights.head('qa_outputs.weight', 2, size), 2, size)
  const product = graph.node('qa_outputs.product', 'MatMul', [
    hidden,
    graph.floats('qa_outputs.weight', [size, 2], weight),
  ])
  const bias = graph.floats('qa_outputs.bias', [2], weights.head('qa_outputs.bias', 2))
  const logits = graph.node('qa_outputs', 'Add', [product, bias])
  const axis = graph.int64s('qa_outputs.axis', [-1])
  graph.nodes('qa_outputs.split', 'Split', [logits], ['start_column', 'end_column'], {
    attributes: { axis: { int: -1 } },
  })
  for (const name of ['start', 'end']) {
    graph.node(`${name}_logits`, 'Squeeze', [`${name}_column`, axis])
    graph.output(`${name}_logits`, DataType.FLOAT, TOKENS)
  }
}

/** The encoder itself as a feature extractor. */
export function writeHiddenStateOutput({ graph, config }: EncoderParts): void {
  graph.output('last_hidden_state', DataType.FLOAT, [...TOKENS, config.hiddenSize])
}

function writeEmbeddings(parts: EncoderParts, ids: Value, typeIds: Value | null): Value {
  const { graph, config, weights, linear } = parts
  const { embeddingSize, maxPositions, typeCount, vocabularySize } = config
  const read = (name: string, rows: number) => weights.encoder(`embeddings.${name}.weight`, rows, embeddingSize)
  const table = (name: string, rows: number, data: Float32Array) =>
    graph.floats(`embeddings.${name}`, [rows, embeddingSize], data)

  const wordTable = read('word_embeddings', vocabularySize)
  const words = linear.lookUp(graph, 'words', ids, wordTable, vocabularySize, embeddingSize)
  const types =
    typeIds === null
      ? null
      : graph.node('types', 'Gather', [
          table('token_type_embeddings', typeCount, read('token_type_embeddings', typeCount)),
          typeIds,
        ])
  // The first rows of the position table, as many as there are tokens.
  const shape = graph.node('shape', 'Shape', [ids])
  const sequenceLength = graph.node('sequence_length', 'Slice', [
    shape,
    graph.int64s('one', [1]),
    graph.int64s('two', [2]),
  ])
  const positions = graph.node('positions', 'Slice', [
    table('position_embeddings', maxPositions, positionRows(config, weights)),
    graph.int64s('zero', [0]),
    sequenceLength,
  ])
  const typed = types === null ? words : graph.node('words_and_types', 'Add', [words, types])
  const sum = graph.node('embedding_sum', 'Add', [typed, positions])
  const norm = normParts(graph, config, weights, 'embeddings.LayerNorm', embeddingSize)
  const embeddings = writeNorm(graph, 'embeddings', sum, norm)
  return embeddingSize === config.hiddenSize ? embeddings : writeProjection(parts, embeddings)
}

/** From the first token's on; where all tokens are of one type, with its row added. */
function positionRows({ embeddingSize, maxPositions, positionOffset, typeCount }: EncoderConfig, weights: Weights) {
  const rows = positionOffset + maxPositions
  const table = weights.encoder('embeddings.position_embeddings.weight', rows, embeddingSize)
  const used = table.subarray(positionOffset * embeddingSize)
  if (typeCount !== 1) return used
  const type = weights.encoder('embeddings.token_type_embeddings.weight', typeCount, embeddingSize)
  return used.map((value, index) => value + (type[index % embeddingSize] as number))
}

/** [.., embedding] -> [.., hidden]. Small beside a layer: in floats in every form. */
function writeProjection({ graph, config, weights }: EncoderParts, embeddings: Value): Value {
  const { embeddingSize, hiddenSize } = config
  const name = 'embeddings_project'
  const weight = transpose(weights.encoder(`${name}.weight`, hiddenSize, embeddingSize), hiddenSize, embeddingSize)
  const matrix = graph.floats(`${name}.weight`, [embeddingSize, hiddenSize], weight)
  const product = graph.node(`${name}.product`, 'MatMul', [embeddings, matrix])
  return graph.node(name, 'Add', [
    product,
    graph.floats(`${name}.bias`, [hiddenSize], weights.encoder(`${name}.bias`, hiddenSize)),
  ])
}

function writeLayer(parts: EncoderParts, layer: number, hidden: Value, mask: Value, outputName: string): Value {
  const { graph, config, weights, linear, kernels } = parts
  const { hiddenSize, intermediateSize, headCount } = config
  const prefix = `encoder.layer.${layer}`
  const weight = (name: string, outSize: number, inSize: number) =>
    weights.encoder(`${prefix}.${name}.weight`, outSize, inSize)
  const bias = (name: string, size: number) => weights.encoder(`${prefix}.${name}.bias`, size)
  const multiply = (name: LinearName, input: Value, matrix: Float32Array, outSize: number) =>
    linear.multiply(graph, layer, name, input, matrix, outSize)

  // Query, key and value in one product; their biases are added by the attention.
  const projections = ['query', 'key', 'value']
  const fused = concatenate(projections.map((name) => weight(`attention.self.${name}`, hiddenSize, hiddenSize)))
  const context = kernels.attention(graph, `${prefix}.attention`, {
    projected: multiply('attention', hidden, fused, 3 * hiddenSize),
    bias: concatenate(projections.map((name) => bias(`attention.self.${name}`, hiddenSize))),
    mask,
    hiddenSize,
    headCount,
  })
  const attended = multiply('context', context, weight('attention.output.dense', hiddenSize, hiddenSize), hiddenSize)
  const middle = writeAddNorm(parts, `${prefix}.attention`, `${prefix}.attention.output`, attended, hidden)

  const expanded = multiply(
    'intermediate',
    middle,
    weight('intermediate.dense', intermediateSize, hiddenSize),
    intermediateSize,
  )
  const expandedBias = graph.floats(
    `${prefix}.intermediate.bias`,
    [intermediateSize],
    bias('intermediate.dense', intermediateSize),
  )
  const activated = kernels.biasGelu(graph, `${prefix}.gelu`, expanded, expandedBias)
  const output = multiply('output', activated, weight('output.dense', hiddenSize, intermediateSize), hiddenSize)
  return writeAddNorm(parts, outputName, `${prefix}.output`, output, middle)
}

/** LayerNorm(product + bias + residual); `source` is where the bias and the norm are kept in the weights. */
function writeAddNorm(
  { graph, config, weights }: EncoderParts,
  name: string,
  source: string,
  product: Value,
  residual: Value,
): Value {
  const bias = graph.floats(
    `${source}.dense.bias`,
    [config.hiddenSize],
    weights.encoder(`${source}.dense.bias`, config.hiddenSize),
  )
  const norm = normParts(graph, config, weights, `${source}.LayerNorm`)
  const biased = graph.node(`${name}.biased`, 'Add', [product, bias])
  const sum = graph.node(`${name}.sum`, 'Add', [biased, residual])
  return writeNorm(graph, name, sum, norm)
}

interface NormParts {
  /** [hidden] each. */
  readonly weight: Value
  readonly bias: Value
  readonly epsilon: number
}

function normParts(
  graph: GraphBuilder,
  config: EncoderConfig,
  weights: Weights,
  name: string,
  size = config.hiddenSize,
): NormParts {
  const constant = (part: string) => graph.floats(`${name}.${part}`, [size], weights.encoder(`${name}.${part}`, size))
  return { weight: constant('weight'), bias: constant('bias'), epsilon: config.layerNormEpsilon }
}

/** Faster than the operator that fuses it with the additions before (docs/onnx-export.md), and in ONNX since opset 17. */
function writeNorm(graph: GraphBuilder, name: string, input: Value, { weight, bias, epsilon }: NormParts): Value {
  return graph.node(name, 'LayerNormalization', [input, weight, bias], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
  })
}
