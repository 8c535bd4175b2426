/**
 * From scores to probabilities.
 *
 * The **margin** of a span is its score (start + end logit) less the null score of its passage: its log-odds against
 * "this passage does not answer", and so what makes spans of different passages comparable.
 *
 * Is there an answer? With temperature T, null bias b, m_j the margin of candidate j and w_j = exp(m_j / T):
 * - the null mass of passage p is exp(b) / (exp(b) + sum of w_j over the candidates of p), the softmax over its spans and
 *   its null score (Guo et al. 2017), whose bias says how common such passages are;
 * - noAnswerProbability is the null mass of the best passage, the one whose null mass is smallest: more passages that do
 *   not answer do not make an answer likelier.
 *
 * Is it this one, to the word? Two spans that differ by an article share what the softmax gives them, and a reader that
 * found the place is often not sure of its borders: so this is a probability of its own, a logistic map (Platt 1999) of
 *   - the log-odds of exactly this span among all candidates, by the plain softmax of their margins, and
 *   - its margin.
 * The **confidence** of a span is (1 - noAnswerProbability) times that: the probability that it is exactly right. Both
 * weights are at least 0, so a larger margin never lowers it.
 *
 * Versions whose manifest has no `exactness` (bundled-2 and older) know only T. The confidence of a span is then its share
 * of 1 - noAnswerProbability in proportion to w_j, with the shares of the candidates it overlaps: the probability that
 * the place is right, which is more than that the words are.
 */
import type { TextSpan } from '../text/sentences.js'

export interface Margin {
  /** Which passage the candidate stands in. */
  readonly passage: number
  readonly margin: number
}

export interface Candidate extends Margin, TextSpan {}

/** A reader's own, from its manifest, for the form that the host runs. */
export interface Calibration {
  /** Divides margins before the softmax; above 1 makes a reader less sure of itself. */
  readonly temperature: number
  /** Abstain when the null score exceeds the best span's score by more than this. */
  readonly noAnswerThreshold: number
  readonly exactness?: Exactness | undefined
}

/** See above: what is said of an answer's being exactly right. */
export interface Exactness {
  /** Added to the null's log-odds, before any span is looked at. */
  readonly nullBias: number
  readonly bias: number
  /** Weight of the log-odds of the share, >= 0. */
  readonly share: number
  /** Weight of the margin, >= 0. */
  readonly margin: number
}

export interface Probabilities {
  readonly noAnswerProbability: number
  /** One for each candidate. */
  readonly shares: number[]
}

export interface Confident<C> {
  readonly candidate: C
  readonly confidence: number
}

/** Log-odds beyond this are all the same: as sure as one can be. */
const MAX_LOG_ODDS = 12

/** @param candidates best first @returns those that overlap no better one, with their confidences */
export function toConfidences<C extends Candidate>(
  candidates: readonly C[],
  { temperature, exactness }: Pick<Calibration, 'temperature' | 'exactness'>,
): { noAnswerProbability: number; spans: Confident<C>[] } {
  const { noAnswerProbability, shares } = toProbabilities(candidates, temperature, exactness?.nullBias)
  const places = withoutOverlaps(candidates)
  const logOdds = exactness && shareLogOdds(candidates.map(({ margin }) => margin))
  const spans = places.map(({ at, overlapping }) => {
    const candidate = candidates[at] as C
    const confidence = exactness
      ? (1 - noAnswerProbability) * exactProbability(exactness, logOdds?.[at] as number, candidate.margin)
      : overlapping.reduce((sum, index) => sum + (shares[index] as number), 0)
    return { candidate, confidence }
  })
  return { noAnswerProbability, spans }
}

/** That a span is exactly right, if anything is. */
export function exactProbability(weights: Exactness, shareLogOdds: number, margin: number): number {
  return sigmoid(weights.bias + weights.share * shareLogOdds + weights.margin * margin)
}

export const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds))

export function toProbabilities(candidates: readonly Margin[], temperature: number, nullBias = 0): Probabilities {
  if (candidates.length === 0) return { noAnswerProbability: 1, shares: [] }
  // exp(m - top) instead of exp(m): logits of hundreds must not overflow. `top` covers the null too.
  const top = Math.max(nullBias * temperature, ...candidates.map(({ margin }) => margin))
  const weights = candidates.map(({ margin }) => Math.exp((margin - top) / temperature))
  const nullWeight = Math.exp(nullBias - top / temperature)
  const byPassage = new Map<number, number>()
  for (const [index, { passage }] of candidates.entries()) {
    byPassage.set(passage, (byPassage.get(passage) ?? 0) + (weights[index] as number))
  }
  const noAnswerProbability = nullWeight / (nullWeight + Math.max(...byPassage.values()))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // Every weight can underflow where the null is far ahead; then nothing is left to share.
  const shares = weights.map((weight) => (total > 0 ? ((1 - noAnswerProbability) * weight) / total : 0))
  return { noAnswerProbability, shares }
}

/** Of each candidate, the log-odds of its share of the plain softmax: log(s / (1 - s)), within +-{@link MAX_LOG_ODDS}. */
export function shareLogOdds(margins: readonly number[]): number[] {
  const top = Math.max(...margins)
  const weights = margins.map((margin) => Math.exp(margin - top))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => {
    const logOdds = Math.log(weight / Math.max(total - weight, 0))
    return Math.max(-MAX_LOG_ODDS, Math.min(MAX_LOG_ODDS, logOdds))
  })
}

/** Of candidates that overlap in a passage the best one stays, and names those it stands for, itself among them. */
function withoutOverlaps(candidates: readonly Candidate[]): { at: number; overlapping: number[] }[] {
  const kept: { at: number; overlapping: number[] }[] = []
  for (const [index, candidate] of candidates.entries()) {
    const better = kept.find(({ at }) => {
      const { passage, start, end } = candidates[at] as Candidate
      return passage === candidate.passage && start < candidate.end && candidate.start < end
    })
    if (better) better.overlapping.push(index)
    else kept.push({ at: index, overlapping: [index] })
  }
  return kept
}
