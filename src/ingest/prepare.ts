import { readFile } from 'node:fs/promises'
import type { ChunkSpan, JsonObject, Section } from '../domain.js'
import { DocentError } from '../errors.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { canonicalDocument, type ParsedDocument } from './canonical-text.js'
import { chunkText } from './chunker.js'
import { detectMediaType, type MediaType } from './media-type.js'
import { decodeText } from './parse/decode.js'
import { parseHtml } from './parse/html.js'
import { parseMarkdown } from './parse/markdown.js'
import { parseText } from './parse/text.js'

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
  readonly chunks: readonly ChunkSpan[]
}

const PARSERS: Readonly<Record<MediaType, (source: string) => ParsedDocument>> = {
  'text/markdown': parseMarkdown,
  'text/plain': parseText,
  'text/html': parseHtml,
}

/**
 * Bytes to chunks.
 * @throws UNSUPPORTED_MEDIA_TYPE, NOT_TEXT, INVALID_ENCODING, EMPTY_DOCUMENT, PARSE_FAILED
 */
export async function prepareFile(file: OriginalFile, tokenizer: Tokenizer): Promise<PreparedDocument> {
  const mediaType = await detectMediaType(file.path, file)
  const source = decodeText(await readFile(file.path))
  const parsed = parseAs(mediaType, source)
  const { canonicalText, sections } = canonicalDocument(parsed.blocks)
  if (canonicalText === '') throw new DocentError('EMPTY_DOCUMENT', `the ${mediaType} file holds no readable text`)
  const encoding = await tokenizer.encode(canonicalText)
  const chunks = chunkText(canonicalText, sections, encoding)
  return { canonicalText, title: parsed.title, metadata: parsed.metadata, sections, chunks }
}

function parseAs(mediaType: MediaType, source: string): ParsedDocument {
  try {
    return PARSERS[mediaType](source)
  } catch (cause) {
    const reason = cause instanceof RangeError ? 'it is nested too deeply' : String(cause)
    throw new DocentError('PARSE_FAILED', `the ${mediaType} parser gave up: ${reason}`, { cause })
  }
}
