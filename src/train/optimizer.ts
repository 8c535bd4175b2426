/**
 * AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it, on the JavaScript side: one pass over the numbers
 * instead of a dozen tensor operations that each walk through memory.
 */
import { DocentError } from '../errors.js'
import type { Tensor } from '../registry/safetensors.js'
import { type ModelParameters, namedViews, type Parameter } from './parameters.js'

const MOMENTUM_DECAY = 0.9
const SQUARE_DECAY = 0.999
const EPSILON = 1e-8

/** Running means of a parameter's gradient and of its square. */
export interface Moments {
  readonly mean: Float32Array
  readonly square: Float32Array
}

export class AdamW {
  readonly #weightDecay: number
  readonly #trained: readonly { parameter: Parameter; gradient: Float32Array; moments: Moments }[]
  /** Updates done so far, for the bias correction. */
  steps = 0

  constructor(parameters: readonly Parameter[], { weightDecay }: { weightDecay: number }) {
    this.#weightDecay = weightDecay
    this.#trained = parameters.flatMap((parameter) => {
      const { gradient, data } = parameter
      if (!gradient) return []
      const moments = { mean: new Float32Array(data.length), square: new Float32Array(data.length) }
      return [{ parameter, gradient, moments }]
    })
  }

  /** Views of the moments under `mean.NAME` and `square.NAME`, NAME as Hugging Face has it: what a checkpoint keeps. */
  namedMoments(parameters: ModelParameters): Map<string, Tensor> {
    const named = new Map<string, Tensor>()
    for (const kind of ['mean', 'square'] as const) {
      const select = (parameter: Parameter): Float32Array | null =>
        this.#trained.find((entry) => entry.parameter === parameter)?.moments[kind] ?? null
      for (const [name, view] of namedViews(parameters, select)) named.set(`${kind}.${name}`, view)
    }
    return named
  }

  /** @throws MODEL_CORRUPT when one of them is missing or of another size. */
  restore(parameters: ModelParameters, moments: ReadonlyMap<string, Tensor>, steps: number): void {
    for (const [name, view] of this.namedMoments(parameters)) {
      const saved = moments.get(name)
      if (saved?.data.length !== view.data.length)
        throw new DocentError('MODEL_CORRUPT', `the checkpoint lacks ${name}`)
      view.data.set(saved.data)
    }
    this.steps = steps
  }

  /** Euclidean norm over the gradients of all parameters. Not finite when one number is not. */
  gradientNorm(): number {
    let sum = 0
    for (const { gradient } of this.#trained) {
      for (let index = 0; index < gradient.length; index++) sum += (gradient[index] as number) ** 2
    }
    return Math.sqrt(sum)
  }

  /** Changes the parameters by their gradients times `gradientScale`, uploads them, and sets the gradients to zero. */
  update(learningRate: number, gradientScale: number): void {
    this.steps++
    const rate = learningRate / (1 - MOMENTUM_DECAY ** this.steps)
    const squareCorrection = 1 / Math.sqrt(1 - SQUARE_DECAY ** this.steps)
    for (const { parameter, gradient, moments } of this.#trained) {
      const { mean, square } = moments
      const { data } = parameter
      const keep = parameter.decays ? 1 - learningRate * this.#weightDecay : 1
      for (let index = 0; index < data.length; index++) {
        const slope = (gradient[index] as number) * gradientScale
        const newMean = MOMENTUM_DECAY * (mean[index] as number) + (1 - MOMENTUM_DECAY) * slope
        const newSquare = SQUARE_DECAY * (square[index] as number) + (1 - SQUARE_DECAY) * slope * slope
        mean[index] = newMean
        square[index] = newSquare
        data[index] =
          keep * (data[index] as number) - (rate * newMean) / (Math.sqrt(newSquare) * squareCorrection + EPSILON)
      }
      gradient.fill(0)
      parameter.upload()
    }
  }
}
