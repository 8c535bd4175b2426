/**
 * What of an encoder's folder decides how a text becomes a vector, in the files of sentence-transformers: how many tokens are
 * read (`sentence_bert_config.json`) and what is made of their hidden states (`1_Pooling/config.json`). Without them: all
 * positions, and the mean.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DocentError } from '../errors.js'
import { type EncoderConfig, readEncoderConfig } from './encoder-config.js'

export const LENGTH_FILE = 'sentence_bert_config.json'
export const POOLING_FILE = '1_Pooling/config.json'

export type Pooling = 'mean' | 'cls'

export interface EmbedderConfig {
  readonly encoder: EncoderConfig
  /** Numbers of a vector: the hidden size. */
  readonly dimensions: number
  /** Of a text, special ones included; the rest is cut off. */
  readonly maxTokens: number
  readonly pooling: Pooling
}

const lengthSchema = z.looseObject({ max_seq_length: z.int().positive().nullish() })
/** Releases of sentence-transformers say it by name or by a flag for each way. */
const poolingSchema = z.looseObject({ pooling_mode: z.string().optional() })

/** @throws MODEL_CORRUPT, MODEL_INCOMPATIBLE naming the way of pooling that Docent does not know */
export async function readEmbedderConfig(folder: string): Promise<EmbedderConfig> {
  const encoder = await readEncoderConfig(folder)
  const length = await readOptional(join(folder, LENGTH_FILE), lengthSchema)
  const pooling = await readOptional(join(folder, POOLING_FILE), poolingSchema)
  return {
    encoder,
    dimensions: encoder.hiddenSize,
    maxTokens: Math.min(length?.max_seq_length ?? encoder.maxPositions, encoder.maxPositions),
    pooling: pooling ? poolingOf(pooling) : 'mean',
  }
}

function poolingOf({ pooling_mode: named, ...flags }: z.output<typeof poolingSchema>): Pooling {
  const flagged = Object.keys(flags)
    .filter((name) => name.startsWith('pooling_mode_') && flags[name] === true)
    .map((name) => name.slice('pooling_mode_'.length).replace(/_tokens?$/, ''))
  const modes = named === undefined ? flagged : [named]
  const [mode] = modes
  if (modes.length === 1 && (mode === 'mean' || mode === 'cls')) return mode
  throw new DocentError(
    'MODEL_INCOMPATIBLE',
    `${POOLING_FILE}: pools by ${modes.join(' and ') || 'nothing'}; mean or cls is read`,
  )
}

/** Undefined where there is no such file. @throws MODEL_CORRUPT */
export async function readOptional<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new DocentError('MODEL_CORRUPT', `${path} cannot be read: ${reason}`, { cause })
  }
}
