/**
 * JSON Lines, the form in which corpora are published: an object per line, each a document of its own. A single array of
 * such objects is read too. What every publisher calls differently is looked for under its usual names.
 */
import type { JsonObject, JsonValue } from '../../domain.js'
import { DocentError } from '../../errors.js'
import { decodeText } from './encoding/decode.js'

export interface JsonRecord {
  /** From 1; in an array, the place in it. */
  readonly line: number
  readonly id: string | null
  readonly title: string | null
  readonly text: string
  /** Every other field that is a scalar, and those of `metadata` or `meta`. */
  readonly metadata: JsonObject
}

/** A line that is no document. The others are read all the same. */
export interface JsonLineError {
  readonly line: number
  readonly error: string
}

const TEXT_FIELDS = ['text', 'content', 'body', 'page_content', 'contents'] as const
const ID_FIELDS = ['id', '_id', 'url'] as const
const TITLE_FIELDS = ['title', 'name'] as const
const METADATA_FIELDS = ['metadata', 'meta'] as const

/**
 * In the file's order, one at a time.
 * @throws INVALID_ENCODING and CONTENT_MISMATCH at the first step; MALFORMED_FILE at the last one, when no line was usable
 */
export function* readJsonLines(bytes: Buffer): Generator<JsonRecord | JsonLineError> {
  const { text } = decodeText(bytes)
  let isUsable = false
  let firstError: JsonLineError | null = null
  for (const { line, value } of /^\s*\[/.test(text) ? elementsOf(text) : linesOf(text)) {
    const record = recordOf(line, value)
    if ('error' in record) firstError ??= record
    else isUsable = true
    yield record
  }
  if (isUsable) return
  const reason = firstError ? `the first, ${firstError.line}, ${firstError.error}` : 'there is none'
  throw new DocentError('MALFORMED_FILE', `no line is an object with a text: ${reason}`)
}

interface Entry {
  readonly line: number
  /** Undefined when it is no JSON. */
  readonly value: JsonValue | undefined
}

/** An array that begins and never ends is still read as lines: one of them may begin with a bracket and be wrong. */
function* elementsOf(text: string): Generator<Entry> {
  const elements = parseJson(text)
  if (!Array.isArray(elements)) return yield* linesOf(text)
  for (const [index, value] of elements.entries()) yield { line: index + 1, value }
}

/** Only line feeds end a line: other line ends of Unicode may stand inside of a JSON string. */
function* linesOf(text: string): Generator<Entry> {
  let line = 0
  for (let start = 0; start < text.length; ) {
    const lineFeed = text.indexOf('\n', start)
    const end = lineFeed < 0 ? text.length : lineFeed
    const source = text.slice(start, end).trim()
    line++
    if (source !== '') yield { line, value: parseJson(source) }
    start = end + 1
  }
}

function parseJson(source: string): JsonValue | undefined {
  try {
    return JSON.parse(source)
  } catch {
    return undefined
  }
}

function recordOf(line: number, value: JsonValue | undefined): JsonRecord | JsonLineError {
  if (value === undefined) return { line, error: 'is not valid JSON' }
  if (!isObject(value)) return { line, error: 'is not an object' }
  const textField = TEXT_FIELDS.find((field) => typeof value[field] === 'string')
  if (!textField) return { line, error: `has none of the fields ${TEXT_FIELDS.join(', ')} as a string` }
  const text = value[textField] as string
  if (text.trim() === '') return { line, error: `has nothing in its field ${textField}` }
  const idField = ID_FIELDS.find((field) => labelOf(value[field]) !== null)
  const titleField = TITLE_FIELDS.find((field) => labelOf(value[field]) !== null)
  return {
    line,
    id: idField ? labelOf(value[idField]) : null,
    title: titleField ? labelOf(value[titleField]) : null,
    text,
    metadata: metadataOf(value, new Set([textField, idField, titleField])),
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Ids are often numbers. */
function labelOf(value: JsonValue | undefined): string | null {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** A field of the object itself outranks one of the same name within its `metadata`. */
function metadataOf(value: JsonObject, used: ReadonlySet<string | undefined>): JsonObject {
  const nested = METADATA_FIELDS.map((field) => value[field]).filter(isObject)
  const own = Object.entries(value).filter(([name, field]) => !used.has(name) && typeof field !== 'object')
  // fromEntries defines each name, `__proto__` too, where an assignment would not.
  return Object.fromEntries([...nested.flatMap((object) => Object.entries(object)), ...own])
}
