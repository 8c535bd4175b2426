/** Does an exported graph compute what it was made from? */
import { DocentError } from '../errors.js'
import type { SpanLogits } from '../text/spans.js'
import type { ModelForm } from './export-model.js'

export interface ExportReport {
  readonly windows: number
  readonly maxDifference: number
  /** The lowest of any window's start or end logits. */
  readonly minCosine: number
  /** Of all differences against the spread of the reference: 0 is equal, 1 is no likeness. */
  readonly relativeError: number
  /** Mean over the windows: by how much the best span of the export scores less, in the reference's logits, than its own. */
  readonly meanSpanLoss: number
  /** The window, token and output with the largest difference. */
  readonly worst: { readonly window: number; readonly token: number; readonly output: 'start' | 'end' }
}

interface Tolerance {
  readonly maxDifference: number
  readonly relativeError: number
  readonly meanSpanLoss: number
}

const ROUNDING: Tolerance = { maxDifference: 1e-3, relativeError: 1e-3, meanSpanLoss: 1e-3 }

/**
 * Forms in floats differ by rounding only. Int8 is judged by what it decides: it may move single logits, but neither the
 * picture as a whole nor the choice of a span by more than a little. All are in units of logits or relative to their spread,
 * so that a model that has hardly learned, whose logits are nearly flat, is judged as fairly as a good one.
 */
export const TOLERANCES: Readonly<Record<ModelForm, Tolerance>> = {
  fp32: ROUNDING,
  standard: ROUNDING,
  int8: { maxDifference: 4, relativeError: 0.25, meanSpanLoss: 0.5 },
}

/**
 * @param reference what the trained weights, or the fp32 graph, make of the windows.
 * @throws EXPORT_MISMATCH saying by how much and where.
 */
export function verifyExport(
  reference: readonly SpanLogits[],
  exported: readonly SpanLogits[],
  form: ModelForm = 'int8',
): ExportReport {
  const report = compareLogits(reference, exported)
  const tolerance = TOLERANCES[form]
  const exceeded = (['maxDifference', 'relativeError', 'meanSpanLoss'] as const).filter(
    // Negated, so that a NaN is no match.
    (figure) => !(report[figure] <= tolerance[figure]),
  )
  if (exceeded.length > 0) throw mismatch(report, tolerance, exceeded, form)
  return report
}

/** @throws EXPORT_MISMATCH when the two are not logits of the same windows. */
export function compareLogits(reference: readonly SpanLogits[], exported: readonly SpanLogits[]): ExportReport {
  if (reference.length === 0 || reference.length !== exported.length) {
    throw new DocentError('EXPORT_MISMATCH', `${exported.length} windows came out for ${reference.length}`)
  }
  let maxDifference = 0
  let minCosine = 1
  let squaredError = 0
  let squaredSpread = 0
  let spanLoss = 0
  let worst: ExportReport['worst'] = { window: 0, token: 0, output: 'start' }
  reference.forEach((expected, window) => {
    const actual = exported[window] as SpanLogits
    for (const output of ['start', 'end'] as const) {
      const [left, right] = [expected[`${output}Logits`], actual[`${output}Logits`]]
      if (left.length !== right.length) {
        throw new DocentError(
          'EXPORT_MISMATCH',
          `window ${window}: ${right.length} ${output} logits came out for ${left.length} tokens`,
        )
      }
      left.forEach((value, token) => {
        const difference = Math.abs(value - (right[token] as number))
        // Also true of the first NaN, which then stays.
        if (!(difference <= maxDifference) && !Number.isNaN(maxDifference)) {
          maxDifference = difference
          worst = { window, token, output }
        }
        squaredError += difference ** 2
      })
      squaredSpread += spread(left)
      minCosine = Math.min(minCosine, cosine(left, right))
    }
    spanLoss += bestSpan(expected).score - scoreOf(expected, bestSpan(actual))
  })
  return {
    windows: reference.length,
    maxDifference,
    minCosine,
    relativeError: Math.sqrt(squaredError / (squaredSpread || 1)),
    meanSpanLoss: spanLoss / reference.length,
    worst,
  }
}

interface Span {
  readonly start: number
  readonly end: number
  readonly score: number
}

/** The best pair of start <= end: the best start so far goes with each end. */
function bestSpan({ startLogits, endLogits }: SpanLogits): Span {
  let bestStart = 0
  let best: Span = { start: 0, end: 0, score: Number.NEGATIVE_INFINITY }
  endLogits.forEach((endLogit, end) => {
    if ((startLogits[end] as number) > (startLogits[bestStart] as number)) bestStart = end
    const score = (startLogits[bestStart] as number) + endLogit
    if (score > best.score) best = { start: bestStart, end, score }
  })
  return best
}

function scoreOf({ startLogits, endLogits }: SpanLogits, { start, end }: Span): number {
  return (startLogits[start] as number) + (endLogits[end] as number)
}

/** The sum of squared distances from the mean. */
function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}

function cosine(left: Float32Array, right: Float32Array): number {
  const product = left.reduce((sum, value, index) => sum + value * (right[index] as number), 0)
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))
  return product / (norm(left) * norm(right) || 1)
}

function mismatch(
  report: ExportReport,
  tolerance: Tolerance,
  exceeded: readonly (keyof Tolerance)[],
  form: ModelForm,
): DocentError {
  const figures = exceeded.map((figure) => `${figure} ${report[figure].toPrecision(3)} > ${tolerance[figure]}`)
  const { window, token, output } = report.worst
  return new DocentError(
    'EXPORT_MISMATCH',
    `the ${form} graph differs on ${report.windows} reference windows: ${figures.join(', ')}; ` +
      `lowest cosine ${report.minCosine.toFixed(4)}, worst at the ${output} logit of token ${token} in window ${window}`,
    { details: { ...report } },
  )
}
