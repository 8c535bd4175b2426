/**
 * How fast each layer learns. Lower layers hold what every text needs and forget it first, so they may learn more slowly
 * (layer-wise decay: Howard and Ruder 2018, "discriminative fine-tuning"; ELECTRA's layerwise_lr_decay) or later (gradual
 * unfreezing, the same paper: the top layer first, one further layer at a time).
 */
import type { TrainingSettings } from './settings.js'

type LayerSettings = Pick<TrainingSettings, 'layerDecay' | 'unfreezingShare'>

/**
 * @param depth of a parameter: 0 the embeddings, 1 the first layer, `top` the head.
 * @param progress share of the run that is done, 0..1.
 * @returns what the learning rate is multiplied by; 0 while the layer is still frozen.
 */
export function layerRate(depth: number, top: number, progress: number, settings: LayerSettings): number {
  const { layerDecay, unfreezingShare } = settings
  // The head and the layer under it learn from the start; the embeddings are the last to be released.
  const waits = Math.max(0, top - 1 - depth)
  const releasedAt = (unfreezingShare * waits) / Math.max(1, top - 1)
  return progress < releasedAt ? 0 : layerDecay ** (top - depth)
}
