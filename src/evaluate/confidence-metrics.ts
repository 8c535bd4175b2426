/**
 * How far can a confidence be believed? Pure functions over decisions: how sure each was, and whether it was right.
 *
 * - Expected calibration error: Naeini et al. 2015, as Guo et al. 2017 use it, with bins of equal width.
 * - Brier score: Brier 1950, the mean squared difference of confidence and outcome.
 * - Risk-coverage curve and the area under it (AURC): El-Yaniv & Wiener 2010, Geifman et al. 2019.
 */
export interface Decision {
  /** 0..1 */
  readonly confidence: number
  readonly isRight: boolean
}

export interface RiskPoint {
  /** Share of the decisions that are at least this sure, 0..1. */
  readonly coverage: number
  /** Share of those that are wrong, 0..1. */
  readonly risk: number
  /** The least confidence among them: what to ask for to get this risk. */
  readonly confidence: number
}

export interface ConfidenceReport {
  /** 15 bins, 0..1. */
  readonly expectedCalibrationError: number
  readonly brierScore: number
  /** 0..1; the smaller, the better the confidence tells right from wrong. */
  readonly areaUnderRiskCoverage: number
  /** In steps of about {@link CURVE_STEP} of coverage. */
  readonly riskCoverage: readonly RiskPoint[]
}

const BINS = 15
const CURVE_STEP = 0.05

export function reportConfidence(decisions: readonly Decision[]): ConfidenceReport {
  const curve = riskCoverageCurve(decisions)
  return {
    expectedCalibrationError: expectedCalibrationError(decisions),
    brierScore: brierScore(decisions),
    areaUnderRiskCoverage: areaUnderRiskCoverage(decisions),
    riskCoverage: thinned(curve, CURVE_STEP),
  }
}

/** Mean difference of confidence and share of right decisions over the bins, weighted by their size. 0 of nothing. */
export function expectedCalibrationError(decisions: readonly Decision[], bins = BINS): number {
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, right: 0 }))
  for (const { confidence, isRight } of decisions) {
    const bin = sums[Math.min(Math.floor(confidence * bins), bins - 1)] as (typeof sums)[number]
    bin.confidence += confidence
    bin.right += Number(isRight)
  }
  const difference = sums.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0)
  return difference / Math.max(decisions.length, 1)
}

/** 0 of nothing. */
export function brierScore(decisions: readonly Decision[]): number {
  const sum = decisions.reduce((total, { confidence, isRight }) => total + (confidence - Number(isRight)) ** 2, 0)
  return sum / Math.max(decisions.length, 1)
}

/** One point for each confidence that occurs, the surest first: equally sure decisions are taken or left together. */
export function riskCoverageCurve(decisions: readonly Decision[]): RiskPoint[] {
  const sorted = decisions.toSorted((left, right) => right.confidence - left.confidence)
  const points: RiskPoint[] = []
  let wrong = 0
  for (const [index, { confidence, isRight }] of sorted.entries()) {
    wrong += Number(!isRight)
    if (sorted[index + 1]?.confidence === confidence) continue
    points.push({ coverage: (index + 1) / sorted.length, risk: wrong / (index + 1), confidence })
  }
  return points
}

/**
 * Mean risk over every number of decisions taken, the surest first; those of equal confidence come in no order, so each of
 * them counts as wrong as they are on average. 0 of nothing.
 */
export function areaUnderRiskCoverage(decisions: readonly Decision[]): number {
  const n = decisions.length
  let area = 0
  let taken = 0
  let wrong = 0
  for (const { coverage, risk } of riskCoverageCurve(decisions)) {
    const upTo = Math.round(coverage * n)
    const wrongOfEach = (risk * upTo - wrong) / (upTo - taken)
    while (taken < upTo) {
      taken++
      wrong += wrongOfEach
      area += wrong / taken / n
    }
  }
  return area
}

/** The first point at or past each multiple of `step`, which leaves the last one in. */
function thinned(curve: readonly RiskPoint[], step: number): RiskPoint[] {
  let next = step
  return curve.filter(({ coverage }, index) => {
    if (coverage < next - 1e-9 && index < curve.length - 1) return false
    next = (Math.floor(coverage / step + 1e-9) + 1) * step
    return true
  })
}
