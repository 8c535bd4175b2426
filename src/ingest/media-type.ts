/**
 * What kind of file is this? Its bytes decide where they can: a PDF called notes.txt is a PDF, and a program called
 * report.docx is refused. One text looks like another, so there the declared type and the file's name decide.
 */
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type'
import { DocentError } from '../errors.js'
import { BY_EXTENSION, BY_NAME, formatOf, type MediaType } from './formats.js'
import { isWideText } from './parse/encoding/decode.js'

/** Says nothing of the content: what clients send when they do not know. */
const NO_TYPE = 'application/octet-stream'

export interface Declared {
  readonly mediaType?: string | null | undefined
  readonly fileName?: string | null | undefined
}

/** What was said of a file: one of our types, something that we do not read, or nothing. */
type Said = { readonly mediaType: MediaType } | { readonly unknown: string } | null

/** What clients send for files that are something else: any text, and on Windows a CSV. */
const LOOSE_TYPES: readonly MediaType[] = ['text/plain', 'application/vnd.ms-excel']

/** A supported extension outranks a type that clients use loosely; otherwise the type outranks the name. */
function whatIsSaid({ mediaType, fileName }: Declared): Said {
  const name = mediaType?.split(';')[0]?.trim().toLowerCase() || NO_TYPE
  const extension = fileName ? extname(fileName).toLowerCase() : ''
  const byExtension = BY_EXTENSION.get(extension)
  const byName = BY_NAME.get(name)
  if (byName) return { mediaType: LOOSE_TYPES.includes(byName) && byExtension ? byExtension : byName }
  if (name !== NO_TYPE) return { unknown: `${name} cannot be read` }
  if (byExtension) return { mediaType: byExtension }
  return extension ? { unknown: `files named *${extension} cannot be read` } : null
}

/** Types that are never documents: refused before a byte is read. */
const NO_DOCUMENT = /^(image|video|audio|font)\//i

/** @throws UNSUPPORTED_MEDIA_TYPE when what is declared can be no document, whatever its bytes are */
export function refuseDeclared({ mediaType }: Declared): void {
  if (NO_DOCUMENT.test(mediaType ?? '')) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `${mediaType} cannot be read`)
}

/**
 * @throws UNSUPPORTED_MEDIA_TYPE, EMPTY_DOCUMENT (no bytes), CONTENT_MISMATCH (the bytes are not what was said, and nothing
 *   else that is read)
 */
export async function detectMediaType(path: string, declared: Declared): Promise<MediaType> {
  const said = whatIsSaid(declared)
  const head = await readHead(path)
  if (head.length === 0) throw new DocentError('EMPTY_DOCUMENT', 'the file has no bytes')
  const binary = await binaryFormat(path, head)
  return binary === null ? textType(said, head) : binaryType(said, binary)
}

function textType(said: Said, head: Buffer): MediaType {
  if (said === null)
    return /^\ufeff?\s*(?:<!doctype html|<html)[\s>]/i.test(head.toString()) ? 'text/html' : 'text/plain'
  if ('unknown' in said) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', said.unknown)
  if (formatOf(said.mediaType).bytes === 'text') return said.mediaType
  throw new DocentError('CONTENT_MISMATCH', `the file is declared as ${said.mediaType} but its content is text`)
}

function binaryType(said: Said, content: string): MediaType {
  const saidType = said && 'mediaType' in said ? said.mediaType : null
  // Parts in an unusual order hide what kind of archive it is, and a password what the archive holds: its parser says.
  const isHidden = content === 'application/zip' || content === COMPOUND_FILE
  if (isHidden && saidType && formatOf(saidType).bytes === 'container') return saidType
  const known = BY_NAME.get(content)
  if (known) return known
  if (saidType)
    throw new DocentError('CONTENT_MISMATCH', `the file is declared as ${saidType} but its content is ${content}`)
  throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `the content is ${content}`)
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

/** The container of Microsoft Office before 2007, and of encrypted files since. */
const COMPOUND_FILE = 'application/x-cfb'

/** Formats whose files begin with readable characters, so that the absence of control bytes clears nothing. */
const READABLE_MAGIC = new Set(['application/pdf', 'application/rtf', 'application/postscript', 'application/eps'])

/**
 * What kind of binary this is, or null for text. Short magic numbers are also words ("BM" begins a bitmap and a sentence
 * about BMW), so most formats count only when there are control bytes as well.
 */
async function binaryFormat(path: string, head: Buffer): Promise<string | null> {
  if (isWideText(head)) return null
  const detected = (await fileTypeFromBuffer(head))?.mime
  if (detected && READABLE_MAGIC.has(detected)) return detected
  const controls = head.filter(isBinaryByte)
  if (controls.length === 0) return null
  // What an archive holds stands further back than its first bytes.
  const known = (await fileTypeFromFile(path))?.mime ?? detected
  if (known) return known
  return isStray(controls, head) ? null : 'binary (it has control bytes that no text has)'
}

/** A text through many editors' hands may hold a few controls, which canonical text leaves out; never a zero byte. */
const MAX_STRAY_SHARE = 0.01
const isStray = (controls: Uint8Array, head: Buffer): boolean =>
  !controls.includes(0) && controls.length <= MAX_STRAY_SHARE * head.length

/** C0 controls without tab, line feed, vertical tab, form feed, carriage return, and escape (coloured logs). */
const isBinaryByte = (byte: number): boolean => byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b)
