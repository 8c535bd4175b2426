/**
 * Dropout (Srivastava et al. 2014) of hidden states, as BERT has it: behind the embeddings, behind attention and behind the
 * feed-forward part. Attention probabilities are not dropped: they are ten times as many numbers, and drawing them would
 * cost a fifth of the time.
 */
import type { Tensor, TensorOps } from './tensorflow.js'

export interface DropoutWindow {
  /** Rows of the hidden states that are the window's tokens. */
  readonly length: number
  readonly seeds: readonly [number, number]
}

/**
 * The masks of one forward pass over windows that lie behind each other. Each window draws its own, a function of its seeds
 * and of how many it drew before: a resumed run draws what an undisturbed one would have drawn, however batches are cut.
 */
export class Dropout {
  readonly #ops: TensorOps
  readonly #rate: number
  readonly #windows: readonly DropoutWindow[]
  #drawn = 0

  constructor(ops: TensorOps, { rate, windows }: { rate: number; windows: readonly DropoutWindow[] }) {
    this.#ops = ops
    this.#rate = rate
    this.#windows = windows
  }

  static none(ops: TensorOps): Dropout {
    return new Dropout(ops, { rate: 0, windows: [] })
  }

  /** @returns with what it multiplied by, for the backward pass: 0, or 1 / (1 - rate) so that the mean stays. */
  apply(input: Tensor): { output: Tensor; mask: Tensor | null } {
    if (this.#rate === 0) return { output: input, mask: null }
    const ops = this.#ops
    const keep = 1 - this.#rate
    const width = input.shape[1] as number
    const draw = ({ length, seeds: [first, second] }: DropoutWindow): Tensor =>
      ops.uniform([length, width], [first, (second + this.#drawn * DRAW_STRIDE) | 0])
    const mask = ops.tidy(() => {
      const uniform = ops.joinRows(this.#windows.map(draw))
      return ops.scale(ops.floor(ops.shift(uniform, keep)), 1 / keep)
    })
    this.#drawn++
    return { output: ops.multiply(input, mask), mask }
  }
}

/** Far apart, so that the draws of one pass never meet those of another. */
const DRAW_STRIDE = 0x1000_0001

/** Dropout is a product, and so is its gradient. */
export function dropped(ops: TensorOps, gradient: Tensor, mask: Tensor | null): Tensor {
  return mask ? ops.multiply(gradient, mask) : gradient
}
