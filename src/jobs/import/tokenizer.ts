/**
 * The tokenizer of a published model as Docent and older readers of such files take it. What would number text otherwise than
 * its model was trained with is refused by name.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DocentError } from '../../errors.js'
import type { Architecture, EncoderConfig } from '../../registry/encoder-config.js'
import { readPairTemplate } from '../../text/pair-template.js'
import { byteLevelAlphabet } from '../../text/tokenizer.js'
import { tokenizerOfVocabulary } from './vocabulary-files.js'

const ids = z.record(z.string(), z.int().min(0))
const common = { unk_token: z.string().nullish(), dropout: z.number().nullish() }
const wordPieceSchema = z.looseObject({ type: z.literal('WordPiece').optional(), vocab: ids, ...common })
const bytePairSchema = z.looseObject({
  type: z.literal('BPE').optional(),
  vocab: ids,
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  ...common,
})
const fileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string() })).default([]),
  model: z.union([bytePairSchema, wordPieceSchema]),
})
type TokenizerFile = z.output<typeof fileSchema>
type BytePairModel = z.output<typeof bytePairSchema>

const SPECIAL_TOKENS = {
  WordPiece: { cls: '[CLS]', sep: '[SEP]', pad: '[PAD]', unk: '[UNK]', mask: '[MASK]' },
  BPE: { bos: '<s>', cls: '<s>', eos: '</s>', sep: '</s>', pad: '<pad>', unk: '<unk>', mask: '<mask>' },
} as const

const CLASSES: Readonly<Record<Architecture, string>> = {
  bert: 'BertTokenizer',
  distilbert: 'DistilBertTokenizer',
  roberta: 'RobertaTokenizer',
  electra: 'ElectraTokenizer',
}

/** Bytes 0xC0, 0xC1 and those from 0xF5 on, which byte-level tokenizers write as the characters of these numbers. */
const NOT_IN_UTF8 = /[\u00c0\u00c1\u00f5-\u00ff]/

export interface NormalisedTokenizer {
  /** tokenizer.json */
  readonly file: Readonly<Record<string, unknown>>
  /** tokenizer_config.json */
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * @param names of the files in the folder
 * @throws MODEL_CORRUPT when a file is not what its name says, MODEL_INCOMPATIBLE naming the kind of tokenizer, the token that
 * is missing, or the number that has no row in the word table
 */
export async function normaliseTokenizer(
  folder: string,
  names: readonly string[],
  config: EncoderConfig,
): Promise<NormalisedTokenizer> {
  const settings = names.includes('tokenizer_config.json')
    ? await readObject(join(folder, 'tokenizer_config.json'))
    : {}
  const raw = names.includes('tokenizer.json')
    ? await readObject(join(folder, 'tokenizer.json'))
    : await tokenizerOfVocabulary(folder, names, settings)
  const kind = kindOf(raw)
  const parsed = fileSchema.safeParse(raw)
  if (!parsed.success) {
    throw new DocentError('MODEL_CORRUPT', `${folder}/tokenizer.json: ${z.prettifyError(parsed.error)}`)
  }
  const file = parsed.data
  checkTokens(file, kind, config)
  return {
    file: {
      ...file,
      truncation: null,
      padding: null,
      post_processor: config.typeCount > 1 ? file.post_processor : withoutTypes(file.post_processor),
      model: {
        ...file.model,
        type: kind,
        ...(kind === 'BPE' && { merges: (file.model as BytePairModel).merges.map(joinMerge) }),
      },
    },
    config: completeSettings(settings, file, kind, config),
  }
}

function kindOf({ model, pre_tokenizer: preTokenizer }: Record<string, unknown>): 'WordPiece' | 'BPE' {
  const { type, merges } = (model ?? {}) as { type?: unknown; merges?: unknown }
  // Files of the first releases do not say the type.
  const kind = type ?? (merges === undefined ? 'WordPiece' : 'BPE')
  if (kind === 'WordPiece') return kind
  if (kind !== 'BPE') return refuse(`tokenizer.json is of kind ${kind}; WordPiece and byte-level BPE are read`)
  if (JSON.stringify(preTokenizer ?? null).includes('"ByteLevel"')) return 'BPE'
  return refuse('tokenizer.json is a BPE that is not byte-level; WordPiece and byte-level BPE are read')
}

function checkTokens(file: TokenizerFile, kind: 'WordPiece' | 'BPE', { vocabularySize }: EncoderConfig): void {
  const { model, added_tokens: added } = file
  const idOf = (token: string): number =>
    added.find(({ content }) => content === token)?.id ??
    model.vocab[token] ??
    refuse(`the tokenizer has no ${token} token`)
  const pair = readPairTemplate(file.post_processor, idOf)
  if (!pair) refuse('the post-processor of tokenizer.json puts no question and context together')
  if (kind === 'WordPiece') idOf(model.unk_token ?? '[UNK]')
  // Without a token for the unknown, what has no token would vanish.
  const bytes = kind === 'BPE' && !model.unk_token ? byteLevelAlphabet() : []
  const missing = bytes.find((byte) => model.vocab[byte] === undefined && !NOT_IN_UTF8.test(byte))
  if (missing !== undefined) refuse(`the tokenizer has no token for the byte that is written ${missing}`)
  if (model.dropout) refuse('the tokenizer draws its merges (dropout)')
  let largest = 0
  for (const id of Object.values(model.vocab)) largest = Math.max(largest, id)
  for (const { id } of added) largest = Math.max(largest, id)
  if (largest >= vocabularySize) {
    refuse(`the tokenizer has the number ${largest}, and config.json says ${vocabularySize} words`)
  }
}

function joinMerge(merge: string | readonly [string, string]): string {
  if (typeof merge === 'string') return merge
  if (merge.some((part) => part.includes(' '))) refuse(`the merge ${JSON.stringify(merge)} has a space in it`)
  return merge.join(' ')
}

/** Of a model that tells no token types apart: every number is 0. */
function withoutTypes(postProcessor: unknown): unknown {
  const { type, sep, cls } = (postProcessor ?? {}) as { type?: unknown; sep?: [string, number]; cls?: [string, number] }
  if (type !== 'BertProcessing' || !sep || !cls) {
    return JSON.parse(JSON.stringify(postProcessor), (key, value) => (key === 'type_id' ? 0 : value))
  }
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } })
  const single = [special(cls[0]), text('A'), special(sep[0])]
  const tokens = [cls, sep].map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }])
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, text('B'), special(sep[0])],
    special_tokens: Object.fromEntries(tokens),
  }
}

/** What is there stays; what readers look for is added. */
function completeSettings(
  settings: Readonly<Record<string, unknown>>,
  { added_tokens: added, model }: TokenizerFile,
  kind: 'WordPiece' | 'BPE',
  { architecture, maxPositions }: EncoderConfig,
): Record<string, unknown> {
  const tokens = Object.entries(SPECIAL_TOKENS[kind])
    .filter(([, token]) => model.vocab[token] !== undefined || added.some(({ content }) => content === token))
    .map(([name, token]) => [`${name}_token`, token])
  const { tokenizer_class: given, model_max_length: length } = settings
  const isKnown = typeof given === 'string' && Object.values(CLASSES).includes(given.replace(/Fast$/, ''))
  return {
    ...Object.fromEntries(tokens),
    ...settings,
    tokenizer_class: isKnown ? given : CLASSES[architecture],
    // Published files often say 1e30 for "no limit".
    model_max_length: typeof length === 'number' && length <= maxPositions ? length : maxPositions,
  }
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function refuse(reason: string): never {
  throw new DocentError('MODEL_INCOMPATIBLE', reason)
}
