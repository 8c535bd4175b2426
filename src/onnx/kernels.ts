/**
 * Two ways of writing what stands between a layer's matrix products. Both compute the same: `fused` in ONNX Runtime's own
 * kernels, which read and write each value once, `standard` in operators of ONNX alone, which every other runtime has.
 */
import { type GraphBuilder, MICROSOFT, type Value } from './graph-builder.js'
import { DataType } from './messages.js'

export interface AttentionParts {
  /** Queries, keys and values side by side, without their biases: [batch, sequence, 3 x hidden]. */
  readonly projected: Value
  /** [3 x hidden] */
  readonly bias: Float32Array
  /** What `mask` made. */
  readonly mask: Value
  readonly hiddenSize: number
  readonly headCount: number
}

export interface KernelWriter {
  /** attention_mask [batch, sequence], 1 or 0, as `attention` takes it. */
  mask(graph: GraphBuilder, attentionMask: Value): Value
  /** softmax(QK^T / sqrt(head size) + mask) V of each head: [batch, sequence, hidden]. `name` is that of the attention. */
  attention(graph: GraphBuilder, name: string, parts: AttentionParts): Value
  /** gelu(input + bias), the exact one (with erf). */
  biasGelu(graph: GraphBuilder, name: string, input: Value, bias: Value): Value
}

const lastAxis = { axis: { int: -1 } } as const
const PROJECTIONS = ['query', 'key', 'value'] as const

export const fusedKernels: KernelWriter = {
  mask: (graph, attentionMask) =>
    graph.node('mask', 'Cast', [attentionMask], { attributes: { to: { int: DataType.INT32 } } }),
  attention: (graph, name, { projected, bias, mask, hiddenSize, headCount }) => {
    const parted = PROJECTIONS.map((projection) => `${name}.${projection}`)
    graph.nodes(`${name}.split`, 'Split', [projected], parted, { attributes: lastAxis })
    return graph.node(
      `${name}.context`,
      'MultiHeadAttention',
      [...parted, graph.floats(`${name}.bias`, [3 * hiddenSize], bias), mask],
      { domain: MICROSOFT, attributes: { num_heads: { int: headCount } } },
    )
  },
  biasGelu: (graph, name, input, bias) => graph.node(name, 'BiasGelu', [input, bias], { domain: MICROSOFT }),
}

/** What a masked token's score loses: as the fused kernel has it, so that the forms agree even where all are masked. */
const MASKED_SCORE = -10_000

export const standardKernels: KernelWriter = {
  /** [batch, 1, 1, sequence], to be added to the scores. */
  mask: (graph, attentionMask) => {
    const kept = graph.node('mask.kept', 'Cast', [attentionMask], { attributes: { to: { int: DataType.FLOAT } } })
    const left = graph.node('mask.left_out', 'Sub', [scalar(graph, 'mask.one', 1), kept])
    const scores = graph.node('mask.scores', 'Mul', [left, scalar(graph, 'mask.score', MASKED_SCORE)])
    return graph.node('mask', 'Unsqueeze', [scores, graph.int64s('mask.axes', [1, 2])])
  },
  attention: (graph, name, { projected, bias, mask, hiddenSize, headCount }) => {
    const headSize = hiddenSize / headCount
    const biased = graph.node(`${name}.projected`, 'Add', [
      projected,
      graph.floats(`${name}.bias`, [3 * hiddenSize], bias),
    ])
    const parted = PROJECTIONS.map((projection) => `${name}.${projection}`)
    graph.nodes(`${name}.split`, 'Split', [biased], parted, { attributes: lastAxis })
    // A 0 keeps the size that is there: any batch, any length.
    const shape = graph.int64s(`${name}.heads_shape`, [0, 0, headCount, headSize])
    const heads = (projection: (typeof PROJECTIONS)[number], order: readonly number[]) =>
      transposed(graph, `${name}.${projection}_heads`, `${name}.${projection}`, shape, order)
    const [query, key, value] = [heads('query', [0, 2, 1, 3]), heads('key', [0, 2, 3, 1]), heads('value', [0, 2, 1, 3])]
    const scale = scalar(graph, `${name}.scale`, 1 / Math.sqrt(headSize))
    const scores = graph.node(`${name}.scores`, 'MatMul', [query, key])
    const scaled = graph.node(`${name}.scaled`, 'Mul', [scores, scale])
    const masked = graph.node(`${name}.masked`, 'Add', [scaled, mask])
    const shares = graph.node(`${name}.shares`, 'Softmax', [masked], { attributes: lastAxis })
    const context = graph.node(`${name}.context_heads`, 'MatMul', [shares, value])
    const tokensFirst = graph.node(`${name}.context_tokens`, 'Transpose', [context], {
      attributes: { perm: { ints: [0, 2, 1, 3] } },
    })
    return graph.node(`${name}.context`, 'Reshape', [
      tokensFirst,
      graph.int64s(`${name}.context_shape`, [0, 0, hiddenSize]),
    ])
  },
  biasGelu: (graph, name, input, bias) => {
    const biased = graph.node(`${name}.biased`, 'Add', [input, bias])
    const scaled = graph.node(`${name}.scaled`, 'Mul', [biased, scalar(graph, `${name}.scale`, Math.SQRT1_2)])
    const error = graph.node(`${name}.erf`, 'Erf', [scaled])
    const share = graph.node(`${name}.share`, 'Add', [error, scalar(graph, `${name}.one`, 1)])
    const half = graph.node(`${name}.half`, 'Mul', [biased, scalar(graph, `${name}.a_half`, 0.5)])
    return graph.node(name, 'Mul', [half, share])
  },
}

function transposed(graph: GraphBuilder, name: string, input: Value, shape: Value, order: readonly number[]): Value {
  const reshaped = graph.node(`${name}.reshaped`, 'Reshape', [input, shape])
  return graph.node(name, 'Transpose', [reshaped], { attributes: { perm: { ints: order } } })
}

function scalar(graph: GraphBuilder, name: string, value: number): Value {
  return graph.floats(name, [], Float32Array.of(value))
}
