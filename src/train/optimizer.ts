/**
 * AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it, on the JavaScript side: one pass over the numbers
 * instead of a dozen tensor operations that each walk through memory.
 */
import { DocentError } from '../errors.js'
import type { Tensor } from '../registry/safetensors.js'
import { namedViews, type Parameter } from './parameter.js'

const MOMENTUM_DECAY = 0.9
const SQUARE_DECAY = 0.999
const EPSILON = 1e-8

/** Running means of a parameter's gradient and of its square. */
interface Moments {
  readonly mean: Float32Array
  readonly square: Float32Array
}

interface Trained {
  readonly parameter: Parameter
  readonly gradient: Float32Array
  readonly moments: Moments
  /** Updates of this parameter so far, for the bias correction: one number. */
  readonly steps: Float32Array
  /** What it is pulled to; null where nothing pulls. */
  readonly parent: Float32Array | null
}

export interface AdamWOptions {
  readonly weightDecay: number
  /** Decoupled decay towards the numbers that `parentOf` gives. */
  readonly pullToParent?: number
  readonly parentOf?: (parameter: Parameter) => Float32Array
}

export class AdamW {
  readonly #weightDecay: number
  readonly #pull: number
  readonly #trained: readonly Trained[]

  constructor(parameters: readonly Parameter[], { weightDecay, pullToParent = 0, parentOf }: AdamWOptions) {
    this.#weightDecay = weightDecay
    this.#pull = pullToParent
    this.#trained = parameters.flatMap((parameter): Trained[] => {
      const { gradient, data } = parameter
      if (!gradient) return []
      const moments = { mean: new Float32Array(data.length), square: new Float32Array(data.length) }
      const parent = pullToParent > 0 && parentOf ? parentOf(parameter) : null
      return [{ parameter, gradient, moments, steps: new Float32Array(1), parent }]
    })
  }

  /**
   * What a checkpoint keeps: views of the moments under `mean.NAME` and `square.NAME`, NAME as Hugging Face has it, and the
   * updates of each parameter under `steps.` and the first of its names.
   */
  namedMoments(parameters: readonly Parameter[]): Map<string, Tensor> {
    const named = new Map<string, Tensor>()
    for (const kind of ['mean', 'square'] as const) {
      const select = (parameter: Parameter): Float32Array | null =>
        this.#trained.find((entry) => entry.parameter === parameter)?.moments[kind] ?? null
      for (const [name, view] of namedViews(parameters, select)) named.set(`${kind}.${name}`, view)
    }
    for (const { parameter, steps } of this.#trained) {
      named.set(`steps.${parameter.parts[0]?.name}`, { shape: [1], data: steps })
    }
    return named
  }

  /** @throws MODEL_CORRUPT when one of them is missing or of another size. */
  restore(parameters: readonly Parameter[], moments: ReadonlyMap<string, Tensor>): void {
    for (const [name, view] of this.namedMoments(parameters)) {
      const saved = moments.get(name)
      if (saved?.data.length !== view.data.length)
        throw new DocentError('MODEL_CORRUPT', `the checkpoint lacks ${name}`)
      view.data.set(saved.data)
    }
  }

  /** Euclidean norm over the gradients of all parameters. Not finite when one number is not. */
  gradientNorm(): number {
    let sum = 0
    for (const { gradient } of this.#trained) {
      for (let index = 0; index < gradient.length; index++) sum += (gradient[index] as number) ** 2
    }
    return Math.sqrt(sum)
  }

  /**
   * Changes the parameters that learn by their gradients times `gradientScale`, uploads them, and sets the gradients to zero.
   * @param rateOf what the learning rate of a parameter is multiplied by.
   */
  update(learningRate: number, gradientScale: number, rateOf: (parameter: Parameter) => number = () => 1): void {
    for (const trained of this.#trained) {
      if (!trained.parameter.learns) continue
      this.#change(trained, learningRate * rateOf(trained.parameter), gradientScale)
      trained.gradient.fill(0)
      trained.parameter.upload()
    }
  }

  #change({ parameter, gradient, moments, steps, parent }: Trained, learningRate: number, gradientScale: number): void {
    const step = (steps[0] as number) + 1
    steps[0] = step
    const rate = learningRate / (1 - MOMENTUM_DECAY ** step)
    const squareCorrection = 1 / Math.sqrt(1 - SQUARE_DECAY ** step)
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
    if (parent) pullTowards(data, parent, learningRate * this.#pull)
  }
}

function pullTowards(data: Float32Array, parent: Float32Array, share: number): void {
  for (let index = 0; index < data.length; index++) {
    ;(data[index] as number) += share * ((parent[index] as number) - (data[index] as number))
  }
}
