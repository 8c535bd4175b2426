/** Confidence intervals by the percentile bootstrap (Efron 1979): the same numbers give the same interval. */

/** Enough for bounds that are steady to about a tenth of their width. */
const RESAMPLES = 1000
const TAIL = 0.025

export type Interval = [low: number, high: number]

/** 95 % interval of the mean. [0, 0] of nothing. */
export function bootstrapInterval(values: readonly number[]): Interval {
  const means = resampledMeans(values)
  return [quantile(means, TAIL), quantile(means, 1 - TAIL)]
}

/** Share of resamples whose mean is above 0: of paired differences, how sure the improvement is. */
export function shareAboveZero(differences: readonly number[]): number {
  return resampledMeans(differences).filter((mean) => mean > 0).length / RESAMPLES
}

/** Sorted. */
function resampledMeans(values: readonly number[]): Float64Array {
  const means = new Float64Array(RESAMPLES)
  if (values.length === 0) return means
  const random = mulberry32(20_161_031)
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0
    for (let draw = 0; draw < values.length; draw++) sum += values[Math.floor(random() * values.length)] as number
    means[resample] = sum / values.length
  }
  return means.sort()
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] as number
}

/** Uniform in [0, 1); from a seed, so that a report can be made again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
