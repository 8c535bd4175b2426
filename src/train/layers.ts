/**
 * The layers of BERT (Devlin et al. 2019, as `transformers` computes it), forward and backward by hand. There is no tape:
 * a forward function returns what its backward needs and frees everything else, and backward frees that.
 *
 * Tokens of all windows of a micro-batch lie behind each other in [tokens, hidden] without padding. Only attention looks at
 * windows: a group is a run of windows of one length, attended to in one product. So no mask exists, and what a window
 * gets cannot depend on its neighbours.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import { attend, attendBackward, type SavedGroup, type WindowGroup } from './attention.js'
import { type Dropout, dropped } from './dropout.js'
import type { LayerParameters, LinearParameters, NormParameters } from './parameters.js'
import type { Tensor, TensorOps } from './tensorflow.js'

// -- linear --------------------------------------------------------------------------------------------------------------

/** [tokens, in] -> [tokens, out] */
export function linear(ops: TensorOps, input: Tensor, { weight, bias }: LinearParameters): Tensor {
  return ops.addBias(ops.matMul(input, weight.tensor, { right: true }), bias.tensor)
}

/** Adds the gradients of weight, bias and adapter; returns the input's, [tokens, in]. */
export function linearBackward(
  ops: TensorOps,
  input: Tensor,
  outputGradient: Tensor,
  { weight, bias, adapter }: LinearParameters,
): Tensor {
  weight.addGradient(() => ops.matMul(outputGradient, input, { left: true }))
  adapter?.addGradients(input, outputGradient)
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
  /** What dropout multiplied with, [tokens, hidden]; null without dropout. */
  readonly attentionMask: Tensor | null
  readonly attentionNorm: SavedNorm
  readonly middle: Tensor // [tokens, hidden]: what the feed-forward part reads
  readonly activationInput: Tensor // [tokens, intermediate]
  readonly distribution: Tensor // [tokens, intermediate]
  readonly activation: Tensor // [tokens, intermediate]
  readonly outputMask: Tensor | null
  readonly outputNorm: SavedNorm
}

export function encoderLayer(
  ops: TensorOps,
  input: Tensor,
  parameters: LayerParameters,
  groups: readonly WindowGroup[],
  config: EncoderConfig,
  dropout: Dropout,
): { output: Tensor; saved: SavedLayer } {
  const queryKeyValue = linear(ops, input, parameters.queryKeyValue)
  const attended = groups.map((group) => ops.tidy(() => attend(ops, queryKeyValue, group, config)))
  const context = ops.joinRows(attended.map((group) => group.context))
  const attentionDropped = dropout.apply(linear(ops, context, parameters.attentionOutput))
  const attention = ops.add(attentionDropped.output, input)
  const middle = layerNorm(ops, attention, parameters.attentionNorm, config.layerNormEpsilon)
  const activationInput = linear(ops, middle.output, parameters.intermediate)
  const distribution = normalDistribution(ops, activationInput)
  const activation = ops.multiply(activationInput, distribution)
  const outputDropped = dropout.apply(linear(ops, activation, parameters.output))
  const sum = ops.add(outputDropped.output, middle.output)
  const output = layerNorm(ops, sum, parameters.outputNorm, config.layerNormEpsilon)
  const saved = {
    input,
    groups: attended.map((group) => group.saved),
    context,
    attentionMask: attentionDropped.mask,
    attentionNorm: middle.saved,
    middle: middle.output,
    activationInput,
    distribution,
    activation,
    outputMask: outputDropped.mask,
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
  config: EncoderConfig,
): Tensor {
  const residual = layerNormBackward(ops, outputGradient, saved.outputNorm, parameters.outputNorm)
  const outputGradientKept = dropped(ops, residual, saved.outputMask)
  const activationGradient = linearBackward(ops, saved.activation, outputGradientKept, parameters.output)
  const intermediateGradient = geluBackward(ops, saved.activationInput, saved.distribution, activationGradient)
  const middleGradient = ops.add(
    linearBackward(ops, saved.middle, intermediateGradient, parameters.intermediate),
    residual,
  )
  const attention = layerNormBackward(ops, middleGradient, saved.attentionNorm, parameters.attentionNorm)
  const attentionKept = dropped(ops, attention, saved.attentionMask)
  const contextGradient = linearBackward(ops, saved.context, attentionKept, parameters.attentionOutput)
  const headSize = config.hiddenSize / config.headCount
  const products = ops.reshape(ops.multiply(contextGradient, saved.context), [-1, config.headCount, headSize])
  const weighted = ops.reshape(ops.lastAxisSum(products), [-1, config.headCount])
  const gradients = groups.map((group, index) =>
    ops.tidy(() => attendBackward(ops, contextGradient, weighted, saved.groups[index] as SavedGroup, group, config)),
  )
  return ops.add(linearBackward(ops, saved.input, ops.joinRows(gradients), parameters.queryKeyValue), attention)
}
