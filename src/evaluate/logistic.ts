/**
 * Logistic regression by maximum likelihood, for the few weights of a calibration (Platt 1999): Newton's method with step
 * halving, on rows that may be few and perfectly separable.
 */
import { sigmoid } from '../read/confidence.js'

/** Weights are normal with this deviation before anything is seen: nothing to 100 rows, and finite where all agree. */
const PRIOR_DEVIATION = 10
const MAX_STEPS = 100
const TOLERANCE = 1e-9

export interface LogisticFit {
  readonly bias: number
  /** One for each feature, none below 0. */
  readonly weights: number[]
  /** Mean over the rows, in nats, of what was seen. */
  readonly negativeLogLikelihood: number
}

interface RowOptions {
  /** Log-odds that each row has before any weight, 0 unless told. */
  readonly offsets?: readonly number[]
  /** How many rows each one counts for, 1 unless told. */
  readonly importances?: readonly number[]
}

/**
 * Features must be such that more of them cannot make the outcome less likely: one whose weight would be negative is left
 * out, so that the map stays monotone whatever chance put into the rows.
 * @param features one list for each row
 */
export function fitLogistic(
  features: readonly (readonly number[])[],
  outcomes: readonly boolean[],
  { offsets = [], importances = [] }: RowOptions = {},
): LogisticFit {
  const count = features[0]?.length ?? 0
  let used = Array.from({ length: count }, (_, index) => index)
  for (;;) {
    const rows = features.map((row, at): Row => {
      const values = [1, ...used.map((index) => row[index] as number)]
      const outcome = outcomes[at] as boolean
      return { values, outcome, offset: offsets[at] ?? 0, importance: importances[at] ?? 1 }
    })
    const [bias = 0, ...fitted] = maximise(rows, used.length + 1)
    const worst = fitted.indexOf(Math.min(...fitted))
    if (fitted.length === 0 || (fitted[worst] as number) >= 0) {
      const weights = Array.from({ length: count }, (_, index) => fitted[used.indexOf(index)] ?? 0)
      const nll = loss(rows, [bias, ...fitted]) / Math.max(rows.length, 1)
      return { bias, weights, negativeLogLikelihood: nll }
    }
    used = used.filter((_, at) => at !== worst)
  }
}

interface Row {
  /** A 1 for the bias, then the features. */
  readonly values: readonly number[]
  readonly outcome: boolean
  readonly offset: number
  readonly importance: number
}

function maximise(rows: readonly Row[], size: number): number[] {
  let weights = new Array<number>(size).fill(0)
  let current = penalised(rows, weights)
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = newtonStep(rows, weights)
    let length = 1
    let next = weights
    let value = Number.POSITIVE_INFINITY
    for (; value > current && length > 1e-6; length /= 2) {
      next = weights.map((weight, index) => weight - length * (direction[index] as number))
      value = penalised(rows, next)
    }
    if (value > current) break
    const gain = current - value
    weights = next
    current = value
    if (gain < TOLERANCE) break
  }
  return weights
}

function newtonStep(rows: readonly Row[], weights: readonly number[]): number[] {
  const precision = 1 / PRIOR_DEVIATION ** 2
  const gradient = weights.map((weight) => weight * precision)
  const hessian = weights.map((_, row) => weights.map((_, column) => (row === column ? precision : 0)))
  for (const row of rows) {
    const probability = sigmoid(logOddsOf(row, weights))
    const error = row.importance * (probability - Number(row.outcome))
    const curvature = row.importance * probability * (1 - probability)
    for (const [i, value] of row.values.entries()) {
      gradient[i] = (gradient[i] as number) + error * value
      const line = hessian[i] as number[]
      for (const [j, other] of row.values.entries()) line[j] = (line[j] as number) + curvature * value * other
    }
  }
  return solve(hessian, gradient)
}

/** Gaussian elimination; the matrix is positive definite, so that no pivot is 0. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length
  for (let pivot = 0; pivot < size; pivot++) {
    const line = matrix[pivot] as number[]
    for (let row = pivot + 1; row < size; row++) {
      const below = matrix[row] as number[]
      const factor = (below[pivot] as number) / (line[pivot] as number)
      for (let column = pivot; column < size; column++) {
        below[column] = (below[column] as number) - factor * (line[column] as number)
      }
      right[row] = (right[row] as number) - factor * (right[pivot] as number)
    }
  }
  const solution = new Array<number>(size).fill(0)
  for (let row = size - 1; row >= 0; row--) {
    const line = matrix[row] as number[]
    let rest = right[row] as number
    for (let column = row + 1; column < size; column++) rest -= (line[column] as number) * (solution[column] as number)
    solution[row] = rest / (line[row] as number)
  }
  return solution
}

function penalised(rows: readonly Row[], weights: readonly number[]): number {
  const prior = weights.reduce((sum, weight) => sum + weight ** 2, 0) / (2 * PRIOR_DEVIATION ** 2)
  return loss(rows, weights) + prior
}

function loss(rows: readonly Row[], weights: readonly number[]): number {
  let sum = 0
  for (const row of rows) {
    const logOdds = logOddsOf(row, weights)
    // log(1 + exp(-x)) of the signed log-odds, without overflow.
    const signed = row.outcome ? logOdds : -logOdds
    sum += row.importance * (Math.log1p(Math.exp(-Math.abs(signed))) + Math.max(0, -signed))
  }
  return sum
}

function logOddsOf({ values, offset }: Row, weights: readonly number[]): number {
  return values.reduce((sum, value, index) => sum + value * (weights[index] as number), offset)
}
