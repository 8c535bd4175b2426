/**
 * What early stopping keeps (Prechelt 1998): the weights of the lowest loss on the watched part, and how long ago that was.
 */
import type { Tensor } from '../registry/safetensors.js'
import { namedViews, type Parameter } from './parameter.js'

export interface BestState {
  readonly loss: number
  readonly step: number
  /** Looks since then, none of them lower. */
  readonly looksSince: number
}

export class BestWeights {
  readonly #learning: readonly Parameter[]
  readonly #patience: number | null
  readonly #copies = new Map<Parameter, Float32Array>()
  #state: BestState | null = null

  constructor(parameters: readonly Parameter[], { patience }: { patience: number | null }) {
    this.#learning = parameters.filter(({ gradient }) => gradient !== null)
    this.#patience = patience
  }

  /** Null before the first look. */
  get state(): BestState | null {
    return this.#state
  }

  /** Whether it has been too long since the loss fell. */
  get isOver(): boolean {
    return this.#patience !== null && (this.#state?.looksSince ?? 0) >= this.#patience
  }

  look(step: number, loss: number): void {
    if (this.#state && loss >= this.#state.loss) {
      this.#state = { ...this.#state, looksSince: this.#state.looksSince + 1 }
      return
    }
    this.#state = { loss, step, looksSince: 0 }
    for (const parameter of this.#learning) this.#copies.set(parameter, parameter.data.slice())
  }

  /** What a checkpoint keeps; empty before the first look. */
  namedWeights(): Map<string, Tensor> {
    return namedViews(this.#learning, (parameter) => this.#copies.get(parameter) ?? null)
  }

  load(state: BestState | null, weights: ReadonlyMap<string, Tensor>): void {
    this.#state = state
    if (!state) return
    for (const parameter of this.#learning) this.#copies.set(parameter, new Float32Array(parameter.data.length))
    for (const [name, { data }] of this.namedWeights()) data.set((weights.get(name) as Tensor).data)
  }

  /** Puts the best numbers back; without a look, nothing changes. */
  restore(): void {
    for (const [parameter, numbers] of this.#copies) parameter.data.set(numbers)
  }
}
