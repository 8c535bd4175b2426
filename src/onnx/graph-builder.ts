/** Collects the nodes and constants of one ONNX graph in the order in which they are computed. */
import {
  type AttributeProto,
  AttributeType,
  DataType,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './messages.js'

/** The name of a value in the graph. An empty name leaves an optional input out. */
export type Value = string

export type Attribute = { readonly float: number } | { readonly int: number } | { readonly ints: readonly number[] }

/** ONNX Runtime's own operators: fused and quantised kernels. */
export const MICROSOFT = 'com.microsoft'

const ONNX_OPSET = 17
/** The IR version that came with opset 17, so that no reader needs to be newer than the operators. */
const IR_VERSION = 8

interface NodeOptions {
  readonly domain?: '' | typeof MICROSOFT
  readonly attributes?: Readonly<Record<string, Attribute>>
}

export class GraphBuilder {
  readonly #nodes: NodeProto[] = []
  readonly #constants = new Map<string, TensorProto>()
  readonly #inputs: ValueInfoProto[] = []
  readonly #outputs: ValueInfoProto[] = []

  input(name: string, type: DataType, shape: readonly (number | string)[]): Value {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: DataType, shape: readonly (number | string)[]): Value {
    this.#outputs.push(valueInfo(name, type, shape))
    return name
  }

  /** A node with one output, which is named as the node. */
  node(name: string, opType: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    this.nodes(name, opType, inputs, [name], options)
    return name
  }

  nodes(name: string, opType: string, inputs: readonly Value[], outputs: readonly Value[], options: NodeOptions): void {
    const attribute = Object.entries(options.attributes ?? {}).map(([key, value]) => attributeProto(key, value))
    this.#nodes.push({ name, opType, domain: options.domain ?? '', input: inputs, output: outputs, attribute })
  }

  floats(name: string, shape: readonly number[], data: Float32Array): Value {
    return this.constant(name, DataType.FLOAT, shape, data)
  }

  int64s(name: string, values: readonly number[]): Value {
    return this.constant(name, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
  }

  /** Typed arrays have the machine's byte order, which is little endian wherever Node runs. */
  constant(name: string, dataType: DataType, dims: readonly number[], data: ArrayBufferView): Value {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#constants.set(name, { name, dims, dataType, rawData })
    return name
  }

  encode(graphName: string): Uint8Array {
    // A runtime may refuse a file for naming operators that it does not have, used or not.
    const fused = this.#nodes.some(({ domain }) => domain === MICROSOFT)
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: 'docent',
      opsetImport: [{ domain: '', version: ONNX_OPSET }, ...(fused ? [{ domain: MICROSOFT, version: 1 }] : [])],
      graph: {
        name: graphName,
        node: this.#nodes,
        initializer: [...this.#constants.values()],
        input: this.#inputs,
        output: this.#outputs,
      },
    })
  }
}

function valueInfo(name: string, elemType: DataType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  if ('float' in attribute) return { name, type: AttributeType.FLOAT, f: attribute.float }
  if ('int' in attribute) return { name, type: AttributeType.INT, i: attribute.int }
  return { name, type: AttributeType.INTS, ints: attribute.ints }
}
