/**
 * Older models are published with the files of the slow tokenizers alone. Here `tokenizer.json` is made of them, as the
 * converters of `transformers` make it (convert_slow_tokenizer.py: BertConverter, RobertaConverter).
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DocentError } from '../../errors.js'

/** Any of what a model without `tokenizer.json` may have. */
export const VOCABULARY_FILES = ['vocab.txt', 'vocab.json', 'merges.txt', 'added_tokens.json'] as const

type Json = Record<string, unknown>

/**
 * @param settings what tokenizer_config.json says
 * @throws MODEL_INCOMPATIBLE when the folder has none of these files, MODEL_CORRUPT when one cannot be read
 */
export async function tokenizerOfVocabulary(folder: string, names: readonly string[], settings: Json): Promise<Json> {
  const file = names.includes('vocab.txt')
    ? wordPiece(await read(folder, 'vocab.txt'), settings)
    : names.includes('vocab.json') && names.includes('merges.txt')
      ? bytePairs(parse(await read(folder, 'vocab.json')), await read(folder, 'merges.txt'), settings)
      : null
  if (!file) {
    throw new DocentError(
      'MODEL_INCOMPATIBLE',
      'there is no tokenizer.json, and neither vocab.txt nor vocab.json with merges.txt to make it of',
    )
  }
  const further = names.includes('added_tokens.json') ? parse(await read(folder, 'added_tokens.json')) : {}
  const { vocab } = file.model
  const added = [
    ...file.special.flatMap((token) => (token in vocab ? [addedToken(token, vocab[token], true)] : [])),
    ...Object.entries(further).flatMap(([token, id]) => (token in vocab ? [] : [addedToken(token, id, false)])),
  ]
  const { special: _, ...rest } = file
  return { version: '1.0', truncation: null, padding: null, added_tokens: added, ...rest }
}

/** All of tokenizer.json but for the added tokens, and which of them are special. */
interface Made {
  readonly special: readonly string[]
  readonly normalizer: unknown
  readonly pre_tokenizer: unknown
  readonly post_processor: unknown
  readonly decoder: unknown
  readonly model: { readonly vocab: Json; readonly [setting: string]: unknown }
}

function wordPiece(vocabulary: string, settings: Json): Made {
  const lines = vocabulary.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const { do_lower_case: lowercase = true, strip_accents: stripAccents = null } = settings
  const token = (name: string, usual: string) => tokenOf(settings, name, usual)
  const [cls, sep, unk] = [token('cls', '[CLS]'), token('sep', '[SEP]'), token('unk', '[UNK]')]
  const vocab = Object.fromEntries(lines.map((line, index) => [line, index]))
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } })
  const text = (id: string, type: number) => ({ Sequence: { id, type_id: type } })
  const single = [special(cls, 0), text('A', 0), special(sep, 0)]
  const specialTokens = [cls, sep].map((id) => [id, { id, ids: [vocab[id] ?? -1], tokens: [id] }])
  return {
    special: [token('pad', '[PAD]'), unk, cls, sep, token('mask', '[MASK]')],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings.tokenize_chinese_chars ?? true,
      strip_accents: stripAccents,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, text('B', 1), special(sep, 1)],
      special_tokens: Object.fromEntries(specialTokens),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  }
}

function bytePairs(vocab: Json, mergesFile: string, settings: Json): Made {
  const merges = mergesFile
    .split(/\r?\n/)
    .filter((line, index) => line !== '' && !(index === 0 && line.startsWith('#')))
  const prefix = settings.add_prefix_space ?? false
  const token = (name: string, usual: string) => tokenOf(settings, name, usual)
  const [cls, sep] = [token('cls', '<s>'), token('sep', '</s>')]
  const byteLevel = { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: true }
  return {
    special: [cls, token('pad', '<pad>'), sep, token('unk', '<unk>'), token('mask', '<mask>')],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep, vocab[sep] ?? -1],
      cls: [cls, vocab[cls] ?? -1],
      trim_offsets: true,
      add_prefix_space: prefix,
    },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  }
}

/** A setting is the token, or an object with the token as its content. */
function tokenOf(settings: Json, name: string, usual: string): string {
  const given = settings[`${name}_token`] as string | { content?: string } | null | undefined
  return (typeof given === 'string' ? given : given?.content) ?? usual
}

function addedToken(content: string, id: unknown, special: boolean): Json {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8')
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `${name} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new DocentError('MODEL_CORRUPT', `the vocabulary is not JSON: ${(cause as Error).message}`, { cause })
  }
}
