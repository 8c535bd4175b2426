/** How a matrix product and a table of words are written: in floats and in int8. */
import type { ChannelRanges, LayerInput } from './activations.js'
import { type GraphBuilder, MICROSOFT, type Value } from './graph-builder.js'
import { DataType } from './messages.js'
import { chooseDivisors, largestChannels, quantiseLinear, quantiseTable, withoutChannels } from './quantise.js'
import { transpose } from './weights.js'

/** A linear layer, named by what it takes. */
export type LinearName = LayerInput

export interface LinearWriter {
  /** input [.., in] times the transpose of `weight` [out, in], without a bias. */
  multiply(
    graph: GraphBuilder,
    layer: number,
    name: LinearName,
    input: Value,
    weight: Float32Array,
    outSize: number,
  ): Value
  /** Rows of `table` [rows, columns] by their numbers. */
  lookUp(graph: GraphBuilder, name: string, ids: Value, table: Float32Array, rows: number, columns: number): Value
}

const productName = (layer: number, name: LinearName) => `encoder.layer.${layer}.${name}.product`

export const floatLinear: LinearWriter = {
  multiply: (graph, layer, linear, input, weight, outSize) => {
    const name = productName(layer, linear)
    const inSize = weight.length / outSize
    const matrix = graph.floats(`${name}.weight`, [inSize, outSize], transpose(weight, outSize, inSize))
    return graph.node(name, 'MatMul', [input, matrix])
  },
  lookUp: (graph, name, ids, table, rows, columns) =>
    graph.node(name, 'Gather', [graph.floats(`${name}.table`, [rows, columns], table), ids]),
}

/**
 * How many input channels of each linear layer are multiplied in full precision: those with the largest values. One scale
 * for the whole tensor has to reach the largest value, and a few channels (a unit or two behind the gelu, a few of each
 * layer norm) answer to punctuation and special tokens with values ten times any other. Without them the scale is finer for
 * all the rest. They cost 5 % of the time.
 */
const EXACT_CHANNELS: Readonly<Record<LinearName, number>> = { attention: 8, context: 4, intermediate: 8, output: 16 }

/**
 * Weights as int8 with a scale for each output, activations quantised as they come (a scale for the whole tensor: hence
 * every input alone); the word table as int8 with a scale for each word.
 */
export function int8Linear(measured: readonly Record<LayerInput, ChannelRanges>[]): LinearWriter {
  return {
    multiply: (graph, layer, linear, input, weight, outSize) => {
      const name = productName(layer, linear)
      const ranges = (measured[layer] as Record<LayerInput, ChannelRanges>)[linear]
      const exact = largestChannels(ranges, EXACT_CHANNELS[linear])
      const rest = writeInteger(graph, `${name}.rest`, input, weight, outSize, ranges, new Set(exact))
      return graph.node(name, 'Add', [rest, writeExact(graph, `${name}.exact`, input, weight, outSize, exact)])
    },
    lookUp: (graph, name, ids, table, rows, columns) => {
      const { values, scales } = quantiseTable(table, rows, columns)
      const levels = graph.node(`${name}.levels`, 'Gather', [
        graph.constant(`${name}.table`, DataType.INT8, [rows, columns], values),
        ids,
      ])
      const floats = graph.node(`${name}.floats`, 'Cast', [levels], { attributes: { to: { int: DataType.FLOAT } } })
      const scale = graph.node(`${name}.scale`, 'Gather', [graph.floats(`${name}.scales`, [rows, 1], scales), ids])
      return graph.node(name, 'Mul', [floats, scale])
    },
  }
}

/** In integers, all channels but those `without`. */
function writeInteger(
  graph: GraphBuilder,
  name: string,
  input: Value,
  weight: Float32Array,
  outSize: number,
  ranges: ChannelRanges,
  without: ReadonlySet<number>,
): Value {
  const inSize = weight.length / outSize
  const kept = weight.map((value, index) => (without.has(index % inSize) ? 0 : value))
  const divisors = chooseDivisors(kept, outSize, inSize, withoutChannels(ranges, without))
  const scaled = kept.map((value, index) => value * (divisors[index % inSize] as number))
  const { values, scales } = quantiseLinear(scaled, outSize, inSize)
  const factors = divisors.map((divisor, channel) => (without.has(channel) ? 0 : 1 / divisor))
  const scaledInput = factors.every((factor) => factor === 1)
    ? input
    : graph.node(`${name}.input`, 'Mul', [input, graph.floats(`${name}.factors`, [inSize], factors)])
  return graph.node(
    name,
    'DynamicQuantizeMatMul',
    [
      scaledInput,
      graph.constant(`${name}.weight`, DataType.INT8, [inSize, outSize], transpose(values, outSize, inSize)),
      graph.floats(`${name}.scales`, [outSize], scales),
    ],
    { domain: MICROSOFT },
  )
}

/** The part of the product that `channels` of the input contribute, in floats. */
function writeExact(
  graph: GraphBuilder,
  name: string,
  input: Value,
  weight: Float32Array,
  outSize: number,
  channels: readonly number[],
): Value {
  const inSize = weight.length / outSize
  const columns = new Float32Array(channels.length * outSize)
  for (let index = 0; index < columns.length; index++) {
    const channel = channels[Math.floor(index / outSize)] as number
    columns[index] = weight[(index % outSize) * inSize + channel] as number
  }
  const taken = graph.node(`${name}.input`, 'Gather', [input, graph.int64s(`${name}.channels`, channels)], {
    attributes: { axis: { int: -1 } },
  })
  return graph.node(name, 'MatMul', [taken, graph.floats(`${name}.weight`, [channels.length, outSize], columns)])
}
