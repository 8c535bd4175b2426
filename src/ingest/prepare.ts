import { readFile } from 'node:fs/promises'
import type { ChunkSpan, JsonObject, Place, Section } from '../domain.js'
import { DocentError } from '../errors.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { canonicalDocument, type ParsedDocument } from './canonical-text.js'
import { chunkText } from './chunker.js'
import { type FormatKind, formatOf, type MediaType } from './formats.js'
import { withLanguage } from './language.js'
import { detectMediaType } from './media-type.js'
import { charsetOfMarkup, decodeText } from './parse/encoding/decode.js'

/** A stored original, and what was said of it when it came. */
export interface OriginalFile {
  readonly path: string
  readonly mediaType: string | null
  readonly fileName: string | null
}

export interface PreparedDocument {
  readonly canonicalText: string
  /** What the document calls itself, if it does. */
  readonly title: string | null
  readonly metadata: JsonObject
  readonly sections: readonly Section[]
  readonly places: readonly Place[]
  readonly chunks: readonly ChunkSpan[]
}

/** Characters: a spreadsheet of a few megabytes may unpack to gigabytes of text. */
const MAX_TEXT_LENGTH = 100_000_000

/** @throws MALFORMED_FILE, ENCRYPTED_FILE and the like; anything else that it throws becomes PARSE_FAILED */
type Parser = (bytes: Buffer) => ParsedDocument | Promise<ParsedDocument>

const ofText =
  (parse: (source: string) => ParsedDocument, charsetOf: (bytes: Buffer) => string | null = () => null): Parser =>
  (bytes) => {
    const { text, encoding } = decodeText(bytes, { charset: charsetOf(bytes) })
    const parsed = parse(text)
    return encoding === 'utf-8' ? parsed : { ...parsed, metadata: { ...parsed.metadata, encoding } }
  }

/** Loaded by the first file of the kind: together their libraries take 80 MB and a second. */
const PARSERS: Readonly<Record<Exclude<FormatKind, 'zip' | 'records'>, () => Promise<Parser>>> = {
  markdown: async () => ofText((await import('./parse/markdown.js')).parseMarkdown),
  text: async () => ofText((await import('./parse/text.js')).parseText),
  html: async () => ofText((await import('./parse/html.js')).parseHtml, charsetOfMarkup),
  csv: async () => (await import('./parse/csv.js')).parseCsv,
  mail: async () => (await import('./parse/eml.js')).parseEml,
  pdf: async () => (await import('./parse/pdf.js')).parsePdf,
  word: async () => (await import('./parse/docx.js')).parseDocx,
  slides: async () => (await import('./parse/pptx.js')).parsePptx,
  sheets: async () => (await import('./parse/spreadsheet.js')).parseSpreadsheet,
}

/**
 * Bytes to chunks.
 * @throws UNSUPPORTED_MEDIA_TYPE, CONTENT_MISMATCH, INVALID_ENCODING, EMPTY_DOCUMENT, PARSE_FAILED
 */
export async function prepareFile(file: OriginalFile, tokenizer: Tokenizer): Promise<PreparedDocument> {
  const mediaType = await detectMediaType(file.path, file)
  const parsed = await parseAs(mediaType, await readFile(file.path))
  const document = canonicalDocument(parsed.blocks)
  const { canonicalText, sections, places } = document
  if (canonicalText.length > MAX_TEXT_LENGTH) {
    throw new DocentError(
      'TOO_MUCH_TEXT',
      `it holds ${canonicalText.length} characters; at most ${MAX_TEXT_LENGTH} are read`,
    )
  }
  if (canonicalText === '') throw new DocentError('EMPTY_DOCUMENT', `the ${mediaType} file holds no readable text`)
  const encoding = await tokenizer.encode(canonicalText)
  const chunks = chunkText(document, encoding)
  const metadata = await withLanguage(parsed.metadata, document)
  return { canonicalText, title: parsed.title, metadata, sections, places, chunks }
}

async function parseAs(mediaType: MediaType, bytes: Buffer): Promise<ParsedDocument> {
  const { kind } = formatOf(mediaType)
  if (kind === 'zip' || kind === 'records') {
    throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `${mediaType} is unpacked, not read`)
  }
  const parse = await PARSERS[kind]()
  try {
    return await parse(bytes)
  } catch (cause) {
    if (cause instanceof DocentError) throw cause
    // How V8 says that its stack is full.
    if (cause instanceof RangeError)
      throw new DocentError('NESTED_TOO_DEEPLY', `the ${mediaType} parser ran out of stack`)
    throw new DocentError('PARSE_FAILED', `the ${mediaType} parser gave up: ${String(cause)}`, { cause })
  }
}
