/** A model's weights, checked against its configuration as they are asked for. */
import { DocentError } from '../errors.js'
import type { Architecture } from '../registry/encoder-config.js'
import type { Tensor } from '../registry/safetensors.js'
import { tensorName, withoutPrefix } from '../registry/tensor-names.js'

export class Weights {
  readonly #tensors: ReadonlyMap<string, Tensor>
  readonly #architecture: Architecture
  /** Files of a bare encoder (sentence-transformers) leave the prefix out. */
  readonly #isBare: boolean

  constructor(tensors: ReadonlyMap<string, Tensor>, architecture: Architecture) {
    this.#tensors = tensors
    this.#architecture = architecture
    this.#isBare = !tensors.has(tensorName(architecture, 'embeddings.word_embeddings.weight'))
  }

  /** A weight of the encoder, by its plain name (registry/tensor-names.ts). */
  encoder(plainName: string, ...shape: number[]): Float32Array {
    const name = tensorName(this.#architecture, plainName)
    return this.head(this.#isBare ? withoutPrefix(name) : name, ...shape)
  }

  /** @throws MODEL_INCOMPATIBLE when it is missing or has another shape. */
  head(name: string, ...shape: number[]): Float32Array {
    const tensor = this.#tensors.get(name)
    if (!tensor) throw new DocentError('MODEL_INCOMPATIBLE', `the weights lack ${name}`)
    if (tensor.shape.join() !== shape.join()) {
      throw new DocentError(
        'MODEL_INCOMPATIBLE',
        `${name} has the shape [${tensor.shape}], and config.json asks for [${shape}]`,
      )
    }
    return tensor.data
  }
}

/** [rows, columns] to [columns, rows]: Hugging Face keeps linear weights as [out, in], MatMul takes [in, out]. */
export function transpose<T extends Float32Array | Int8Array>(data: T, rows: number, columns: number): T {
  const transposed = data.slice() as T
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = data[row * columns + column] as number
    }
  }
  return transposed
}

export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
