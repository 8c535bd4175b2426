/**
 * Float weights as signed 8-bit integers. What was measured and refused: docs/decisions/0003-int8-form.md.
 */
import type { ChannelRanges } from './activations.js'

export interface QuantisedRows {
  /** [rows, columns]: weight ≈ value * scales[row]. */
  readonly values: Int8Array
  readonly scales: Float32Array
}

const MAX_LEVEL = 127

/**
 * The largest sum of two neighbouring weights. Processors without VNNI multiply unsigned activations by signed weights two
 * by two into 16 bits (vpmaddubsw): 255 * 128 fits, 255 * 129 would be cut off silently. Kept, the same graph gives the
 * same integers on every processor.
 */
const MAX_PAIR_SUM = 128

/** Symmetric, for a table that is only looked up: the largest value of a row at the end of its range. */
export function quantiseTable(data: Float32Array, rows: number, columns: number): QuantisedRows {
  const values = new Int8Array(data.length)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const source = data.subarray(row * columns, (row + 1) * columns)
    let largest = 0
    for (let column = 0; column < columns; column++) largest = Math.max(largest, Math.abs(source[column] as number))
    scales[row] = usableScale(largest / MAX_LEVEL)
    roundRow(source, scales[row] as number, values.subarray(row * columns, (row + 1) * columns))
  }
  return { values, scales }
}

/** A linear layer's weight [out, in] for the integer kernel: one scale for each output, pairs kept under MAX_PAIR_SUM. */
export function quantiseLinear(weight: Float32Array, outSize: number, inSize: number): QuantisedRows {
  const values = new Int8Array(weight.length)
  const scales = new Float32Array(outSize)
  for (let out = 0; out < outSize; out++) {
    const source = weight.subarray(out * inSize, (out + 1) * inSize)
    const target = values.subarray(out * inSize, (out + 1) * inSize)
    let scale = pairSafeScale(source)
    roundRow(source, scale, target)
    // Rounding may lift a pair by one. A slightly wider scale, and the pair fits.
    while (largestPairSum(target) > MAX_PAIR_SUM) {
      scale = Math.fround(scale * 1.002)
      roundRow(source, scale, target)
    }
    scales[out] = scale
  }
  return { values, scales }
}

/**
 * By what each input channel is divided, and its weights multiplied, before quantising: the few channels whose activations
 * are many times larger than all others would else take the whole range (Xiao et al. 2022, SmoothQuant; here only the
 * outliers are tamed). Powers of two, which change no float. Chosen among taming 0, 1, 2, 4, ... channels by the error
 * that is expected of activations and weights together.
 */
export function chooseDivisors(
  weight: Float32Array,
  outSize: number,
  inSize: number,
  input: ChannelRanges,
): Float32Array {
  const amplitudes = amplitudesOf(input)
  const descending = [...amplitudes].sort((left, right) => right - left)
  let best = new Float32Array(inSize).fill(1)
  let bestError = expectedError(weight, outSize, inSize, input, best)
  for (let tamed = 1; tamed <= inSize / 4; tamed *= 2) {
    const limit = descending[tamed] as number
    if (!(limit > 0)) break
    const divisors = Float32Array.from(
      amplitudes,
      (amplitude) => 2 ** Math.max(0, Math.ceil(Math.log2(amplitude / limit))),
    )
    const error = expectedError(weight, outSize, inSize, input, divisors)
    if (error < bestError) {
      best = divisors
      bestError = error
    }
  }
  return best
}

/** The channels with the largest activations, in ascending order. */
export function largestChannels(input: ChannelRanges, count: number): number[] {
  const amplitudes = amplitudesOf(input)
  const channels = [...amplitudes.keys()].sort(
    (left, right) => (amplitudes[right] as number) - (amplitudes[left] as number) || left - right,
  )
  return channels.slice(0, count).sort((left, right) => left - right)
}

/** As if these channels were always zero. */
export function withoutChannels(input: ChannelRanges, channels: ReadonlySet<number>): ChannelRanges {
  const clear = (values: Float64Array) => values.map((value, channel) => (channels.has(channel) ? 0 : value))
  return { minima: clear(input.minima), maxima: clear(input.maxima), meanSquares: clear(input.meanSquares) }
}

function amplitudesOf(input: ChannelRanges): Float64Array {
  return input.maxima.map((maximum, channel) => Math.max(maximum, -(input.minima[channel] as number)))
}

/** Mean square error of the layer's output: rounding is taken as noise of variance step² / 12. */
function expectedError(
  weight: Float32Array,
  outSize: number,
  inSize: number,
  input: ChannelRanges,
  divisors: Float32Array,
): number {
  let minimum = 0
  let maximum = 0
  let inputPower = 0
  for (let channel = 0; channel < inSize; channel++) {
    const divisor = divisors[channel] as number
    minimum = Math.min(minimum, (input.minima[channel] as number) / divisor)
    maximum = Math.max(maximum, (input.maxima[channel] as number) / divisor)
    inputPower += (input.meanSquares[channel] as number) / divisor ** 2
  }
  const inputStep = (maximum - minimum) / 255
  const scaled = new Float32Array(inSize)
  let error = 0
  for (let out = 0; out < outSize; out++) {
    let weightPower = 0
    for (let channel = 0; channel < inSize; channel++) {
      const value = (weight[out * inSize + channel] as number) * (divisors[channel] as number)
      scaled[channel] = value
      weightPower += value * value
    }
    error += (inputStep ** 2 * weightPower + pairSafeScale(scaled) ** 2 * inputPower) / 12
  }
  return error
}

/** The smallest scale with which neither a weight nor a pair of weights leaves its range, rounding aside; 1 for zeros. */
function pairSafeScale(row: Float32Array): number {
  let largest = 0
  let largestPair = 0
  for (let column = 0; column < row.length; column += 2) {
    const left = row[column] as number
    const right = row[column + 1] ?? 0
    largest = Math.max(largest, Math.abs(left), Math.abs(right))
    largestPair = Math.max(largestPair, Math.abs(left + right))
  }
  return usableScale(Math.max(largest / MAX_LEVEL, largestPair / MAX_PAIR_SUM))
}

/** As the single float it is stored in; 1, which rounds all to zero, for weights too small for a float to scale. */
function usableScale(scale: number): number {
  return scale > 1e-30 ? Math.fround(scale) : 1
}

function largestPairSum(values: Int8Array): number {
  let largest = 0
  for (let column = 0; column < values.length; column += 2) {
    largest = Math.max(largest, Math.abs((values[column] as number) + (values[column + 1] ?? 0)))
  }
  return largest
}

function roundRow(source: Float32Array, scale: number, target: Int8Array): void {
  for (let column = 0; column < source.length; column++) {
    const level = Math.round((source[column] as number) / scale)
    target[column] = Math.max(-MAX_LEVEL, Math.min(MAX_LEVEL, level))
  }
}
