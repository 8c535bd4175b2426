/**
 * Cross entropy over the start and over the end position (BERT's extractive question answering), on the JavaScript side:
 * the logits of a micro-batch are a few kilobytes.
 */
export interface Target {
  /** Tokens of the window. */
  readonly length: number
  /** Index in the window; 0, the [CLS] token, where the window holds no answer. */
  readonly start: number
  readonly end: number
}

/**
 * @param logits [tokens, 2] of windows that lie behind each other: start and end logit of each token.
 * @param weight of a window's loss in what is returned: 1 / windows of the whole batch gives the batch's mean.
 * @returns the weighted sum of the windows' losses, each (start cross entropy + end cross entropy) / 2, and its gradient.
 */
export function spanLoss(
  logits: Float32Array,
  targets: readonly Target[],
  weight: number,
): { loss: number; gradient: Float32Array } {
  const gradient = new Float32Array(logits.length)
  let loss = 0
  let firstRow = 0
  for (const { length, start, end } of targets) {
    for (const [column, target] of [start, end].entries()) {
      const at = (token: number): number => 2 * (firstRow + token) + column
      let largest = Number.NEGATIVE_INFINITY
      for (let token = 0; token < length; token++) largest = Math.max(largest, logits[at(token)] as number)
      let sum = 0
      for (let token = 0; token < length; token++) sum += Math.exp((logits[at(token)] as number) - largest)
      loss += (weight / 2) * (largest + Math.log(sum) - (logits[at(target)] as number))
      for (let token = 0; token < length; token++) {
        const probability = Math.exp((logits[at(token)] as number) - largest) / sum
        gradient[at(token)] = (weight / 2) * (probability - (token === target ? 1 : 0))
      }
    }
    firstRow += length
  }
  return { loss, gradient }
}
