/**
 * The part of a Hugging Face `config.json` that decides what an encoder computes. All four architectures are the transformer
 * of BERT (Devlin et al. 2019: post layer norm, exact gelu); they differ in their embeddings and in how files name things
 * (tensor-names.ts).
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { DocentError } from '../errors.js'

export const ARCHITECTURES = ['bert', 'distilbert', 'roberta', 'electra'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

export interface EncoderConfig {
  readonly architecture: Architecture
  readonly hiddenSize: number
  /** Width of the embedding tables. Where it is not the hidden size (ELECTRA), a linear layer leads from one to the other. */
  readonly embeddingSize: number
  readonly layerCount: number
  readonly headCount: number
  readonly intermediateSize: number
  readonly vocabularySize: number
  /** Tokens of the longest input. */
  readonly maxPositions: number
  /** Rows of the position table before the first token's: RoBERTa counts from behind its padding id. */
  readonly positionOffset: number
  /** 0: the model knows no token types. */
  readonly typeCount: number
  readonly layerNormEpsilon: number
}

const count = z.int().positive()

/** What would compute something else than Docent does is refused by name. */
const refused = {
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  // Packed integers with scales of their own.
  quantization_config: z.null().optional(),
}

/** The exact gelu (with erf): 'gelu_new' and its relatives are approximations with other values. */
const gelu = z.literal('gelu').default('gelu')

const bertShape = {
  ...refused,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  vocab_size: count,
  max_position_embeddings: count,
  type_vocab_size: count.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: gelu,
}

/** Defaults are those of each architecture in `transformers`. */
const SCHEMAS = {
  bert: z.object(bertShape).transform((file) => fromBert('bert', file)),
  electra: z
    .object({ ...bertShape, embedding_size: count.default(128) })
    .transform((file) => ({ ...fromBert('electra', file), embeddingSize: file.embedding_size })),
  roberta: z.object({ ...bertShape, pad_token_id: z.int().min(0).default(1) }).transform((file) => {
    const positionOffset = file.pad_token_id + 1
    return { ...fromBert('roberta', file), positionOffset, maxPositions: file.max_position_embeddings - positionOffset }
  }),
  distilbert: z
    .object({
      ...refused,
      dim: count,
      hidden_dim: count,
      n_layers: count,
      n_heads: count,
      vocab_size: count,
      max_position_embeddings: count,
      activation: gelu,
    })
    .transform((file) => ({
      architecture: 'distilbert' as const,
      hiddenSize: file.dim,
      embeddingSize: file.dim,
      layerCount: file.n_layers,
      headCount: file.n_heads,
      intermediateSize: file.hidden_dim,
      vocabularySize: file.vocab_size,
      maxPositions: file.max_position_embeddings,
      positionOffset: 0,
      typeCount: 0,
      layerNormEpsilon: 1e-12,
    })),
} satisfies Record<Architecture, z.ZodType<EncoderConfig>>

function fromBert(architecture: Architecture, file: z.output<z.ZodObject<typeof bertShape>>): EncoderConfig {
  return {
    architecture,
    hiddenSize: file.hidden_size,
    embeddingSize: file.hidden_size,
    layerCount: file.num_hidden_layers,
    headCount: file.num_attention_heads,
    intermediateSize: file.intermediate_size,
    vocabularySize: file.vocab_size,
    maxPositions: file.max_position_embeddings,
    positionOffset: 0,
    typeCount: file.type_vocab_size,
    layerNormEpsilon: file.layer_norm_eps,
  }
}

/** @throws MODEL_INCOMPATIBLE naming the architecture or the setting that Docent does not compute. */
export function parseEncoderConfig(json: unknown): EncoderConfig {
  const refuse = (reason: string): never => {
    throw new DocentError('MODEL_INCOMPATIBLE', `config.json: ${reason}`)
  }
  const type = (json as { model_type?: unknown } | null)?.model_type
  const architecture =
    ARCHITECTURES.find((known) => known === type) ??
    refuse(`model_type ${JSON.stringify(type)} is none of ${ARCHITECTURES.join(', ')}`)
  const parsed = SCHEMAS[architecture].safeParse(json)
  if (!parsed.success) return refuse(z.prettifyError(parsed.error))
  const { hiddenSize, headCount, maxPositions } = parsed.data
  if (hiddenSize % headCount !== 0) refuse(`a hidden size of ${hiddenSize} is no multiple of ${headCount} heads`)
  if (maxPositions < 1) refuse('max_position_embeddings leaves no position for a token')
  return parsed.data
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
