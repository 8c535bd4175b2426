/** How many tokens fit into one forward and backward pass under a memory budget. */
import type { EncoderConfig } from '../registry/encoder-config.js'
import type { ModelParameters } from './parameters.js'

const MIB = 2 ** 20
const FLOAT_BYTES = 4
/** Node, tfjs-node and the TensorFlow library with its work space, before any weight. */
const PROGRAM_MB = 500
/** The heap keeps holes between tensors of many sizes: resident over live memory, as seen on windows of mixed lengths. */
const FRAGMENTATION = 3.3
/** Below this a pass is mostly overhead: a budget too small for it is exceeded rather than crawled under. */
const MIN_TOKENS = 512

/**
 * @param length tokens of the longest window: attention keeps a probability for each head and pair of tokens
 * @returns tokens of one pass
 */
export function tokensWithin(
  budgetMb: number,
  { hiddenSize, intermediateSize, headCount, layerCount }: EncoderConfig,
  parameters: ModelParameters,
  length: number,
): number {
  const numbers = parameters.all.reduce((sum, { data, gradient }) => {
    // On this side and as a tensor; gradient and two moments where it learns.
    return sum + data.length * (gradient ? 5 : 2)
  }, 0)
  // What a layer keeps for its backward pass (SavedLayer in layers.ts), and as much as one layer again while it is computed.
  const ofLayer = 9 * hiddenSize + 3 * intermediateSize + headCount * length
  const ofToken = FLOAT_BYTES * ofLayer * (layerCount + 1) * FRAGMENTATION
  const room = (budgetMb - PROGRAM_MB) * MIB - FLOAT_BYTES * numbers
  return Math.max(MIN_TOKENS, Math.floor(room / ofToken))
}
