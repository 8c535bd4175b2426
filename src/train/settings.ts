/**
 * train/ makes a better reader out of a reader and examples. Enters: a parent model folder, SQuAD files and settings.
 * Leaves: a curve, checkpoints, and a folder with trained weights. Called by jobs/ and scripts through trainer.ts; everything
 * else here runs in the child process train-process.ts, the only one that loads tfjs.
 *
 * The settings, each with its range, default and reason.
 */
import { z } from 'zod'
import { DocentError } from '../errors.js'

export const trainingSettingsSchema = z.strictObject({
  /** Peak of the schedule. Small encoders learn well at 1e-4; above 1e-3 full fine-tuning forgets what it was given. */
  learningRate: z.number().min(1e-7).max(1e-3).default(1e-4),
  /** Windows of one update. Fewer mean more updates from the same windows, with noisier gradients. */
  batchSize: z.int().min(1).max(512).default(16),
  /** Most tokens of one forward and backward pass: memory follows it (about 0.5 GB for 2,048 at 6 x 384), results do not. */
  microBatchTokens: z.int().min(16).max(65_536).default(2048),
  /** Times that every window is seen, unless `maxSteps` or `maxMinutes` ends the run before. */
  epochs: z.number().min(0.01).max(100).default(2),
  /** Updates at most; null: as many as the epochs need. */
  maxSteps: z.int().min(1).max(10_000_000).nullable().default(null),
  /**
   * Minutes of computing at most; null: no limit. The learning rate follows whichever is further, steps or minutes, so that
   * a run cut by the clock still ends at a rate of zero. With a limit a run is no longer the same on every machine.
   */
  maxMinutes: z.number().min(0.01).max(100_000).nullable().default(null),
  /** Share of the run in which the rate rises, so that the new head does not shake the encoder while it is random. */
  warmupRatio: z.number().min(0).max(0.5).default(0.06),
  /** AdamW's decoupled decay; not on biases and LayerNorm. */
  weightDecay: z.number().min(0).max(0.3).default(0.01),
  /** Share of the hidden states' numbers set to zero at each step, so that no few of them carry an answer alone. */
  dropout: z.number().min(0).max(0.5).default(0.1),
  /** Gradients are scaled down to this global norm: one odd batch cannot throw the weights far. */
  maxGradientNorm: z.number().min(0.01).max(100).default(1),
  /** Tokens of a window. Time and memory grow with it; serving's 384 are seldom needed to learn from a passage. */
  maxSequenceLength: z.int().min(16).max(512).default(384),
  /** Tokens that neighbouring windows of a long passage share. */
  stride: z.int().min(0).max(256).default(128),
  /** Longer questions lose their end. */
  maxQuestionTokens: z.int().min(4).max(128).default(64),
  /** Of the order of examples and of a new head. Same seed, settings and data: the same curve. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(13),
  /**
   * `words`: the word table, more than half of all numbers, stays as it is, so that versions can share one copy and rare
   * words keep what pre-training gave them. `all`: positions and types and their norm stay too. `none`: all is trained.
   */
  freezeEmbeddings: z.enum(['words', 'all', 'none']).default('words'),
  /** The rate of each layer is this times that of the layer above it. 1: all the same; 0.8: the lowest forget little. */
  layerDecay: z.number().min(0.3).max(1).default(1),
  /**
   * Gradual unfreezing: the share of the run in which the layers are released one after another, from the top. 0: all learn
   * from the start. What is not released costs no backward pass.
   */
  unfreezingShare: z.number().min(0).max(1).default(0),
  /** Decoupled decay towards the parent's weights instead of towards zero (L2-SP; Li et al. 2018): forgets less. */
  pullToParent: z.number().min(0).max(10).default(0),
  /** What the result keeps of the parent: (1 - share) x trained + share x parent (WiSE-FT; Wortsman et al. 2022). */
  parentShare: z.number().min(0).max(0.95).default(0),
  /** Of large matrix products. `auto`: bfloat16 where the processor multiplies it faster (train/precision.ts). */
  precision: z.enum(['auto', 'float32', 'bfloat16']).default('auto'),
  /** Updates between checkpoints: what a crash costs at most. */
  checkpointSteps: z.int().min(1).max(100_000).default(50),
})

export type TrainingSettings = z.infer<typeof trainingSettingsSchema>

/** What says how long a run goes on, how often it saves and how a batch is cut: all else shapes the curve. */
const CHANGEABLE_AT_RESUME: readonly string[] = [
  'epochs',
  'maxSteps',
  'maxMinutes',
  'checkpointSteps',
  'microBatchTokens',
]

/** The settings that a checkpoint continues: a run that is resumed keeps them. */
export function shapingSettings(settings: TrainingSettings): [name: string, value: unknown][] {
  return Object.entries(settings).filter(([name]) => !CHANGEABLE_AT_RESUME.includes(name))
}

/** @throws UNSAFE_SETTINGS naming the setting and its range. */
export function parseTrainingSettings(input: unknown): TrainingSettings {
  const parsed = trainingSettingsSchema.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new DocentError('UNSAFE_SETTINGS', `training setting ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return parsed.data
}

export function isFrozen({ freezeEmbeddings }: TrainingSettings, parameterName: string): boolean {
  if (freezeEmbeddings === 'all') return parameterName.includes('embeddings.')
  return freezeEmbeddings === 'words' && parameterName.endsWith('word_embeddings.weight')
}
