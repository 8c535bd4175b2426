/**
 * Which legacy encoding are these bytes? Every candidate is tried on the lines that are not ASCII and judged by what it
 * spells: letters of one language, in words whose letters agree in script and case. chardet's statistics of letter sequences
 * (its confidence, 0 to 100) are added. Candidates that spell the same text agree; one that is not clearly better than
 * every other text is no answer.
 */
import { analyse } from 'chardet'

/** An encoding is chosen when its score (100 times the fit, and half the confidence) reaches this ... */
const MIN_SCORE = 95
/** ... and is this much above the best other text, more when few characters speak for it. */
const MIN_MARGIN = 6
const MARGIN_OF_ONE = 20
/** A multi-byte encoding is judged by chardet alone, which knows the frequent characters of each. */
const MIN_MULTIBYTE_CONFIDENCE = 50
/** For windows-1252 in a text of ASCII words with few others, because most such files are that. */
const COMMONEST_BONUS = 25
/** Of encodings that chardet does not know. */
const UNKNOWN_CONFIDENCE = 20
const SAMPLE_BYTES = 64 * 1024

/** Each with the names under which chardet means it. In order of how common they are: the first of equals is named. */
const SINGLE_BYTE: readonly [encoding: string, chardetNames: readonly string[]][] = [
  ['windows-1252', ['windows-1252', 'ISO-8859-1']],
  ['iso-8859-15', ['ISO-8859-1']],
  ['windows-1250', ['windows-1250', 'ISO-8859-2']],
  ['iso-8859-2', ['windows-1250', 'ISO-8859-2']],
  ['windows-1251', ['windows-1251']],
  ['koi8-r', ['KOI8-R']],
  ['koi8-u', ['KOI8-R']],
  ['iso-8859-5', ['ISO-8859-5']],
  ['ibm866', []],
  ['windows-1253', ['windows-1253', 'ISO-8859-7']],
  ['iso-8859-7', ['windows-1253', 'ISO-8859-7']],
  ['windows-1254', ['windows-1254', 'ISO-8859-9']],
  ['windows-1255', ['windows-1255', 'ISO-8859-8']],
  ['windows-1256', ['windows-1256']],
  ['iso-8859-6', ['ISO-8859-6']],
  ['windows-1257', ['windows-1257']],
  ['iso-8859-13', ['windows-1257']],
  ['windows-874', ['windows-874']],
  ['macintosh', []],
]
const MULTI_BYTE = ['Shift_JIS', 'EUC-JP', 'EUC-KR', 'GB18030', 'Big5']

/**
 * The letters beyond ASCII that a language needs, in lower case; after a bar those it has but seldom uses. Only languages
 * that one of the encodings above was made for.
 */
const ALPHABETS: readonly [letters: string, rare: string][] =
  `éèàêçôîùâûœëï|üÿæöäñáíó äöüß|éàèêáóçñ åäö|éüàè æøå|éöäüòóàâ áéíóúñ|üçàè áàâãéêíóôõúç|üè àèéìòù|îóúâ
  áðéíóúýþæö| éëïö|èêüáóúç ëç|é àçéèíïóòúü| äõöü|šž ąćęłńóśżź| áčéěířšúůýž|óďťň áäčéíľšťúýžň|ďóôĺŕ áéíóöőúüű|ä
  čćđšž| ăâîșț| ăâîşţ| çğıöşü̇|âîû ąčęėįšųūž| āčēģīķļņšūž|
  абвгдежзийклмнопрстуфхцчшщъыьэюя|ё абвгґдеєжзиіїйклмнопрстуфхцчшщьюя| абвгдеёжзійклмнопрстуўфхцчшыьэюя|
  абвгдежзийклмнопрстуфхцчшщъьюя|ѝ абвгдђежзијклљмнњопрстћуфхцчџш| абвгдѓежзѕијклљмнњопрстќуфхцчџш|ѐѝ
  αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ|ϊϋΐΰ אבגדהוזחטיכלמנסעפצקרשתךםןףץ|װױײ־׳״ְֱֲֳִֵֶַָֹֻּׁׂ
  ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئ|ًٌٍَُِّْـپچژگ`
    .split(/\s+/)
    .map((entry) => entry.split('|') as [string, string])
    .concat([[range(0x0e01, 0x0e2e) + range(0x0e30, 0x0e39) + range(0x0e40, 0x0e4c), 'ฯๆํ๎๏๐๑๒๓๔๕๖๗๘๙']])
const RARE_WEIGHT = 0.2

/** Signs that any language may use. Others, inside of a decoded text, speak against the encoding. */
const COMMON_SIGNS = new Set('‘’‚“”„«»‹›–—…•·€£§©®™°±×²³½¼¾µ¿¡№،؛؟ªº†‡₪\u00a0\u00ad\u200c\u200d\u200e\u200f')

export interface Recognised {
  readonly encoding: string | null
  /** Why there is none. */
  readonly reason: string
}

interface Candidate {
  readonly encoding: string
  readonly text: string
  readonly score: number
}

/** Of bytes that are not UTF-8. */
export function recogniseEncoding(bytes: Buffer): Recognised {
  const sample = sampleOf(bytes)
  const confidences = new Map(analyse(sample).map(({ name, confidence }) => [name as string, confidence]))
  const bonus = COMMONEST_BONUS * Math.max(0, 1 - 4 * shareOfWordsBeyondAscii(bytes))
  const candidates = [...multiByteCandidates(sample, confidences), ...singleByteCandidates(sample, confidences, bonus)]
  candidates.sort((a, b) => b.score - a.score)
  const best = candidates[0]
  if (!best) return { encoding: null, reason: 'no other encoding fits' }
  if (best.score < MIN_SCORE) return { encoding: null, reason: `${scored(best)} is too unlike any language` }
  const other = candidates.find(({ text }) => text !== best.text)
  if (other && best.score - other.score < marginOf(best.text)) {
    return { encoding: null, reason: `it may be ${scored(best)} as well as ${scored(other)}` }
  }
  return { encoding: best.encoding, reason: `as ${best.encoding} it has characters that no text has` }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the border of ASCII
const NON_ASCII = /[^\u0000-\u007f]/g

const marginOf = (text: string): number => Math.max(MIN_MARGIN, MARGIN_OF_ONE / (text.match(NON_ASCII)?.length ?? 1))

const scored = ({ encoding, score }: Candidate): string => `${encoding} (score ${Math.round(score)})`

function multiByteCandidates(sample: Buffer, confidences: ReadonlyMap<string, number>): Candidate[] {
  return MULTI_BYTE.flatMap((name) => {
    const confidence = confidences.get(name) ?? 0
    const text = confidence < MIN_MULTIBYTE_CONFIDENCE ? null : decodeSample(sample, name)
    return text === null ? [] : [{ encoding: name.toLowerCase(), text, score: 1.5 * confidence }]
  })
}

function singleByteCandidates(sample: Buffer, confidences: ReadonlyMap<string, number>, bonus: number): Candidate[] {
  return SINGLE_BYTE.flatMap(([encoding, names]) => {
    const text = decodeSample(sample, encoding)
    if (text === null) return []
    const known = names.map((name) => confidences.get(name) ?? 0)
    const confidence = known.length === 0 ? UNKNOWN_CONFIDENCE : Math.max(...known)
    const score = 100 * fitOf(text) + confidence / 2 + (encoding === 'windows-1252' ? bonus : 0)
    return [{ encoding, text, score }]
  })
}

/** The share, 0 to 1, of characters beyond ASCII that the language that explains them best has, less the odd words. */
export function fitOf(text: string): number {
  const counts = new Map<string, number>()
  let signs = 0
  let letters = 0
  for (const char of text.toLowerCase()) {
    if (char < '\u0080') continue
    if (COMMON_SIGNS.has(char)) signs++
    else {
      counts.set(char, (counts.get(char) ?? 0) + 1)
      letters++
    }
  }
  if (signs + letters === 0) return 0
  let best = 0
  for (const [alphabet, rare] of ALPHABETS) best = Math.max(best, weigh(counts, alphabet, rare))
  return Math.max(0, (signs + best) / (signs + letters) - oddness(text))
}

function weigh(counts: ReadonlyMap<string, number>, alphabet: string, rare: string): number {
  let sum = 0
  for (const [char, count] of counts)
    sum += alphabet.includes(char) ? count : rare.includes(char) ? RARE_WEIGHT * count : 0
  return sum
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the border of ASCII
const NON_ASCII_WORD = /[^\s!-/:-@[-`{-~]*[^\u0000-\u007f][^\s!-/:-@[-`{-~]*/g

/** Of words in which no decoding of a real text leaves two scripts, a capital after a small letter, or a sign amid letters. */
const ODD_WORD = new RegExp(
  [
    '\\p{Ll}\\p{Lu}|\\p{Lu}\\p{Lu}\\p{Ll}|[ςםןץףך]\\p{L}',
    '(?=.*\\p{Script=Latin})(?=.*[^\\P{L}\\p{Script=Latin}ªº])',
    '(?=.*\\p{Script=Cyrillic})(?=.*\\p{Script=Greek})',
    '\\p{L}[–—…]*[\\p{S}\\p{No}¡¿«»„‚‹›§¶†‡•‰ªº]+\\p{L}',
    '(?:^|\\P{L})[®¹³¼½¾¬¦¸]\\p{L}|\\p{L}[±¬¦]',
    '(?=[^\\u0000-\\u007f])\\p{L}\\d',
    // A vowel sign or a tone mark of Thai without a consonant under it.
    '(?:^|[^\\u0e01-\\u0e2e\\u0e31-\\u0e3a\\u0e47-\\u0e4e])[\\u0e31\\u0e34-\\u0e3a\\u0e47-\\u0e4e]',
  ].join('|'),
  'u',
)

function oddness(text: string): number {
  const words = text.match(NON_ASCII_WORD) ?? []
  return words.length === 0 ? 0 : words.filter((word) => ODD_WORD.test(word)).length / words.length
}

function shareOfWordsBeyondAscii(bytes: Buffer): number {
  const words = bytes.toString('latin1', 0, SAMPLE_BYTES).match(/\S+/g) ?? []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the border of ASCII
  return words.filter((word) => /[^\u0000-\u007f]/.test(word)).length / Math.max(1, words.length)
}

/** Null when the bytes do not fit. An incomplete last character is that of the sample, not of the text. */
function decodeSample(sample: Buffer, encoding: string): string | null {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(sample, { stream: true })
    return isText(text) ? text : null
  } catch {
    return null
  }
}

/** Lines with bytes beyond ASCII: in the others every encoding agrees, and their English would outvote the rest. */
function sampleOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let length = 0
  let start = 0
  while (start < bytes.length && length < SAMPLE_BYTES) {
    const end = pieceEnd(bytes, start)
    const piece = bytes.subarray(start, Math.min(end, start + SAMPLE_BYTES))
    if (piece.some((byte) => byte >= 0x80)) {
      parts.push(piece)
      length += piece.length
    }
    start = end
  }
  return Buffer.concat(parts)
}

const PIECE_BYTES = 4096

/** After a line end, or after a space where lines are long: neither is ever a part of another character. */
function pieceEnd(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf(0x0a, start)
  if (lineEnd >= 0 && lineEnd - start < PIECE_BYTES) return lineEnd + 1
  const space = bytes.indexOf(0x20, start + PIECE_BYTES)
  const ends = [lineEnd, space].filter((end) => end >= 0)
  return ends.length === 0 ? bytes.length : Math.min(...ends) + 1
}

/** Control characters but those that text files have (a final Ctrl-Z among them), private use, and unassigned ones. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NO_TEXT = /[\u0000-\u0008\u000e-\u0019\u001c-\u001f\u007f-\u009f\p{Co}\p{Cn}\p{Cs}]/u

export const isText = (text: string): boolean => !NO_TEXT.test(text)

function range(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index))
}
