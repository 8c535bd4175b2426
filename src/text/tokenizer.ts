/**
 * text/ is the shared middle: tokens with offsets, windows, span decoding, sentence borders and SQuAD files. Training,
 * evaluation, chunking and serving all come through here, so that a span means the same thing everywhere.
 * Enters: strings, and logits. Leaves: ids, and spans in UTF-16 code units. Any room below may call it; it calls none.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Tokenizer as NativeTokenizer } from '@anush008/tokenizers'
import { DocentError } from '../errors.js'

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
  readonly clsId: number
  readonly sepId: number
  readonly padId: number

  private constructor(native: NativeTokenizer, folder: string) {
    const idOf = (token: string): number => {
      const id = native.tokenToId(token)
      if (id === null) throw new DocentError('MODEL_INCOMPATIBLE', `${folder}/tokenizer.json has no ${token} token`)
      return id
    }
    this.#native = native
    this.clsId = idOf('[CLS]')
    this.sepId = idOf('[SEP]')
    this.padId = idOf('[PAD]')
  }

  /** @throws MODEL_CORRUPT when the file is missing or no tokenizer, MODEL_INCOMPATIBLE when it lacks BERT's tokens. */
  static async open(modelFolder: string): Promise<Tokenizer> {
    const file = path.join(modelFolder, 'tokenizer.json')
    let native: NativeTokenizer
    try {
      native = NativeTokenizer.fromString(JSON.stringify(plainSettings(JSON.parse(await readFile(file, 'utf8')))))
    } catch (cause) {
      throw new DocentError('MODEL_CORRUPT', `${file} cannot be read as a tokenizer: ${String(cause)}`, { cause })
    }
    return new Tokenizer(native, modelFolder)
  }

  /** Never truncated. A lone surrogate counts as one replacement character, so that offsets stay true. */
  async encode(text: string): Promise<Encoding> {
    const pieces: Encoding[] = []
    for (let start = 0; start < text.length; ) {
      const end = pieceEnd(text, start)
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
      starts[index] = base + (toUtf16 ? (toUtf16[start] as number) : start)
      ends[index] = base + (toUtf16 ? (toUtf16[end] as number) : end)
    }
    return { ids, starts, ends }
  }
}

interface TokenizerFile {
  truncation: unknown
  padding: unknown
  added_tokens?: { content: string; special: boolean }[]
  model?: { vocab?: Record<string, number> }
}

/**
 * Without truncation and padding, which published files switch on; and without looking for special tokens in the text,
 * so that "[SEP]" in somebody's document stays text and cannot pass for the border between question and passage.
 */
function plainSettings(file: TokenizerFile): TokenizerFile {
  const vocabulary = file.model?.vocab ?? {}
  const added = file.added_tokens?.filter((token) => !(token.special && Object.hasOwn(vocabulary, token.content)))
  return { ...file, truncation: null, padding: null, added_tokens: added ?? [] }
}

/** Where to cut: after the last whitespace within reach. Tokens never cross whitespace; a longer word stays whole. */
function pieceEnd(text: string, start: number): number {
  if (text.length - start <= MAX_PIECE_LENGTH) return text.length
  for (let index = start + MAX_PIECE_LENGTH; index > start; index--) {
    if (isBreak(text.charCodeAt(index - 1))) return index
  }
  for (let index = start + MAX_PIECE_LENGTH; index < text.length; index++) {
    if (isBreak(text.charCodeAt(index))) return index + 1
  }
  return text.length
}

const isBreak = (unit: number): boolean => unit === 0x20 || unit === 0x0a

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
