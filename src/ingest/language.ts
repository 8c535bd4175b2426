/**
 * The language of a text that does not say which it has. A detector always names its best guess; here one is only believed
 * where nearly all of the text agrees, piece by piece, so that an uncertain text has no language rather than a wrong one.
 * The figures were chosen on messages of programs in 57 languages that the detector knows and 44 that it does not, which
 * it would take for a neighbour: docs/decisions/0019-language.md.
 */
import type { JsonObject, JsonValue } from '../domain.js'
import type { CanonicalDocument } from './canonical-text.js'

/** Characters that are looked at: more of a text say the same. */
const MAX_LENGTH = 8000
/** The detector reads about 350 bytes of what it is given. */
const PIECE_LENGTH = 300
/** In UTF-8 bytes of letters, which is what it compares: a third as many Chinese characters say as much. */
const MIN_LETTER_BYTES = 80
/** Of a piece: what has fewer (numbers, a rule) says nothing. */
const MIN_PIECE_LETTER_BYTES = 20
/** Of the letters, in pieces that are surely of the language. */
const MIN_SHARE = 0.8
/** What the second best language may have of the evidence for the best: Danish and Norwegian are near, Galician is neither. */
const MAX_RIVAL = 0.95
/** Indonesian, which the detector does not know, is Malay to it. */
const UNSURE = new Set(['ms'])

/** What marks a language in the metadata as found in the text, and not said by anyone. */
export const LANGUAGE_DETECTED = 'languageDetected'

/** @returns the metadata of a file, with the language of its text where it names none and the text is clear */
export async function withLanguage(metadata: JsonObject, document: CanonicalDocument): Promise<JsonObject> {
  if (isSaid(metadata.language)) return metadata
  // Front matter has it by either name; filters know one.
  if (isSaid(metadata.lang)) return { ...metadata, language: metadata.lang }
  const language = await detectLanguage(proseOf(document))
  return language === null ? metadata : { ...metadata, language, [LANGUAGE_DETECTED]: true }
}

/** What is said above what the file has: a language that is said was not detected. */
export function mergedMetadata(own: JsonObject | undefined, given: JsonObject): JsonObject {
  const { [LANGUAGE_DETECTED]: detected, ...rest } = own ?? {}
  if (detected === undefined || 'language' in given) return { ...rest, ...given }
  return { ...rest, [LANGUAGE_DETECTED]: detected, ...given }
}

/** @returns its ISO 639-1 code, or null where that is not certain */
export async function detectLanguage(text: string): Promise<string | null> {
  const pieces = piecesOf(text.slice(0, MAX_LENGTH)).map((piece) => ({ piece, bytes: letterBytes(piece) }))
  const telling = pieces.filter(({ bytes }) => bytes >= MIN_PIECE_LETTER_BYTES)
  const total = telling.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total < MIN_LETTER_BYTES) return null
  // Two megabytes of letter sequences: loaded by the first text that needs them.
  const { eld } = await import('eld/extrasmall')
  const found = new Map<string, number>()
  for (const { piece, bytes } of telling) {
    const result = eld.detect(piece)
    if (isSure(result)) found.set(result.language, (found.get(result.language) ?? 0) + bytes)
  }
  const [language] = [...found].find(([, bytes]) => bytes >= MIN_SHARE * total) ?? []
  return language === undefined || UNSURE.has(language) ? null : language
}

type Guess = ReturnType<typeof import('eld/extrasmall')['eld']['detect']>

function isSure(result: Guess): boolean {
  const [best = 0, second = 0] = Object.values(result.getScores()).sort((a, b) => b - a)
  return result.isReliable() && evidenceOf(second) <= MAX_RIVAL * evidenceOf(best)
}

/** Scores are e / (e + a constant), which presses the differences of good ones together. */
const evidenceOf = (score: number): number => score / (1 - score)

const isSaid = (language: JsonValue | undefined): language is JsonValue =>
  language !== undefined && language !== null && language !== ''

/** Without code, which is English in every language. */
function proseOf({ canonicalText, places }: CanonicalDocument): string {
  let prose = ''
  for (const { kind, start, end } of places) {
    if (prose.length >= MAX_LENGTH) break
    if (kind !== 'code') prose += `${canonicalText.slice(start, Math.min(end, start + MAX_LENGTH))}\n`
  }
  return prose
}

/** Cut at spaces where there are any. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const space = text.lastIndexOf(' ', at + PIECE_LENGTH)
    const end = at + PIECE_LENGTH < text.length && space > at + PIECE_LENGTH / 2 ? space : at + PIECE_LENGTH
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces
}

const letterBytes = (text: string): number => Buffer.byteLength((text.match(/\p{L}/gu) ?? []).join(''))
