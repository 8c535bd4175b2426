/**
 * text/ is the shared middle: tokens with offsets, windows, span decoding, sentence borders and SQuAD files. Training,
 * evaluation, chunking and serving all come through here, so that a span means the same thing everywhere.
 * Enters: strings, and logits. Leaves: ids, and spans in UTF-16 code units. Any room below may call it; it calls none.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tokenizer as NativeTokenizer } from '@anush008/tokenizers'
import { DocentError } from '../errors.js'
import { type PairTemplate, readPairTemplate } from './pair-template.js'

/** How byte-level tokenizers write each of the 256 bytes. */
export { byteLevelAlphabet } from '@anush008/tokenizers'

/** Tokens of one text, without special tokens. `starts[i]`/`ends[i]` are UTF-16 offsets of token i into the text. */
export interface Encoding {
  readonly ids: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/**
 * Longest stretch that goes to the native encoder at once: it makes an object for each token, so that a text of 50 MB
 * would not fit in memory otherwise.
 */
const MAX_PIECE_LENGTH = 1 << 16

/**
 * The tokenizer of a model folder (`tokenizer.json`, as Hugging Face writes it). Encoding runs on a worker thread of the
 * native library, hence the promises.
 */
export class Tokenizer {
  readonly #native: NativeTokenizer
  readonly #isBytePair: boolean
  /** Where a text may be cut without changing a token. */
  readonly #breaks: string
  /** What the model puts around a question and a context. */
  readonly pair: PairTemplate

  private constructor(native: NativeTokenizer, file: TokenizerFile, pair: PairTemplate) {
    this.#native = native
    this.#isBytePair = file.model?.merges !== undefined
    // A tokenizer that puts a space before every text would put one before a line break too.
    this.#breaks = JSON.stringify(file.pre_tokenizer ?? null).includes('"add_prefix_space":true') ? ' ' : ' \n'
    this.pair = pair
  }

  /** @throws MODEL_CORRUPT when the file is missing or no tokenizer, MODEL_INCOMPATIBLE when it lacks the special tokens. */
  static async open(modelFolder: string): Promise<Tokenizer> {
    const path = join(modelFolder, 'tokenizer.json')
    let file: TokenizerFile
    let native: NativeTokenizer
    try {
      file = JSON.parse(await readFile(path, 'utf8'))
      native = NativeTokenizer.fromString(JSON.stringify(plainSettings(file)))
    } catch (cause) {
      throw new DocentError('MODEL_CORRUPT', `${path} cannot be read as a tokenizer: ${String(cause)}`, { cause })
    }
    const idOf = (token: string): number => {
      const id = file.added_tokens?.find(({ content }) => content === token)?.id ?? native.tokenToId(token)
      if (id === null) throw new DocentError('MODEL_INCOMPATIBLE', `${path} has no ${token} token`)
      return id
    }
    const pair = readPairTemplate(file.post_processor, idOf)
    if (pair) return new Tokenizer(native, file, pair)
    throw new DocentError('MODEL_INCOMPATIBLE', `${path}: its post-processor puts no question and context together`)
  }

  /** Never truncated. A lone surrogate counts as one replacement character, so that offsets stay true. */
  async encode(text: string): Promise<Encoding> {
    const pieces: Encoding[] = []
    for (let start = 0; start < text.length; ) {
      const end = pieceEnd(text, start, this.#breaks)
      pieces.push(await this.#encodePiece(text.slice(start, end), start))
      start = end
    }
    return pieces.length === 1 ? (pieces[0] as Encoding) : joined(pieces)
  }

  async countTokens(text: string): Promise<number> {
    return (await this.encode(text)).ids.length
  }

  async #encodePiece(piece: string, base: number): Promise<Encoding> {
    const native = await this.#native.encode(piece, null, { addSpecialTokens: false })
    const ids = Int32Array.from(native.getIds())
    const starts = new Int32Array(ids.length)
    const ends = new Int32Array(ids.length)
    const toUtf16 = codePointOffsets(piece)
    for (const [index, [start, end]] of (native.getOffsets() as [number, number][]).entries()) {
      starts[index] = toUtf16 ? (toUtf16[start] as number) : start
      ends[index] = toUtf16 ? (toUtf16[end] as number) : end
      if (this.#isBytePair) trimToken(piece, starts, ends, index)
      ;(starts[index] as number) += base
      ;(ends[index] as number) += base
    }
    return { ids, starts, ends }
  }
}

interface TokenizerFile {
  truncation: unknown
  padding: unknown
  added_tokens?: { id: number; content: string; special: boolean }[]
  pre_tokenizer?: unknown
  post_processor?: unknown
  model?: { merges?: unknown }
}

/**
 * Without truncation and padding, which published files switch on; and without looking for special tokens in the text,
 * so that "[SEP]" in somebody's document stays text and cannot pass for the border between question and passage.
 */
function plainSettings(file: TokenizerFile): TokenizerFile {
  const added = file.added_tokens?.filter(({ special }) => !special)
  // What it would add is added here, in windows; what it would trim, below.
  return { ...file, truncation: null, padding: null, added_tokens: added ?? [], post_processor: null }
}

/** A byte-pair token begins with the space before its word. One that is nothing else keeps it. */
function trimToken(text: string, starts: Int32Array, ends: Int32Array, index: number): void {
  let start = starts[index] as number
  let end = ends[index] as number
  while (start < end && isSpace(text, start)) start++
  while (end > start && isSpace(text, end - 1)) end--
  if (start === end) return
  starts[index] = start
  ends[index] = end
}

const isSpace = (text: string, index: number): boolean => /\s/.test(text.charAt(index))

/**
 * Where to cut: before the last space within reach that follows a word, since a space may belong to the word behind it. No
 * token crosses such a border; a longer word stays whole.
 */
function pieceEnd(text: string, start: number, breaks: string): number {
  if (text.length - start <= MAX_PIECE_LENGTH) return text.length
  const isBorder = (index: number): boolean => breaks.includes(text.charAt(index)) && !isSpace(text, index - 1)
  for (let index = start + MAX_PIECE_LENGTH; index > start; index--) if (isBorder(index)) return index
  for (let index = start + MAX_PIECE_LENGTH + 1; index < text.length; index++) if (isBorder(index)) return index
  return text.length
}

function joined(pieces: readonly Encoding[]): Encoding {
  const length = pieces.reduce((sum, piece) => sum + piece.ids.length, 0)
  const whole = { ids: new Int32Array(length), starts: new Int32Array(length), ends: new Int32Array(length) }
  let at = 0
  for (const piece of pieces) {
    whole.ids.set(piece.ids, at)
    whole.starts.set(piece.starts, at)
    whole.ends.set(piece.ends, at)
    at += piece.ids.length
  }
  return whole
}

/** offsets[n] = UTF-16 offset of the n-th code point, with one more entry for the end; null where the two are equal. */
export function codePointOffsets(text: string): Int32Array | null {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return null
  const offsets = new Int32Array(text.length + 1)
  let count = 0
  let offset = 0
  for (const character of text) {
    offsets[count++] = offset
    offset += character.length
  }
  offsets[count] = offset
  return offsets.subarray(0, count + 1)
}
