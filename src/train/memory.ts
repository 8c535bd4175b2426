/** How many tokens fit into one forward and backward pass under a memory budget. */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { LabelledInput } from './model.js'
import type { ModelParameters } from './parameters.js'

const MIB = 2 ** 20
const FLOAT_BYTES = 4
/** Node, tfjs-node and the TensorFlow library with its work space, before any weight. */
const PROGRAM_MB = 530
/** A token of the data: two integers, and as seen, half as much again in objects and twice in what reading the file left. */
const DATA_BYTES = 20
/** The heap keeps holes between tensors of many sizes: resident over live memory, as seen on windows of mixed lengths. */
const FRAGMENTATION = 4
/** Below this a pass is mostly overhead: a budget too small for it is exceeded rather than crawled under. */
const MIN_TOKENS = 512

/**
 * @param windows all that stay in memory; the longest counts too: attention keeps a probability for each head and pair of tokens
 * @returns tokens of one pass
 */
export function tokensWithin(
  budgetMb: number,
  { hiddenSize, intermediateSize, headCount, layerCount }: EncoderConfig,
  parameters: ModelParameters,
  windows: readonly Pick<LabelledInput, 'inputIds'>[],
): number {
  const numbers = parameters.all.reduce((sum, { data, gradient }) => {
    // The parent's, on this side and as a tensor; gradient and two moments where it learns.
    return sum + data.length * (gradient ? 6 : 3)
  }, 0)
  let tokens = 0
  let longest = 0
  for (const { inputIds } of windows) {
    tokens += inputIds.length
    longest = Math.max(longest, inputIds.length)
  }
  // What a layer keeps for its backward pass (SavedLayer in layers.ts), and as much as one layer again while it is computed.
  const ofLayer = 9 * hiddenSize + 3 * intermediateSize + headCount * longest
  const ofToken = FLOAT_BYTES * ofLayer * (layerCount + 1) * FRAGMENTATION
  const room = (budgetMb - PROGRAM_MB) * MIB - FLOAT_BYTES * numbers - DATA_BYTES * tokens
  return Math.max(MIN_TOKENS, Math.floor(room / ofToken))
}
