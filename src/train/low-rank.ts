/**
 * LoRA (Hu et al. 2021): a frozen weight W learns as W + scaling x up x down, with `down` [rank, in], `up` [out, rank] and
 * scaling = alpha / rank. The sum is formed after each update, so that forward is what it is without an adapter and what is
 * exported needs no merging; backward never forms the gradient of W, only thin products with the tokens:
 *
 *   dUp = scaling x (dY)' (X down')        dDown = scaling x (dY up)' X
 *
 * A fused weight holds several modules behind each other. Their adapters are computed together: one `down` of all their
 * rows, and one `up` with a block for each, zero elsewhere.
 */
import type { Parameter } from './parameter.js'
import type { Tensor, TensorOps } from './tensorflow.js'

/** A module of the fused weight that is adapted: its rows. */
export interface AdaptedRows {
  readonly from: number
  readonly count: number
}

export interface LowRankOptions {
  /** Frozen; its numbers become those of the sum. */
  readonly weight: Parameter
  readonly modules: readonly AdaptedRows[]
  readonly rank: number
  readonly scaling: number
  /** [modules x rank, in] */
  readonly down: Parameter
  /** [rows of all modules, rank] */
  readonly up: Parameter
}

export class LowRankAdapter {
  readonly #ops: TensorOps
  readonly #options: LowRankOptions
  /** The weight without the adapter. */
  readonly #base: Float32Array
  /** [out, modules x rank]: `up` as blocks, times the scaling. */
  #blocks: Tensor | null = null

  constructor(ops: TensorOps, options: LowRankOptions) {
    this.#ops = ops
    this.#options = options
    this.#base = options.weight.data.slice()
    this.merge()
  }

  get parameters(): readonly Parameter[] {
    return [this.#options.down, this.#options.up]
  }

  /** Adds the gradients of both sides for `input` [tokens, in] and the gradient of the output, [tokens, out]. */
  addGradients(input: Tensor, outputGradient: Tensor): void {
    const ops = this.#ops
    const { down, up, scaling } = this.#options
    if (!up.gradient || !up.learns) return
    const blocks = ops.read(() =>
      ops.matMul(outputGradient, ops.matMul(input, down.tensor, { right: true }), { left: true }),
    )
    const sum = up.gradient
    this.#eachNumber((block, index) => {
      ;(sum[index] as number) += scaling * (blocks[block] as number)
    })
    down.addGradient(() => ops.matMul(ops.matMul(outputGradient, this.#blocks as Tensor), input, { left: true }))
  }

  /** Makes the weight the sum again, after the adapter changed. */
  merge(): void {
    const ops = this.#ops
    const { weight, modules, rank, down, up, scaling } = this.#options
    const width = modules.length * rank
    const blocks = new Float32Array((weight.shape[0] as number) * width)
    this.#eachNumber((block, index) => {
      blocks[block] = scaling * (up.data[index] as number)
    })
    this.#blocks?.dispose()
    this.#blocks = ops.fromFloats(blocks, [weight.shape[0] as number, width])
    const change = ops.read(() => ops.matMul(this.#blocks as Tensor, down.tensor))
    for (let index = 0; index < change.length; index++) {
      weight.data[index] = (this.#base[index] as number) + (change[index] as number)
    }
    weight.upload()
  }

  dispose(): void {
    this.#blocks?.dispose()
    this.#blocks = null
  }

  /** Where each number of `up` stands among the blocks. */
  #eachNumber(visit: (block: number, index: number) => void): void {
    const { modules, rank } = this.#options
    let index = 0
    for (const [module, { from, count }] of modules.entries()) {
      for (let row = from; row < from + count; row++) {
        for (let column = 0; column < rank; column++) {
          visit(row * modules.length * rank + module * rank + column, index++)
        }
      }
    }
  }
}
