/** The part of a Hugging Face `config.json` that decides what a BERT encoder computes. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { DocentError } from '../errors.js'

export interface EncoderConfig {
  readonly hiddenSize: number
  readonly layerCount: number
  readonly headCount: number
  readonly intermediateSize: number
  readonly vocabularySize: number
  readonly maxPositions: number
  readonly typeCount: number
  readonly layerNormEpsilon: number
}

const count = z.int().positive()

/** What would compute something else than Docent does is refused by name. */
const schema = z.object({
  model_type: z.literal('bert'),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  vocab_size: count,
  max_position_embeddings: count,
  type_vocab_size: z.int().min(2).default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  // The exact gelu (with erf): 'gelu_new' and its relatives are approximations with other values.
  hidden_act: z.literal('gelu').default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
})

/** @throws MODEL_INCOMPATIBLE naming the setting that is no BERT encoder's, or none that Docent computes. */
export function parseEncoderConfig(json: unknown): EncoderConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new DocentError('MODEL_INCOMPATIBLE', `config.json: ${z.prettifyError(parsed.error)}`)
  const config = parsed.data
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new DocentError(
      'MODEL_INCOMPATIBLE',
      `config.json: hidden_size ${config.hidden_size} is no multiple of num_attention_heads ${config.num_attention_heads}`,
    )
  }
  return {
    hiddenSize: config.hidden_size,
    layerCount: config.num_hidden_layers,
    headCount: config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    vocabularySize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    typeCount: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
  }
}

/** @throws MODEL_CORRUPT when the folder has no readable config.json, else as {@link parseEncoderConfig}. */
export async function readEncoderConfig(modelFolder: string): Promise<EncoderConfig> {
  const file = path.join(modelFolder, 'config.json')
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${file} cannot be read: ${String(cause)}`, { cause })
  }
  return parseEncoderConfig(json)
}
