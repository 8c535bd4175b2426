/**
 * The messages of ONNX's intermediate representation, as far as Docent writes them. Names and field numbers are those of
 * the ONNX specification (docs/IR.md, onnx.proto); a field that is never written is not described.
 */
import protobuf from 'protobufjs/light.js'

/** TensorProto.DataType */
export const DataType = { FLOAT: 1, UINT8: 2, INT8: 3, INT32: 6, INT64: 7, FLOAT16: 10 } as const
export type DataType = (typeof DataType)[keyof typeof DataType]

/** AttributeProto.AttributeType */
export const AttributeType = { FLOAT: 1, INT: 2, INTS: 7 } as const

export interface TensorProto {
  readonly name: string
  readonly dims: readonly number[]
  readonly dataType: DataType
  /** Little endian, row major. */
  readonly rawData: Uint8Array
}

export interface AttributeProto {
  readonly name: string
  readonly type: number
  readonly f?: number
  readonly i?: number
  readonly ints?: readonly number[]
}

export interface NodeProto {
  readonly name: string
  readonly opType: string
  readonly domain: string
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly attribute: readonly AttributeProto[]
}

export interface ValueInfoProto {
  readonly name: string
  readonly type: {
    readonly tensorType: {
      readonly elemType: DataType
      readonly shape: { readonly dim: readonly ({ dimValue: number } | { dimParam: string })[] }
    }
  }
}

export interface ModelProto {
  readonly irVersion: number
  readonly producerName: string
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[]
  readonly graph: {
    readonly name: string
    readonly node: readonly NodeProto[]
    readonly initializer: readonly TensorProto[]
    readonly input: readonly ValueInfoProto[]
    readonly output: readonly ValueInfoProto[]
  }
}

const optional = (id: number, type: string) => ({ id, type })
const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' })

const root = protobuf.Root.fromJSON({
  nested: {
    onnx: {
      nested: {
        ModelProto: {
          fields: {
            irVersion: optional(1, 'int64'),
            producerName: optional(2, 'string'),
            graph: optional(7, 'GraphProto'),
            opsetImport: repeated(8, 'OperatorSetIdProto'),
          },
        },
        OperatorSetIdProto: { fields: { domain: optional(1, 'string'), version: optional(2, 'int64') } },
        GraphProto: {
          fields: {
            node: repeated(1, 'NodeProto'),
            name: optional(2, 'string'),
            initializer: repeated(5, 'TensorProto'),
            input: repeated(11, 'ValueInfoProto'),
            output: repeated(12, 'ValueInfoProto'),
          },
        },
        NodeProto: {
          fields: {
            input: repeated(1, 'string'),
            output: repeated(2, 'string'),
            name: optional(3, 'string'),
            opType: optional(4, 'string'),
            attribute: repeated(5, 'AttributeProto'),
            domain: optional(7, 'string'),
          },
        },
        AttributeProto: {
          fields: {
            name: optional(1, 'string'),
            f: optional(2, 'float'),
            i: optional(3, 'int64'),
            ints: repeated(8, 'int64'),
            type: optional(20, 'int32'),
          },
        },
        TensorProto: {
          fields: {
            dims: repeated(1, 'int64'),
            dataType: optional(2, 'int32'),
            name: optional(8, 'string'),
            rawData: optional(9, 'bytes'),
          },
        },
        ValueInfoProto: { fields: { name: optional(1, 'string'), type: optional(2, 'TypeProto') } },
        TypeProto: { fields: { tensorType: optional(1, 'TensorTypeProto') } },
        TensorTypeProto: { fields: { elemType: optional(1, 'int32'), shape: optional(2, 'TensorShapeProto') } },
        TensorShapeProto: { fields: { dim: repeated(1, 'DimensionProto') } },
        DimensionProto: { fields: { dimValue: optional(1, 'int64'), dimParam: optional(2, 'string') } },
      },
    },
  },
})

const modelType = root.lookupType('onnx.ModelProto')

/** The bytes of a `.onnx` file. The same model gives the same bytes. */
export function encodeModel(model: ModelProto): Uint8Array {
  return modelType.encode(model as unknown as Record<string, unknown>).finish()
}
