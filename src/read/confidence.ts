/**
 * From scores to probabilities.
 *
 * The **margin** of a span is its score (start + end logit) less the null score of its passage: its log-odds against
 * "this passage does not answer", and so what makes spans of different passages comparable.
 *
 * With temperature T, m_j the margin of candidate j and w_j = exp(m_j / T):
 * - the null mass of passage p is 1 / (1 + sum of w_j over the candidates of p), the softmax over its spans and its null
 *   score;
 * - noAnswerProbability is the null mass of the best passage, the one whose null mass is smallest: more passages that do
 *   not answer do not make an answer likelier;
 * - the rest, 1 - noAnswerProbability, is shared among the candidates of all passages in proportion to w_j;
 * - the confidence of an answer is its own share and that of the candidates it stands for, which overlap it in the same
 *   passage.
 *
 * So confidences of all answers and noAnswerProbability add up to 1, and for one passage this is the plain softmax.
 */
export interface Margin {
  /** Which passage the candidate stands in. */
  readonly passage: number
  readonly margin: number
}

export interface Probabilities {
  readonly noAnswerProbability: number
  /** One for each candidate. */
  readonly shares: number[]
}

export function toProbabilities(candidates: readonly Margin[], temperature: number): Probabilities {
  if (candidates.length === 0) return { noAnswerProbability: 1, shares: [] }
  // exp(m - top) instead of exp(m): logits of hundreds must not overflow. `top` covers the null's margin of 0 too.
  const top = Math.max(0, ...candidates.map(({ margin }) => margin))
  const weights = candidates.map(({ margin }) => Math.exp((margin - top) / temperature))
  const nullWeight = Math.exp(-top / temperature)
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
