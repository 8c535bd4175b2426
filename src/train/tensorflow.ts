/**
 * The one file that loads tfjs-node. What TensorFlow's kernels can do beyond tfjs's own functions (transposed products
 * without a copy, fused bias, batched products) is reached through the node backend's raw operations.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Tfjs from '@tensorflow/tfjs-node'
import { packageRoot } from '../child.js'
import { DocentError } from '../errors.js'

export type Tensor = Tfjs.Tensor

/** What a training process's environment needs before it starts; measured on two cores with AVX2. */
export function trainingEnvironment(threads: number): Record<string, string> {
  return {
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_ENABLE_ONEDNN_OPTS: '1', // batched products run at 100 GFLOP/s with oneDNN, at 12 without
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    // glibc would map and unmap every large tensor afresh, and the page faults cost a quarter of the time.
    MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 30),
    MALLOC_TRIM_THRESHOLD_: String(4 * 2 ** 30),
    MALLOC_TOP_PAD_: String(64 * 2 ** 20),
  }
}

/** What large matrix products are computed in. Everything else, and every sum that is kept, is float32. */
export type Precision = 'float32' | 'bfloat16'

/** A tensor of the TensorFlow library that tfjs does not know of. */
interface RawTensor {
  readonly id: number
}

interface NodeBackend {
  readonly binding: {
    readonly TF_ATTR_BOOL: number
    readonly TF_ATTR_TYPE: number
    readonly TF_ATTR_STRING: number
    readonly TF_FLOAT: number
    readonly TF_INT32: number
    executeOp(
      name: string,
      attributes: readonly object[],
      inputIds: readonly number[],
      outputCount: number,
    ): RawTensor[]
    deleteTensor(id: number): void
  }
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly Tensor[]): Tensor
  getInputTensorIds(tensors: readonly Tensor[]): number[]
  createOutputTensor(raw: RawTensor): Tensor
}

/** DT_BFLOAT16 in TensorFlow's types.proto: a type that tfjs has no name for. */
const BFLOAT16 = 14
/** A product with a smaller side is not worth the casts; it also keeps the logits, of width 2, in float32. */
const MIN_BFLOAT16_SIDE = 64

/** The few tensor operations that the model is made of. Every result is tracked by the surrounding {@link TensorOps.tidy}. */
export class TensorOps {
  readonly #tf: typeof Tfjs
  readonly #backend: NodeBackend
  readonly #precision: Precision
  readonly #float: object

  constructor(tf: typeof Tfjs, precision: Precision) {
    this.#tf = tf
    this.#backend = tf.backend() as unknown as NodeBackend
    this.#precision = precision
    this.#float = this.#type('T', this.#backend.binding.TF_FLOAT)
  }

  /** Frees what was made inside, but for what is returned (in objects and arrays too). */
  tidy<T>(make: () => T): T {
    return this.#tf.tidy(make as () => Tfjs.TensorContainer) as T
  }

  dispose(...tensors: readonly unknown[]): void {
    this.#tf.dispose(tensors as unknown as Tfjs.TensorContainer)
  }

  get tensorCount(): number {
    return this.#tf.memory().numTensors
  }

  fromFloats(data: Float32Array, shape: readonly number[]): Tensor {
    return this.#tf.tensor(data, [...shape], 'float32')
  }

  fromIntegers(data: Int32Array): Tensor {
    return this.#tf.tensor1d(data, 'int32')
  }

  /** The numbers of what is made inside; all of it is freed. (A tidy must not return them: it would search them for tensors.) */
  read(make: () => Tensor): Float32Array {
    const tensor = this.tidy(make)
    const numbers = tensor.dataSync() as Float32Array
    tensor.dispose()
    return numbers
  }

  /** [m, k] x [k, n]; a transposed operand lies the other way round and is not copied. */
  matMul(left: Tensor, right: Tensor, transposed: { left?: boolean; right?: boolean } = {}): Tensor {
    const flags = [
      this.#flag('transpose_a', transposed.left ?? false),
      this.#flag('transpose_b', transposed.right ?? false),
    ]
    const isLarge = [...left.shape, ...right.shape].every((side) => side >= MIN_BFLOAT16_SIDE)
    if (this.#precision === 'bfloat16' && isLarge) return this.#matMulInBfloat16(left, right, flags)
    return this.#backend.executeSingleOutput('MatMul', [this.#float, ...flags], [left, right])
  }

  /** tfjs cannot hold bfloat16 tensors, so they live here alone: cast, multiplied (summed in float32), cast back. */
  #matMulInBfloat16(left: Tensor, right: Tensor, flags: readonly object[]): Tensor {
    const { binding } = this.#backend
    const raw: RawTensor[] = []
    const run = (name: string, attributes: readonly object[], inputIds: readonly number[]): RawTensor => {
      const [made] = binding.executeOp(name, attributes, inputIds, 1) as [RawTensor]
      raw.push(made)
      return made
    }
    const cast = (id: number, from: number, to: number): RawTensor =>
      run('Cast', [this.#type('SrcT', from), this.#type('DstT', to), this.#flag('Truncate', false)], [id])
    try {
      const inputs = this.#backend.getInputTensorIds([left, right]).map((id) => cast(id, binding.TF_FLOAT, BFLOAT16).id)
      const product = run('MatMul', [this.#type('T', BFLOAT16), ...flags], inputs)
      cast(product.id, BFLOAT16, binding.TF_FLOAT)
      return this.#backend.createOutputTensor(raw.pop() as RawTensor)
    } finally {
      for (const { id } of raw) binding.deleteTensor(id)
    }
  }

  /** [..., m, k] x [..., k, n]. */
  batchMatMul(left: Tensor, right: Tensor, transposed: { left?: boolean; right?: boolean } = {}): Tensor {
    const attributes = [
      this.#float,
      this.#flag('adj_x', transposed.left ?? false),
      this.#flag('adj_y', transposed.right ?? false),
    ]
    return this.#backend.executeSingleOutput('BatchMatMulV2', attributes, [left, right])
  }

  /** [rows, columns] + [columns]. */
  addBias(rows: Tensor, bias: Tensor): Tensor {
    return this.#backend.executeSingleOutput('BiasAdd', [this.#float, this.#lastChannel], [rows, bias])
  }

  /** [rows, columns] -> [columns]: the gradient of a bias. */
  columnSums(rows: Tensor): Tensor {
    return this.#backend.executeSingleOutput('BiasAddGrad', [this.#float, this.#lastChannel], [rows])
  }

  softmax(scores: Tensor): Tensor {
    return this.#backend.executeSingleOutput('Softmax', [this.#float], [scores])
  }

  /** In [0, 1): a function of shape and seeds alone (Philox; Salmon et al. 2011). */
  uniform(shape: readonly number[], seeds: readonly [number, number]): Tensor {
    const attributes = [
      this.#type('dtype', this.#backend.binding.TF_FLOAT),
      this.#type('T', this.#backend.binding.TF_INT32),
      this.#type('Tseed', this.#backend.binding.TF_INT32),
    ]
    const inputs = [this.fromIntegers(Int32Array.from(shape)), this.fromIntegers(Int32Array.from(seeds))]
    return this.#backend.executeSingleOutput('StatelessRandomUniform', attributes, inputs)
  }

  add = (left: Tensor, right: Tensor): Tensor => this.#tf.add(left, right)
  subtract = (left: Tensor, right: Tensor): Tensor => this.#tf.sub(left, right)
  multiply = (left: Tensor, right: Tensor): Tensor => this.#tf.mul(left, right)
  scale = (tensor: Tensor, factor: number): Tensor => this.#tf.mul(tensor, factor)
  shift = (tensor: Tensor, amount: number): Tensor => this.#tf.add(tensor, amount)
  square = (tensor: Tensor): Tensor => this.#tf.square(tensor)
  floor = (tensor: Tensor): Tensor => this.#tf.floor(tensor)
  exp = (tensor: Tensor): Tensor => this.#tf.exp(tensor)
  erf = (tensor: Tensor): Tensor => this.#tf.erf(tensor)
  inverseSquareRoot = (tensor: Tensor): Tensor => this.#tf.rsqrt(tensor)
  /** [..., n] -> [..., 1] */
  lastAxisSum = (tensor: Tensor): Tensor => this.#tf.sum(tensor, -1, true)
  lastAxisMean = (tensor: Tensor): Tensor => this.#tf.mean(tensor, -1, true)
  rowsAt = (table: Tensor, indices: Tensor): Tensor => this.#tf.gather(table, indices as Tfjs.Tensor1D)
  rows = (tensor: Tensor, from: number, count: number): Tensor => this.#tf.slice(tensor, from, count)
  reshape = (tensor: Tensor, shape: number[]): Tensor => this.#tf.reshape(tensor, shape)
  transpose = (tensor: Tensor, order: number[]): Tensor => this.#tf.transpose(tensor, order)
  joinRows = (tensors: Tensor[]): Tensor =>
    tensors.length === 1 ? (tensors[0] as Tensor) : this.#tf.concat(tensors, 0)
  stack = (tensors: Tensor[]): Tensor => this.#tf.stack(tensors)
  unstack = (tensor: Tensor): Tensor[] => this.#tf.unstack(tensor)

  #type(name: string, value: number): object {
    return { name, type: this.#backend.binding.TF_ATTR_TYPE, value }
  }

  #flag(name: string, value: boolean): object {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value }
  }

  get #lastChannel(): object {
    return { name: 'data_format', type: this.#backend.binding.TF_ATTR_STRING, value: 'NHWC' }
  }
}

/** @throws TRAINING_UNAVAILABLE with the reason when tfjs-node or the library under it cannot be loaded. */
export function loadTensorFlow(precision: Precision = 'float32'): TensorOps {
  const require = createRequire(import.meta.url)
  try {
    // tfjs-node calls a function of node:util that Node 23 removed.
    const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean }
    util.isNullOrUndefined ??= (value) => value === null || value === undefined
    const tf = require('@tensorflow/tfjs-node') as typeof Tfjs
    tf.enableProdMode()
    return new TensorOps(tf, precision)
  } catch (cause) {
    const loading = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    const reason = setUpReason() ?? loading
    throw new DocentError('TRAINING_UNAVAILABLE', `tfjs-node cannot be loaded: ${reason}`, { cause })
  }
}

/** What set-up found to be missing (scripts/setup/tfjs.mjs), when that is why. */
function setUpReason(): string | undefined {
  try {
    return readFileSync(join(packageRoot, '.setup/training-unavailable.txt'), 'utf8').trim()
  } catch {
    return undefined
  }
}
