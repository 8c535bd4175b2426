/**
 * What kind of text is this? By what the uploader says, by the file's name, and by looking at its first bytes: a name can
 * lie, so bytes that are no text are refused whatever they are called.
 */
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileTypeFromBuffer } from 'file-type'
import { DocentError } from '../errors.js'

export const MEDIA_TYPES = ['text/markdown', 'text/plain', 'text/html'] as const
export type MediaType = (typeof MEDIA_TYPES)[number]

const BY_EXTENSION: ReadonlyMap<string, MediaType> = new Map([
  ['.md', 'text/markdown'],
  ['.markdown', 'text/markdown'],
  ['.mdown', 'text/markdown'],
  ['.mkd', 'text/markdown'],
  ['.txt', 'text/plain'],
  ['.text', 'text/plain'],
  ['.log', 'text/plain'],
  ['.html', 'text/html'],
  ['.htm', 'text/html'],
  ['.xhtml', 'text/html'],
])

/** With the dot, in lower case: what `docent ingest FOLDER` takes. */
export const SUPPORTED_EXTENSIONS: readonly string[] = [...BY_EXTENSION.keys()]

const BY_NAME: ReadonlyMap<string, MediaType> = new Map([
  ['text/markdown', 'text/markdown'],
  ['text/x-markdown', 'text/markdown'],
  ['text/plain', 'text/plain'],
  ['text/html', 'text/html'],
  ['application/xhtml+xml', 'text/html'],
])

/** Says nothing of the content: what clients send when they do not know. */
const NO_TYPE = 'application/octet-stream'

export interface Declared {
  readonly mediaType?: string | null | undefined
  readonly fileName?: string | null | undefined
}

/**
 * The type that the declared type and the name agree on, or null when they say nothing. A supported extension outranks
 * `text/plain`, which many clients send for Markdown; otherwise the declared type outranks the name.
 * @throws UNSUPPORTED_MEDIA_TYPE naming what was declared
 */
export function declaredMediaType({ mediaType, fileName }: Declared): MediaType | null {
  const name = mediaType?.split(';')[0]?.trim().toLowerCase() || NO_TYPE
  const extension = fileName ? extname(fileName).toLowerCase() : ''
  const byExtension = BY_EXTENSION.get(extension)
  const byName = BY_NAME.get(name)
  if (byName) return byName === 'text/plain' && byExtension ? byExtension : byName
  if (name !== NO_TYPE) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `${name} cannot be read`)
  if (byExtension) return byExtension
  if (extension) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `files named *${extension} cannot be read`)
  return null
}

/**
 * The type of a stored file: the declared one, else the one that its first bytes show.
 * @throws UNSUPPORTED_MEDIA_TYPE, EMPTY_DOCUMENT (no bytes), CONTENT_MISMATCH (binary under a text's name)
 */
export async function detectMediaType(path: string, declared: Declared): Promise<MediaType> {
  const mediaType = declaredMediaType(declared)
  const head = await readHead(path)
  if (head.length === 0) throw new DocentError('EMPTY_DOCUMENT', 'the file has no bytes')
  const binary = await binaryFormat(head)
  if (binary && !mediaType) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `the content is ${binary}`)
  if (binary)
    throw new DocentError('CONTENT_MISMATCH', `the file is declared as ${mediaType} but its content is ${binary}`)
  return (
    mediaType ?? (/^\ufeff?\s*(?:<!doctype html|<html)[\s>]/i.test(head.toString('utf8')) ? 'text/html' : 'text/plain')
  )
}

const HEAD_BYTES = 8192

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Formats whose files begin with readable characters, so that the absence of control bytes clears nothing. */
const READABLE_MAGIC = new Set(['application/pdf', 'application/rtf', 'application/postscript', 'application/eps'])

/**
 * What kind of binary this is, or null for text. Short magic numbers are also words ("BM" begins a bitmap and a sentence
 * about BMW), so most formats count only when there are control bytes as well.
 */
async function binaryFormat(head: Buffer): Promise<string | null> {
  if (isUtf16(head)) return null
  const detected = (await fileTypeFromBuffer(head))?.mime
  if (detected && READABLE_MAGIC.has(detected)) return detected
  if (!head.some(isBinaryByte)) return null
  return detected ?? 'binary (it has control bytes that no text has)'
}

/** Left to the decoder, which says how to mend it. */
const isUtf16 = (head: Buffer): boolean =>
  (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)

/** C0 controls without tab, line feed, vertical tab, form feed, carriage return, and escape (coloured logs). */
const isBinaryByte = (byte: number): boolean => byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b)
