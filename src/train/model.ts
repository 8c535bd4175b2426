/**
 * An encoder with a question-answering head over a micro-batch of windows: logits, or loss and gradients.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { SpanLogits } from '../text/spans.js'
import type { WindowGroup } from './attention.js'
import { Dropout, dropped } from './dropout.js'
import {
  encoderLayer,
  encoderLayerBackward,
  layerNorm,
  layerNormBackward,
  linear,
  linearBackward,
  type SavedLayer,
  type SavedNorm,
} from './layers.js'
import { spanLoss, type Target } from './loss.js'
import type { Parameter } from './parameter.js'
import type { ModelParameters } from './parameters.js'
import type { Tensor, TensorOps } from './tensorflow.js'

export interface ModelInput {
  readonly inputIds: Int32Array
  readonly tokenTypeIds: Int32Array
}

export interface LabelledInput extends ModelInput {
  readonly start: number
  readonly end: number
}

/** The rows of a micro-batch: all windows' tokens behind each other. */
interface TokenRows {
  readonly ids: Int32Array
  readonly positions: Int32Array
  readonly types: Int32Array
  readonly groups: readonly WindowGroup[]
}

export class ReaderModel {
  readonly #ops: TensorOps
  readonly #config: EncoderConfig
  readonly #parameters: ModelParameters

  constructor(ops: TensorOps, config: EncoderConfig, parameters: ModelParameters) {
    this.#ops = ops
    this.#config = config
    this.#parameters = parameters
  }

  logits(inputs: readonly ModelInput[]): SpanLogits[] {
    const ops = this.#ops
    const rows = layOut(inputs, this.#config.positionOffset)
    const dropout = Dropout.none(ops)
    const flat = ops.read(() => {
      let hidden = this.#project(this.#embed(rows).output)
      for (const layer of this.#parameters.layers) {
        hidden = ops.tidy(() => encoderLayer(ops, hidden, layer, rows.groups, this.#config, dropout).output)
      }
      return linear(ops, hidden, this.#parameters.head)
    })
    let firstRow = 0
    return inputs.map(({ inputIds: { length } }) => {
      const column = (offset: number): Float32Array =>
        Float32Array.from({ length }, (_, token) => flat[2 * (firstRow + token) + offset] as number)
      const split = { startLogits: column(0), endLogits: column(1) }
      firstRow += length
      return split
    })
  }

  /** @returns the weighted loss; nothing is learnt from it. */
  loss(inputs: readonly LabelledInput[], weight: number): number {
    const logits = this.logits(inputs)
    return inputs.reduce((sum, { inputIds: { length }, start, end }, window) => {
      const { startLogits, endLogits } = logits[window] as SpanLogits
      const columns = Float32Array.from({ length: 2 * length }, (_, index) => {
        return (index % 2 === 0 ? startLogits : endLogits)[index >> 1] as number
      })
      return sum + spanLoss(columns, [{ length, start, end }], weight).loss
    }, 0)
  }

  /**
   * One forward and backward pass. Windows of one length should stand together: they share their attention products.
   * @param weight of each window in the loss; gradients are added to the parameters' sums.
   * @returns the weighted loss.
   */
  accumulateGradients(
    inputs: readonly LabelledInput[],
    weight: number,
    dropout: Dropout = Dropout.none(this.#ops),
  ): number {
    const ops = this.#ops
    const rows = layOut(inputs, this.#config.positionOffset)
    return ops.tidy(() => {
      const embedded = ops.tidy(() => this.#embed(rows))
      const saved: SavedLayer[] = []
      const first = dropout.apply(embedded.output)
      let hidden = this.#project(first.output)
      for (const layer of this.#parameters.layers) {
        const step = ops.tidy(() => encoderLayer(ops, hidden, layer, rows.groups, this.#config, dropout))
        saved.push(step.saved)
        hidden = step.output
      }
      const targets = inputs.map(({ inputIds, start, end }): Target => ({ length: inputIds.length, start, end }))
      const logits = ops.read(() => linear(ops, hidden, this.#parameters.head))
      const { loss, gradient } = spanLoss(logits, targets, weight)
      const top = ops.fromFloats(gradient, [rows.ids.length, 2])
      let hiddenGradient = ops.tidy(() => linearBackward(ops, hidden, top, this.#parameters.head))
      ops.dispose(hidden)
      const lowest = this.#lowestLearning()
      for (const [index, layer] of [...this.#parameters.layers.entries()].toReversed()) {
        // Nothing below learns: nobody asks for this gradient.
        if (index + 1 < lowest) return loss
        const above = hiddenGradient
        const kept = saved.pop() as SavedLayer
        hiddenGradient = ops.tidy(() => encoderLayerBackward(ops, above, kept, layer, rows.groups, this.#config))
        ops.dispose(above, kept)
      }
      if (lowest === 0) {
        const below = this.#projectBackward(first.output, hiddenGradient)
        this.#embedBackward(rows, dropped(ops, below, first.mask), embedded.saved)
      }
      return loss
    })
  }

  /** The depth of the lowest parameter that learns. */
  #lowestLearning(): number {
    return Math.min(...this.#parameters.all.filter(({ learns }) => learns).map(({ depth }) => depth))
  }

  #embed({ ids, positions, types }: TokenRows): { output: Tensor; saved: SavedNorm } {
    const ops = this.#ops
    const { words, positions: positionTable, types: typeTable, embeddingNorm } = this.#parameters
    const placed = ops.rowsAt(positionTable.tensor, ops.fromIntegers(positions))
    const typed = typeTable ? ops.add(placed, ops.rowsAt(typeTable.tensor, ops.fromIntegers(types))) : placed
    const sum = ops.add(ops.rowsAt(words.tensor, ops.fromIntegers(ids)), typed)
    return layerNorm(ops, sum, embeddingNorm, this.#config.layerNormEpsilon)
  }

  /** [tokens, embedding] -> [tokens, hidden] */
  #project(embedded: Tensor): Tensor {
    const { projection } = this.#parameters
    return projection ? linear(this.#ops, embedded, projection) : embedded
  }

  #projectBackward(embedded: Tensor, gradient: Tensor): Tensor {
    const { projection } = this.#parameters
    return projection ? linearBackward(this.#ops, embedded, gradient, projection) : gradient
  }

  #embedBackward({ ids, positions, types }: TokenRows, gradient: Tensor, saved: SavedNorm): void {
    const ops = this.#ops
    const tables = this.#parameters
    const rows = ops.read(() => layerNormBackward(ops, gradient, saved, tables.embeddingNorm))
    scatterRows(tables.words, ids, rows)
    scatterRows(tables.positions, positions, rows)
    if (tables.types) scatterRows(tables.types, types, rows)
  }
}

/** Adds row i of `rows` to row `indices[i]` of the table's gradient; on this side, because most of a table is untouched. */
function scatterRows(table: Parameter, indices: Int32Array, rows: Float32Array): void {
  if (!table.gradient || !table.learns) return
  const width = table.shape[1] as number
  for (let row = 0; row < indices.length; row++) {
    const from = row * width
    const to = (indices[row] as number) * width
    for (let column = 0; column < width; column++) {
      ;(table.gradient[to + column] as number) += rows[from + column] as number
    }
  }
}

function layOut(inputs: readonly ModelInput[], positionOffset: number): TokenRows {
  const count = inputs.reduce((sum, { inputIds }) => sum + inputIds.length, 0)
  const ids = new Int32Array(count)
  const positions = new Int32Array(count)
  const types = new Int32Array(count)
  const groups: { firstRow: number; windowCount: number; length: number }[] = []
  let row = 0
  for (const { inputIds, tokenTypeIds } of inputs) {
    const { length } = inputIds
    ids.set(inputIds, row)
    types.set(tokenTypeIds, row)
    for (let token = 0; token < length; token++) positions[row + token] = positionOffset + token
    const last = groups.at(-1)
    if (last?.length === length) last.windowCount++
    else groups.push({ firstRow: row, windowCount: 1, length })
    row += length
  }
  return { ids, positions, types, groups }
}
