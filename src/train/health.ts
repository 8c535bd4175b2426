import { DocentError } from '../errors.js'

/** Guessing evenly among all tokens of a window costs ln(length). Doing this many times worse for long is divergence. */
const DIVERGED_FACTOR = 2

/** Watches whether a run still learns. */
export class Health {
  readonly #tolerated: number
  /** Mean of about the last ten. */
  #recentLoss = 0

  constructor({ maxSequenceLength }: { maxSequenceLength: number }) {
    this.#tolerated = DIVERGED_FACTOR * Math.log(maxSequenceLength)
  }

  /** @throws TRAINING_DIVERGED when loss or gradient is not finite, or the loss has run away. */
  check(step: number, loss: number, gradientNorm: number): void {
    this.#recentLoss = 0.9 * this.#recentLoss + 0.1 * loss
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && this.#recentLoss <= this.#tolerated) return
    throw new DocentError(
      'TRAINING_DIVERGED',
      `at step ${step} the loss is ${loss} and the gradient norm ${gradientNorm}`,
    )
  }
}
