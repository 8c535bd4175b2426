/**
 * train/ makes a better reader out of a reader and examples. Enters: a parent model folder, SQuAD files and settings.
 * Leaves: a curve, checkpoints, and a folder with trained weights. Called by jobs/ and scripts through trainer.ts; everything
 * else here runs in the child process train-process.ts, the only one that loads tfjs.
 *
 * The settings, each with its range, default and effect. GraphQL's TrainingInput and docs/training-settings.md are made of
 * this list.
 */
import { z } from 'zod'
import { DocentError } from '../errors.js'
import type { AdapterOptions } from './parameters.js'

export const trainingSettingsSchema = z.strictObject({
  preset: z
    .enum(['auto', 'few', 'some', 'many', 'none'])
    .default('auto')
    .describe(
      'What the settings take that are not given (presets.ts). `auto`: `few` below 100 labels, `some` below 1,000, else ' +
        '`many`. `none`: the defaults of this list.',
    ),
  // -- what learns ---------------------------------------------------------------------------------------------------------
  method: z
    .enum(['full', 'lora'])
    .default('full')
    .describe('`full`: the weights themselves learn. `lora`: low-rank adapters of them do, and the head.'),
  loraRank: z.int().min(1).max(256).default(8).describe('Rank of each adapter: 8 is 0.7 MB for 6 layers of 384.'),
  loraAlpha: z
    .number()
    .min(0.1)
    .max(1024)
    .default(16)
    .describe('What an adapter adds is scaled by alpha / rank, so that another rank needs no other learning rate.'),
  loraTargets: z
    .enum(['attention', 'all'])
    .default('all')
    .describe('`attention`: query and value, as in the paper. `all`: every linear layer, which learns more.'),
  freezeEmbeddings: z
    .enum(['words', 'all', 'none'])
    .default('words')
    .describe(
      '`words`: the word table, more than half of all numbers, stays, so that versions share one copy and rare words keep ' +
        'what pre-training gave them. `all`: all below the first layer stays. `none`: all is trained.',
    ),
  unfreezingShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'Gradual unfreezing: the share of the run in which the layers are released one after another, from the top. 0: all ' +
        'learn from the start. What is not released costs no backward pass.',
    ),
  // -- how fast --------------------------------------------------------------------------------------------------------------
  learningRate: z
    .number()
    .min(1e-7)
    .max(1)
    .default(1e-4)
    .describe('Peak of the schedule. Small encoders learn well at 1e-4, adapters at five to ten times that.'),
  layerDecay: z
    .number()
    .min(0.3)
    .max(1)
    .default(1)
    .describe('The rate of each layer is this times that of the layer above it. 0.8: the lowest forget little.'),
  warmupRatio: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.06)
    .describe(
      'Share of the run in which the rate rises, so that a new head does not shake the encoder while it is random.',
    ),
  batchSize: z
    .int()
    .min(1)
    .max(512)
    .default(16)
    .describe('Windows of one update. Fewer mean more updates from the same windows, with noisier gradients.'),
  maxGradientNorm: z
    .number()
    .min(0.01)
    .max(100)
    .default(1)
    .describe('Gradients are scaled down to this global norm: one odd batch cannot throw the weights far.'),
  // -- how long --------------------------------------------------------------------------------------------------------------
  epochs: z
    .number()
    .min(0.01)
    .max(1000)
    .default(2)
    .describe('Times that every window is seen, unless `maxSteps` or `maxMinutes` ends the run before.'),
  maxSteps: z
    .int()
    .min(1)
    .max(10_000_000)
    .nullable()
    .default(null)
    .describe('Updates at most; null: as the epochs need.'),
  maxMinutes: z
    .number()
    .min(0.01)
    .max(100_000)
    .nullable()
    .default(null)
    .describe(
      'Minutes of computing at most; null: no limit. The rate follows whichever is further, steps or minutes, so that a run ' +
        'cut by the clock still ends at zero. With a limit a run is no longer the same on every machine.',
    ),
  validationShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe(
      'Share of the passages that are not learnt but watched: their loss stands in the curve, and the weights of its lowest ' +
        'point are the result. 0: nothing is watched, the last weights are the result.',
    ),
  evaluationSteps: z.int().min(1).max(100_000).default(50).describe('Updates between two looks at what is watched.'),
  patience: z
    .int()
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('Looks without a lower loss after which the run ends (early stopping); null: it goes on to its end.'),
  // -- against forgetting and learning by heart --------------------------------------------------------------------------------
  dropout: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe("Share of the hidden states' numbers set to zero at each step, so that no few carry an answer alone."),
  weightDecay: z
    .number()
    .min(0)
    .max(0.3)
    .default(0.01)
    .describe("AdamW's decoupled decay; not on biases and LayerNorm."),
  pullToParent: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("Decoupled decay towards the parent's weights instead of towards zero (L2-SP; Li et al. 2018)."),
  parentShare: z
    .number()
    .min(0)
    .max(0.95)
    .default(0)
    .describe(
      'What the result keeps of the parent: (1 - share) x trained + share x parent (WiSE-FT; Wortsman et al. 2022).',
    ),
  replayRatio: z
    .number()
    .min(0)
    .max(20)
    .default(0)
    .describe(
      'Questions of what the bundled reader learnt from, as many for each of the new ones as this says (as far as the ' +
        'shipped replay set has them), learnt among them: what is seen again is not forgotten.',
    ),
  // -- data --------------------------------------------------------------------------------------------------------------------
  negativesShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'For this share of the answerable questions, an unanswerable one is made in each of the ways that change the question; a third as many in each of those that change the passage (negatives.ts).',
    ),
  augmentationShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('For this share of the questions, a changed copy with the same answer is learnt too.'),
  maxSequenceLength: z
    .int()
    .min(16)
    .max(512)
    .default(384)
    .describe('Tokens of a window. Time and memory grow with it.'),
  stride: z.int().min(0).max(256).default(128).describe('Tokens that neighbouring windows of a long passage share.'),
  maxQuestionTokens: z.int().min(4).max(128).default(64).describe('Longer questions lose their end.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(13)
    .describe('Of every choice that is drawn. Same seed, settings and data: the same curve.'),
  // -- the machine -------------------------------------------------------------------------------------------------------------
  memoryBudgetMb: z
    .int()
    .min(256)
    .max(1_048_576)
    .default(2048)
    .describe('Memory of the training process, in MiB. A batch is computed in parts that fit; results do not change.'),
  microBatchTokens: z
    .int()
    .min(16)
    .max(65_536)
    .nullable()
    .default(null)
    .describe('Most tokens of one part; null: as many as the budget allows.'),
  precision: z
    .enum(['auto', 'float32', 'bfloat16'])
    .default('auto')
    .describe('Of large matrix products. `auto`: bfloat16 where the processor multiplies it faster.'),
  checkpointSteps: z
    .int()
    .min(1)
    .max(100_000)
    .default(50)
    .describe('Updates between checkpoints: what a crash costs at most.'),
})

export type TrainingSettings = z.infer<typeof trainingSettingsSchema>

/** One setting as documentation and other interfaces show it. */
export interface SettingDescription {
  readonly name: keyof TrainingSettings
  readonly type: 'number' | 'integer' | 'string'
  readonly choices: readonly string[] | null
  readonly minimum: number | null
  readonly maximum: number | null
  readonly defaultValue: string | number | null
  readonly effect: string
}

export function describeSettings(): SettingDescription[] {
  const { properties = {} } = z.toJSONSchema(trainingSettingsSchema, { io: 'input' })
  return Object.entries(properties).map(([name, property]) => {
    const { default: defaultValue, description, ...rest } = property as z.core.JSONSchema.Schema
    // What may be null is a choice between a number and null.
    const value = (rest.anyOf?.[0] ?? rest) as z.core.JSONSchema.Schema
    return {
      name: name as keyof TrainingSettings,
      type: value.type as SettingDescription['type'],
      choices: (value.enum as string[] | undefined) ?? null,
      minimum: value.minimum ?? null,
      maximum: value.maximum ?? null,
      defaultValue: defaultValue as SettingDescription['defaultValue'],
      effect: description as string,
    }
  })
}

/** What says how long a run goes on, how often it saves and how a batch is cut: all else shapes the curve. */
const CHANGEABLE_AT_RESUME: readonly string[] = [
  'epochs',
  'maxSteps',
  'maxMinutes',
  'patience',
  'checkpointSteps',
  'memoryBudgetMb',
  'microBatchTokens',
]

/** The settings that a checkpoint continues: a run that is resumed keeps them. */
export function shapingSettings(settings: TrainingSettings): [name: string, value: unknown][] {
  return Object.entries(settings).filter(([name]) => !CHANGEABLE_AT_RESUME.includes(name))
}

/** @throws UNSAFE_SETTINGS naming the setting and its range, or two that contradict each other. */
export function parseTrainingSettings(input: unknown): TrainingSettings {
  const parsed = trainingSettingsSchema.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new DocentError('UNSAFE_SETTINGS', `training setting ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { method, pullToParent, patience, validationShare } = parsed.data
  if (method === 'lora' && pullToParent > 0) {
    throw new DocentError('UNSAFE_SETTINGS', 'pullToParent: adapters have no parent to be pulled to; use weightDecay')
  }
  if (patience !== null && validationShare === 0) {
    throw new DocentError('UNSAFE_SETTINGS', 'patience: nothing is watched; give a validationShare, such as 0.1')
  }
  return parsed.data
}

export function isFrozen({ freezeEmbeddings, method }: TrainingSettings, parameterName: string): boolean {
  if (method === 'lora') return !parameterName.startsWith('qa_outputs.')
  if (freezeEmbeddings === 'all') return parameterName.includes('embeddings')
  return freezeEmbeddings === 'words' && parameterName.endsWith('word_embeddings.weight')
}

/** What adapters there are; null without any. */
export function adaptersOf({ method, loraRank, loraAlpha, loraTargets }: TrainingSettings): AdapterOptions | null {
  if (method === 'full') return null
  const targets = loraTargets === 'all' ? ['query', 'key', 'value', 'dense'] : ['query', 'value']
  return { rank: loraRank, alpha: loraAlpha, targets }
}
