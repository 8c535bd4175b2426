/**
 * encoding/: enter bytes, leaves text. UTF-8 comes first and is strict; a byte order mark, and a declared charset that the bytes fit, are believed;
 * otherwise the encoding is recognised from the bytes (encodings.ts), which needs evidence: a wrong guess would put wrong
 * letters into quotes.
 */
import { isUtf8 } from 'node:buffer'
import { DocentError } from '../../../errors.js'
import { isText, recogniseEncoding } from './encodings.js'

export interface DecodedText {
  readonly text: string
  /** As the Encoding Standard names it, in lower case: `utf-8`, `windows-1252`; also `utf-32le` and `utf-32be`. */
  readonly encoding: string
}

export interface DecodeOptions {
  /** What the file, or whoever sent it, says of its encoding; believed only when the bytes fit it and are not UTF-8. */
  readonly charset?: string | null | undefined
}

/**
 * @throws CONTENT_MISMATCH at the first NUL byte of what is no text; INVALID_ENCODING when nothing fits well enough. Both
 *   say where (the first byte that is not UTF-8), and INVALID_ENCODING what was tried.
 */
export function decodeText(bytes: Buffer, { charset }: DecodeOptions = {}): DecodedText {
  const marked = decodeMarked(bytes)
  if (marked) return marked
  const declared = charset ? canonicalName(charset) : null
  const nul = bytes.indexOf(0)
  if (nul >= 0) {
    const decoded = decodeUtf16(bytes, declared)
    if (decoded) return decoded
    throw new DocentError('CONTENT_MISMATCH', `there is a NUL byte at byte ${nul}`, { details: { offset: nul } })
  }
  if (isUtf8(bytes)) {
    const japanese = hasIso2022Shift(bytes) ? decodeAs(bytes, 'iso-2022-jp') : null
    return japanese ?? { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' }
  }
  const offset = firstInvalidByte(bytes)
  const tried: string[] = []
  if (declared && !declared.startsWith('utf-')) {
    const decoded = decodeAs(bytes, declared)
    if (decoded) return decoded
    tried.push(`the declared ${declared} does not fit`)
  }
  if (isMostlyUtf8(bytes)) throw invalidEncoding(offset, bytes, [...tried, 'most of the rest is UTF-8'])
  const recognised = recogniseEncoding(bytes)
  const decoded = recognised.encoding ? decodeAs(bytes, recognised.encoding) : null
  if (decoded) return decoded
  throw invalidEncoding(offset, bytes, [...tried, recognised.reason])
}

/** What an HTML page or an XML file says of its encoding, where the HTML standard looks for it: the first 1,024 bytes. */
export function charsetOfMarkup(bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, 1024)
  const found = /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head)
  return (found ?? /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w:.-]+)/i.exec(head))?.[1] ?? null
}

const MARKS: readonly [encoding: string, mark: readonly number[]][] = [
  // Before UTF-16, whose mark theirs begins with.
  ['utf-32le', [0xff, 0xfe, 0, 0]],
  ['utf-32be', [0, 0, 0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

/** Whether a file's first bytes are UTF-16 or UTF-32, whose many zero bytes make it look like no text. */
export function isWideText(head: Buffer): boolean {
  if (MARKS.some(([, mark]) => mark.every((byte, index) => head[index] === byte))) return true
  // The cut may fall inside a character, or inside a pair of them.
  const whole = head.subarray(0, head.length - (head.length % 2))
  return [whole, whole.subarray(0, -2)].some((part) => part.includes(0) && decodeUtf16(part, null) !== null)
}

/** UTF-8 with its mark is UTF-8 like any other: the decoder drops it. */
function decodeMarked(bytes: Buffer): DecodedText | null {
  const encodings = MARKS.filter(([, mark]) => mark.every((byte, index) => bytes[index] === byte))
  for (const [encoding] of encodings) {
    const text = decodeStrictly(bytes, encoding)
    if (text !== null && !text.includes('\0')) return { text, encoding }
  }
  const [encoding] = encodings.at(-1) ?? []
  if (!encoding) return null
  const message = `it begins with the byte order mark of ${encoding}, but the rest is not that`
  throw new DocentError('INVALID_ENCODING', message, { details: { offset: 0 } })
}

/** Latin letters, digits, spaces and line ends have a zero byte in UTF-16, always on the same side: every text has some. */
function decodeUtf16(bytes: Buffer, declared: string | null): DecodedText | null {
  if (bytes.length % 2 !== 0) return null
  let even = 0
  let odd = 0
  for (const [index, byte] of bytes.entries()) {
    if (byte === 0) index % 2 === 0 ? even++ : odd++
  }
  const encoding = even === 0 ? 'utf-16le' : 'utf-16be'
  const isEvident = Math.min(even, odd) === 0 && even + odd >= Math.max(4, bytes.length / 40)
  return isEvident || declared === encoding ? decodeAs(bytes, encoding) : null
}

/** Null when the bytes do not fit, or when what they spell is no text. */
function decodeAs(bytes: Buffer, encoding: string): DecodedText | null {
  const text = decodeStrictly(bytes, encoding)
  return text !== null && isText(text) ? { text, encoding } : null
}

function decodeStrictly(bytes: Buffer, encoding: string): string | null {
  try {
    if (encoding.startsWith('utf-32')) return decodeUtf32(bytes, encoding === 'utf-32le')
    // In one call, Node 20 reads windows-1252 as ISO-8859-1: quotes and dashes become control characters.
    const decoder = new TextDecoder(encoding, { fatal: true })
    return decoder.decode(bytes, { stream: true }) + decoder.decode()
  } catch {
    return null
  }
}

function decodeUtf32(bytes: Buffer, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const parts: string[] = []
  // After the mark. An incomplete last character makes the view throw, a number that is no code point fromCodePoint.
  for (let offset = 4; offset < bytes.length; offset += 4) {
    parts.push(String.fromCodePoint(view.getUint32(offset, littleEndian)))
  }
  return parts.join('')
}

function canonicalName(charset: string): string | null {
  try {
    return new TextDecoder(charset.trim()).encoding
  } catch {
    return null
  }
}

/** ISO-2022-JP is made of ASCII bytes only; these sequences switch to its two Japanese sets. */
const hasIso2022Shift = (bytes: Buffer): boolean => bytes.includes('\u001b$B') || bytes.includes('\u001b$@')

/** A UTF-8 file with a damaged place, not a file in another encoding. */
function isMostlyUtf8(bytes: Buffer): boolean {
  const forgiven = new TextDecoder('utf-8').decode(bytes)
  const wrong = forgiven.match(/\ufffd+/g)?.length ?? 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the border of ASCII
  const right = forgiven.match(/[^\u0000-\u007f\ufffd]+/g)?.length ?? 0
  return right > wrong
}

function invalidEncoding(offset: number, bytes: Buffer, tried: readonly string[]): DocentError {
  const byte = `0x${(bytes[offset] as number).toString(16).padStart(2, '0')}`
  const message = `not UTF-8 at byte ${offset}: ${byte} cannot stand there; ${tried.join('; ')}`
  return new DocentError('INVALID_ENCODING', message, { details: { offset } })
}

/** A decoder that forgives writes U+FFFD for what is wrong: the first one that the bytes do not spell themselves. */
function firstInvalidByte(bytes: Buffer): number {
  const forgiven = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let offset = 0
  let from = 0
  for (;;) {
    const at = forgiven.indexOf('\ufffd', from)
    offset += Buffer.byteLength(forgiven.slice(from, at))
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset
    offset += 3
    from = at + 1
  }
}
