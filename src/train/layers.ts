/**
 * The layers of BERT (Devlin et al. 2019, as `transformers` computes it), forward and backward by hand. There is no tape:
 * a forward function returns what its backward needs and frees everything else, and backward frees that.
 *
 * Tokens of all windows of a micro-batch lie behind each other in [tokens, hidden] without padding. Only attention looks at
 * windows: a group is a run of windows of one length, attended to in one product. So no mask exists, and what a window
 * gets cannot depend on its neighbours.
 */
import type { BertConfig } from '../registry/bert-config.js'
import type { LayerParameters, LinearParameters, NormParameters } from './parameters.js'
import type { Tensor, TensorOps } from './tensorflow.js'

/** Windows of one length: rows `firstRow` to `firstRow + windowCount * length` of the token matrix. */
export interface WindowGroup {
  readonly firstRow: number
  readonly windowCount: number
  readonly length: number
}

// -- linear --------------------------------------------------------------------------------------------------------------

/** [tokens, in] -> [tokens, out] */
export function linear(ops: TensorOps, input: Tensor, { weight, bias }: LinearParameters): Tensor {
  return ops.addBias(ops.matMul(input, weight.tensor, { right: true }), bias.tensor)
}

/** Adds the gradients of weight and bias; returns the input's, [tokens, in]. */
export function linearBackward(
  ops: TensorOps,
  input: Tensor,
  outputGradient: Tensor,
  { weight, bias }: LinearParameters,
): Tensor {
  weight.addGradient(() => ops.matMul(outputGradient, input, { left: true }))
  bias.addGradient(() => ops.columnSums(outputGradient))
  return ops.matMul(outputGradient, weight.tensor)
}

// -- layer normalisation (Ba et al. 2016) -----------------------------------------------------------------------------------

export interface SavedNorm {
  /** [tokens, hidden], before gain and offset. */
  readonly normalized: Tensor
  /** [tokens, 1] */
  readonly inverseDeviation: Tensor
}

export function layerNorm(
  ops: TensorOps,
  input: Tensor,
  { gain, offset }: NormParameters,
  epsilon: number,
): { output: Tensor; saved: SavedNorm } {
  const centred = ops.subtract(input, ops.lastAxisMean(input))
  const variance = ops.lastAxisMean(ops.square(centred)) // [tokens, 1]
  const inverseDeviation = ops.inverseSquareRoot(ops.shift(variance, epsilon))
  const normalized = ops.multiply(centred, inverseDeviation)
  const output = ops.addBias(ops.multiply(normalized, gain.tensor), offset.tensor)
  return { output, saved: { normalized, inverseDeviation } }
}

export function layerNormBackward(
  ops: TensorOps,
  outputGradient: Tensor,
  { normalized, inverseDeviation }: SavedNorm,
  { gain, offset }: NormParameters,
): Tensor {
  gain.addGradient(() => ops.columnSums(ops.multiply(outputGradient, normalized)))
  offset.addGradient(() => ops.columnSums(outputGradient))
  const gradient = ops.multiply(outputGradient, gain.tensor)
  const along = ops.lastAxisMean(ops.multiply(gradient, normalized)) // [tokens, 1]
  const centred = ops.subtract(gradient, ops.lastAxisMean(gradient))
  return ops.multiply(ops.subtract(centred, ops.multiply(normalized, along)), inverseDeviation)
}

// -- self-attention ----------------------------------------------------------------------------------------------------------

interface SavedGroup {
  /** Each [windows, heads, length, headSize]; the query already divided by sqrt(headSize). */
  readonly query: Tensor
  readonly key: Tensor
  readonly value: Tensor
  /** [windows, heads, length, length] */
  readonly probabilities: Tensor
}

function attend(
  ops: TensorOps,
  queryKeyValue: Tensor, // [tokens, 3 x hidden]
  { firstRow, windowCount, length }: WindowGroup,
  { headCount, hiddenSize }: BertConfig,
): { context: Tensor; saved: SavedGroup } {
  const headSize = hiddenSize / headCount
  const rows = ops.rows(queryKeyValue, firstRow, windowCount * length)
  const byHead = ops.transpose(ops.reshape(rows, [windowCount, length, 3, headCount, headSize]), [2, 0, 3, 1, 4])
  const [unscaled, key, value] = ops.unstack(byHead) as [Tensor, Tensor, Tensor]
  const query = ops.scale(unscaled, 1 / Math.sqrt(headSize))
  const probabilities = ops.softmax(ops.batchMatMul(query, key, { right: true }))
  const perHead = ops.batchMatMul(probabilities, value) // [windows, heads, length, headSize]
  const context = ops.reshape(ops.transpose(perHead, [0, 2, 1, 3]), [windowCount * length, hiddenSize])
  return { context, saved: { query, key, value, probabilities } }
}

function attendBackward(
  ops: TensorOps,
  contextGradient: Tensor, // [tokens, hidden]
  weighted: Tensor, // [tokens, heads]: context gradient times context, summed over each head
  { query, key, value, probabilities }: SavedGroup,
  { firstRow, windowCount, length }: WindowGroup,
  { headCount, hiddenSize }: BertConfig,
): Tensor {
  const headSize = hiddenSize / headCount
  const count = windowCount * length
  const perHead = (tensor: Tensor, size: number): Tensor =>
    ops.transpose(ops.reshape(ops.rows(tensor, firstRow, count), [windowCount, length, headCount, size]), [0, 2, 1, 3])
  const gradient = perHead(contextGradient, headSize) // [windows, heads, length, headSize]
  const valueGradient = ops.batchMatMul(probabilities, gradient, { left: true })
  const probabilityGradient = ops.batchMatMul(gradient, value, { right: true })
  // softmax: p * (dp - sum(dp * p)), and that sum equals the context times its gradient (Dao et al. 2022, section B.2)
  const scoreGradient = ops.multiply(probabilities, ops.subtract(probabilityGradient, perHead(weighted, 1)))
  const queryGradient = ops.scale(ops.batchMatMul(scoreGradient, key), 1 / Math.sqrt(headSize))
  const keyGradient = ops.batchMatMul(scoreGradient, query, { left: true })
  const stacked = ops.stack([queryGradient, keyGradient, valueGradient]) // [3, windows, heads, length, headSize]
  return ops.reshape(ops.transpose(stacked, [1, 3, 0, 2, 4]), [count, 3 * hiddenSize])
}

// -- GELU, the exact one (Hendrycks and Gimpel 2016) ---------------------------------------------------------------------------

/** The standard normal distribution function at each input; GELU is the input times it. */
function normalDistribution(ops: TensorOps, input: Tensor): Tensor {
  return ops.scale(ops.shift(ops.erf(ops.scale(input, Math.SQRT1_2)), 1), 0.5)
}

function geluBackward(ops: TensorOps, input: Tensor, distribution: Tensor, outputGradient: Tensor): Tensor {
  const density = ops.scale(ops.exp(ops.scale(ops.square(input), -0.5)), 1 / Math.sqrt(2 * Math.PI))
  return ops.multiply(outputGradient, ops.add(distribution, ops.multiply(input, density)))
}

// -- one encoder layer -----------------------------------------------------------------------------------------------------------

export interface SavedLayer {
  readonly input: Tensor // [tokens, hidden]
  readonly groups: readonly SavedGroup[]
  readonly context: Tensor // [tokens, hidden]
  readonly attentionNorm: SavedNorm
  readonly middle: Tensor // [tokens, hidden]: what the feed-forward part reads
  readonly activationInput: Tensor // [tokens, intermediate]
  readonly distribution: Tensor // [tokens, intermediate]
  readonly activation: Tensor // [tokens, intermediate]
  readonly outputNorm: SavedNorm
}

export function encoderLayer(
  ops: TensorOps,
  input: Tensor,
  parameters: LayerParameters,
  groups: readonly WindowGroup[],
  config: BertConfig,
): { output: Tensor; saved: SavedLayer } {
  const queryKeyValue = linear(ops, input, parameters.queryKeyValue)
  const attended = groups.map((group) => ops.tidy(() => attend(ops, queryKeyValue, group, config)))
  const context = ops.joinRows(attended.map((group) => group.context))
  const attention = ops.add(linear(ops, context, parameters.attentionOutput), input)
  const middle = layerNorm(ops, attention, parameters.attentionNorm, config.layerNormEpsilon)
  const activationInput = linear(ops, middle.output, parameters.intermediate)
  const distribution = normalDistribution(ops, activationInput)
  const activation = ops.multiply(activationInput, distribution)
  const output = layerNorm(
    ops,
    ops.add(linear(ops, activation, parameters.output), middle.output),
    parameters.outputNorm,
    config.layerNormEpsilon,
  )
  const saved = {
    input,
    groups: attended.map((group) => group.saved),
    context,
    attentionNorm: middle.saved,
    middle: middle.output,
    activationInput,
    distribution,
    activation,
    outputNorm: output.saved,
  }
  return { output: output.output, saved }
}

/** Adds the gradients of all the layer's parameters; returns the input's, [tokens, hidden]. */
export function encoderLayerBackward(
  ops: TensorOps,
  outputGradient: Tensor,
  saved: SavedLayer,
  parameters: LayerParameters,
  groups: readonly WindowGroup[],
  config: BertConfig,
): Tensor {
  const residual = layerNormBackward(ops, outputGradient, saved.outputNorm, parameters.outputNorm)
  const activationGradient = linearBackward(ops, saved.activation, residual, parameters.output)
  const intermediateGradient = geluBackward(ops, saved.activationInput, saved.distribution, activationGradient)
  const middleGradient = ops.add(
    linearBackward(ops, saved.middle, intermediateGradient, parameters.intermediate),
    residual,
  )
  const attention = layerNormBackward(ops, middleGradient, saved.attentionNorm, parameters.attentionNorm)
  const contextGradient = linearBackward(ops, saved.context, attention, parameters.attentionOutput)
  const headSize = config.hiddenSize / config.headCount
  const products = ops.reshape(ops.multiply(contextGradient, saved.context), [-1, config.headCount, headSize])
  const weighted = ops.reshape(ops.lastAxisSum(products), [-1, config.headCount])
  const gradients = groups.map((group, index) =>
    ops.tidy(() => attendBackward(ops, contextGradient, weighted, saved.groups[index] as SavedGroup, group, config)),
  )
  return ops.add(linearBackward(ops, saved.input, ops.joinRows(gradients), parameters.queryKeyValue), attention)
}
