/**
 * Scaled dot-product attention (Vaswani et al. 2017) over the windows of one group, forward and backward.
 */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { Tensor, TensorOps } from './tensorflow.js'

/** Windows of one length: rows `firstRow` to `firstRow + windowCount * length` of the token matrix. */
export interface WindowGroup {
  readonly firstRow: number
  readonly windowCount: number
  readonly length: number
}

export interface SavedGroup {
  /** Each [windows, heads, length, headSize]; the query already divided by sqrt(headSize). */
  readonly query: Tensor
  readonly key: Tensor
  readonly value: Tensor
  /** [windows, heads, length, length] */
  readonly probabilities: Tensor
}

export function attend(
  ops: TensorOps,
  queryKeyValue: Tensor, // [tokens, 3 x hidden]
  { firstRow, windowCount, length }: WindowGroup,
  { headCount, hiddenSize }: EncoderConfig,
): { context: Tensor; saved: SavedGroup } {
  const headSize = hiddenSize / headCount
  const rows = ops.rows(queryKeyValue, firstRow, windowCount * length)
  const byHead = ops.transpose(ops.reshape(rows, [windowCount, length, 3, headCount, headSize]), [2, 0, 3, 1, 4])
  const [unscaled, key, value] = ops.unstack(byHead) as [Tensor, Tensor, Tensor]
  const query = ops.scale(unscaled, 1 / Math.sqrt(headSize))
  const probabilities = ops.softmax(ops.batchMatMul(query, key, { right: true }))
  const perHead = ops.batchMatMul(probabilities, value) // [windows, heads, length, headSize]
  const context = ops.reshape(ops.transpose(perHead, [0, 2, 1, 3]), [windowCount * length, hiddenSize])
  return { context, saved: { query, key, value, probabilities } }
}

export function attendBackward(
  ops: TensorOps,
  contextGradient: Tensor, // [tokens, hidden]
  weighted: Tensor, // [tokens, heads]: context gradient times context, summed over each head
  { query, key, value, probabilities }: SavedGroup,
  { firstRow, windowCount, length }: WindowGroup,
  { headCount, hiddenSize }: EncoderConfig,
): Tensor {
  const headSize = hiddenSize / headCount
  const count = windowCount * length
  const perHead = (tensor: Tensor, size: number): Tensor =>
    ops.transpose(ops.reshape(ops.rows(tensor, firstRow, count), [windowCount, length, headCount, size]), [0, 2, 1, 3])
  const gradient = perHead(contextGradient, headSize) // [windows, heads, length, headSize]
  const valueGradient = ops.batchMatMul(probabilities, gradient, { left: true })
  const probabilityGradient = ops.batchMatMul(gradient, value, { right: true })
  // softmax: p * (dp - sum(dp * p)), and that sum equals the context times its gradient (Dao et al. 2022, section B.2)
  const scoreGradient = ops.multiply(probabilities, ops.subtract(probabilityGradient, perHead(weighted, 1)))
  const queryGradient = ops.scale(ops.batchMatMul(scoreGradient, key), 1 / Math.sqrt(headSize))
  const keyGradient = ops.batchMatMul(scoreGradient, query, { left: true })
  const stacked = ops.stack([queryGradient, keyGradient, valueGradient]) // [3, windows, heads, length, headSize]
  return ops.reshape(ops.transpose(stacked, [1, 3, 0, 2, 4]), [count, 3 * hiddenSize])
}
