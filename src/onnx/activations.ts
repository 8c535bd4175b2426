/**
 * The encoder in plain JavaScript over one short text, to learn how large the values are that each linear layer takes.
 * Int8 needs to know it (quantise.ts), and an export must write the same bytes on every machine: JavaScript arithmetic is
 * the same everywhere, while the fast runtimes sum in an order that depends on the processor.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { Weights } from './weights.js'

/** What a linear layer takes, per input channel, over all tokens of the calibration text. */
export interface ChannelRanges {
  readonly minima: Float64Array
  readonly maxima: Float64Array
  readonly meanSquares: Float64Array
}

export type LayerInput = 'attention' | 'context' | 'intermediate' | 'output'

/**
 * A question and a passage with numbers, quotes and all common punctuation. Large activations sit at punctuation and special
 * tokens and in few channels, which such a text shows.
 */
export const CALIBRATION_TEXT = {
  question: 'How many days of notice does the 2019 contract ask for?',
  passage:
    'The tenant (Mr. J. Smith) gives 90 days\' notice; "in writing", he said, before 31 March 2021 - not later. ' +
    'If the $1,250.50 deposit is not paid back, see section 4.2: disputes & costs!',
} as const

/**
 * The same as the uncased vocabulary of BERT numbers it. With another vocabulary the numbers are taken modulo its size: then
 * they are words without sense, and only less typical.
 */
export const CALIBRATION_IDS: readonly number[] = [
  101, 2129, 2116, 2420, 1997, 5060, 2515, 1996, 10476, 3206, 3198, 2005, 1029, 102, 1996, 16713, 1006, 2720, 1012,
  1046, 1012, 3044, 1007, 3957, 3938, 2420, 1005, 5060, 1025, 1000, 1999, 3015, 1000, 1010, 2002, 2056, 1010, 2077,
  2861, 2233, 25682, 1011, 2025, 2101, 1012, 2065, 1996, 1002, 1015, 1010, 5539, 1012, 2753, 12816, 2003, 2025, 3825,
  2067, 1010, 2156, 2930, 1018, 1012, 1016, 1024, 11936, 1004, 5366, 999, 102,
]

/** @returns for each layer, the ranges of what its four linear layers take. */
export function measureActivations(
  config: EncoderConfig,
  weights: Weights,
  text: readonly number[] = CALIBRATION_IDS,
): Record<LayerInput, ChannelRanges>[] {
  const ids = text.map((id) => id % config.vocabularySize).slice(0, config.maxPositions)
  const rows = ids.length
  const { hiddenSize, intermediateSize } = config
  let hidden = embed(config, weights, ids)
  const measured: Record<LayerInput, ChannelRanges>[] = []
  for (let layer = 0; layer < config.layerCount; layer++) {
    const prefix = `encoder.layer.${layer}`
    const linear = (name: string, input: Float64Array, inSize: number, outSize: number) =>
      multiply(
        input,
        weights.encoder(`${prefix}.${name}.weight`, outSize, inSize),
        weights.encoder(`${prefix}.${name}.bias`, outSize),
        rows,
      )
    const norm = (name: string, input: Float64Array) => layerNorm(config, weights, `${prefix}.${name}`, input)

    const query = linear('attention.self.query', hidden, hiddenSize, hiddenSize)
    const key = linear('attention.self.key', hidden, hiddenSize, hiddenSize)
    const value = linear('attention.self.value', hidden, hiddenSize, hiddenSize)
    const context = attend(query, key, value, rows, config.headCount)
    const attended = linear('attention.output.dense', context, hiddenSize, hiddenSize)
    const middle = norm('attention.output.LayerNorm', add(attended, hidden))
    const activated = linear('intermediate.dense', middle, hiddenSize, intermediateSize).map(gelu)
    const output = linear('output.dense', activated, intermediateSize, hiddenSize)
    measured.push({
      attention: ranges(hidden, hiddenSize),
      context: ranges(context, hiddenSize),
      intermediate: ranges(middle, hiddenSize),
      output: ranges(activated, intermediateSize),
    })
    hidden = norm('output.LayerNorm', add(output, middle))
  }
  return measured
}

function embed(config: EncoderConfig, weights: Weights, ids: readonly number[]): Float64Array {
  const { embeddingSize: size, hiddenSize, vocabularySize, maxPositions, positionOffset, typeCount } = config
  const words = weights.encoder('embeddings.word_embeddings.weight', vocabularySize, size)
  const positions = weights.encoder('embeddings.position_embeddings.weight', positionOffset + maxPositions, size)
  const types =
    typeCount > 0 ? weights.encoder('embeddings.token_type_embeddings.weight', typeCount, size) : new Float32Array(size)
  const sum = new Float64Array(ids.length * size)
  ids.forEach((id, row) => {
    const place = (positionOffset + row) * size
    for (let channel = 0; channel < size; channel++) {
      sum[row * size + channel] = at(words, id * size + channel) + at(positions, place + channel) + at(types, channel)
    }
  })
  const embedded = layerNorm(config, weights, 'embeddings.LayerNorm', sum, size)
  if (size === hiddenSize) return embedded
  const projection = weights.encoder('embeddings_project.weight', hiddenSize, size)
  return multiply(embedded, projection, weights.encoder('embeddings_project.bias', hiddenSize), ids.length)
}

/** [rows, in] x [out, in] + [out] -> [rows, out]; four sums at once, so that each weight is read once for four rows. */
function multiply(input: Float64Array, weight: Float32Array, bias: Float32Array, rows: number): Float64Array {
  const outSize = bias.length
  const inSize = weight.length / outSize
  // Rows beyond the last are computed as zeros and cut off, so that the loop below needs no special case.
  const padded = new Float64Array(Math.ceil(rows / 4) * 4 * inSize)
  padded.set(input)
  const output = new Float64Array(Math.ceil(rows / 4) * 4 * outSize)
  for (let out = 0; out < outSize; out++) {
    for (let row = 0; row < rows; row += 4) {
      const first = row * inSize
      const second = first + inSize
      const third = second + inSize
      const fourth = third + inSize
      let sum0 = at(bias, out)
      let sum1 = sum0
      let sum2 = sum0
      let sum3 = sum0
      for (let channel = 0; channel < inSize; channel++) {
        const factor = weight[out * inSize + channel] as number
        sum0 += (padded[first + channel] as number) * factor
        sum1 += (padded[second + channel] as number) * factor
        sum2 += (padded[third + channel] as number) * factor
        sum3 += (padded[fourth + channel] as number) * factor
      }
      output[row * outSize + out] = sum0
      output[(row + 1) * outSize + out] = sum1
      output[(row + 2) * outSize + out] = sum2
      output[(row + 3) * outSize + out] = sum3
    }
  }
  return output.subarray(0, rows * outSize)
}

/** Scaled dot-product attention of each head over all rows (no mask: nothing is padded). */
function attend(
  query: Float64Array,
  key: Float64Array,
  value: Float64Array,
  rows: number,
  headCount: number,
): Float64Array {
  const size = query.length / rows
  const headSize = size / headCount
  const context = new Float64Array(query.length)
  const scores = new Float64Array(rows)
  for (let start = 0; start < size; start += headSize) {
    for (let row = 0; row < rows; row++) {
      for (let other = 0; other < rows; other++) {
        let score = 0
        for (let channel = start; channel < start + headSize; channel++) {
          score += at(query, row * size + channel) * at(key, other * size + channel)
        }
        scores[other] = score / Math.sqrt(headSize)
      }
      softmax(scores)
      for (let channel = start; channel < start + headSize; channel++) {
        let sum = 0
        for (let other = 0; other < rows; other++) sum += at(scores, other) * at(value, other * size + channel)
        context[row * size + channel] = sum
      }
    }
  }
  return context
}

function softmax(scores: Float64Array): void {
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  let total = 0
  for (let index = 0; index < scores.length; index++) {
    scores[index] = Math.exp(at(scores, index) - largest)
    total += at(scores, index)
  }
  for (let index = 0; index < scores.length; index++) scores[index] = at(scores, index) / total
}

function layerNorm(
  config: EncoderConfig,
  weights: Weights,
  name: string,
  input: Float64Array,
  size = config.hiddenSize,
): Float64Array {
  const weight = weights.encoder(`${name}.weight`, size)
  const bias = weights.encoder(`${name}.bias`, size)
  const output = new Float64Array(input.length)
  for (let start = 0; start < input.length; start += size) {
    const row = input.subarray(start, start + size)
    const mean = row.reduce((sum, value) => sum + value, 0) / size
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size
    const deviation = Math.sqrt(variance + config.layerNormEpsilon)
    for (let channel = 0; channel < size; channel++) {
      output[start + channel] = ((at(row, channel) - mean) / deviation) * at(weight, channel) + at(bias, channel)
    }
  }
  return output
}

/** x Φ(x), with erf to 1.5e-7 (Abramowitz and Stegun 7.1.26). */
function gelu(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * z)
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = Math.sign(x) * (1 - polynomial * Math.exp(-z * z))
  return 0.5 * x * (1 + erf)
}

function add(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, index) => value + at(right, index))
}

function ranges(values: Float64Array, size: number): ChannelRanges {
  const minima = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
  const maxima = new Float64Array(size).fill(Number.NEGATIVE_INFINITY)
  const meanSquares = new Float64Array(size)
  const rows = values.length / size
  values.forEach((value, index) => {
    const channel = index % size
    minima[channel] = Math.min(at(minima, channel), value)
    maxima[channel] = Math.max(at(maxima, channel), value)
    meanSquares[channel] = at(meanSquares, channel) + (value * value) / rows
  })
  return { minima, maxima, meanSquares }
}

/** An element that is known to be there. */
function at(values: Float64Array | Float32Array, index: number): number {
  return values[index] as number
}
