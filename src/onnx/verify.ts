/** Is what was written what was trained? Logits of the exported graph against those of the weights it was made from. */
import { DocentError } from '../errors.js'

export interface SpanLogits {
  readonly startLogits: Float32Array
  readonly endLogits: Float32Array
}

/**
 * Rounding moves every int8 logit a little; a wrong graph moves them all a lot. Over all logits of the reference windows:
 * the cosine of the two, and the root mean square of the difference as a share of the logits' own spread.
 */
export const EXPORT_TOLERANCE = {
  fp32: { minCosine: 0.999999, maxRelativeDifference: 1e-3 },
  int8: { minCosine: 0.98, maxRelativeDifference: 0.2 },
} as const

export interface ExportReport {
  readonly cosine: number
  /** Root mean square of the difference divided by the standard deviation of the reference. */
  readonly relativeDifference: number
  readonly maxDifference: number
  /** The window with that difference. */
  readonly worstWindow: number
}

/** @throws EXPORT_MISMATCH saying by how much, also where shapes differ or a logit is no number. */
export function verifyExport(
  reference: readonly SpanLogits[],
  exported: readonly SpanLogits[],
  form: keyof typeof EXPORT_TOLERANCE = 'int8',
): ExportReport {
  const report = compareLogits(reference, exported)
  const { minCosine, maxRelativeDifference } = EXPORT_TOLERANCE[form]
  const { cosine, relativeDifference, maxDifference, worstWindow } = report
  if (cosine >= minCosine && relativeDifference <= maxRelativeDifference) return report
  throw new DocentError(
    'EXPORT_MISMATCH',
    `the ${form} graph differs from the trained weights by ${(100 * relativeDifference).toFixed(2)} % of the logits' spread ` +
      `(at most ${100 * maxRelativeDifference} %), cosine ${cosine.toFixed(6)} (at least ${minCosine}), ` +
      `${maxDifference.toFixed(3)} at worst, in window ${worstWindow}`,
    { details: { ...report } },
  )
}

function compareLogits(reference: readonly SpanLogits[], exported: readonly SpanLogits[]): ExportReport {
  if (reference.length === 0 || reference.length !== exported.length) {
    throw new DocentError('EXPORT_MISMATCH', `${exported.length} windows were computed, not ${reference.length}`)
  }
  let [dot, ofReference, ofExported, sum, count, squaredDifference] = [0, 0, 0, 0, 0, 0]
  let [maxDifference, worstWindow] = [0, 0]
  for (const [window, expected] of reference.entries()) {
    const found = exported[window] as SpanLogits
    for (const side of ['startLogits', 'endLogits'] as const) {
      if (expected[side].length !== found[side].length) {
        const lengths = `${found[side].length} ${side}, not ${expected[side].length}`
        throw new DocentError('EXPORT_MISMATCH', `window ${window} has ${lengths}`)
      }
      for (const [index, value] of expected[side].entries()) {
        const other = found[side][index] as number
        dot += value * other
        ofReference += value * value
        ofExported += other * other
        sum += value
        count++
        squaredDifference += (value - other) ** 2
        if (Math.abs(value - other) > maxDifference) {
          maxDifference = Math.abs(value - other)
          worstWindow = window
        }
      }
    }
  }
  const variance = ofReference / count - (sum / count) ** 2
  return {
    cosine: dot / Math.sqrt(ofReference * ofExported),
    relativeDifference: Math.sqrt(squaredDifference / count / variance),
    maxDifference,
    worstWindow,
  }
}
