/**
 * Where a sentence goes on although the segmenter (Unicode UAX #29, which knows letters but no words) ends it. Joining two
 * sentences costs a chunk a better border, cutting one makes both halves unreadable: in doubt they are joined.
 */

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Something always follows these. Lower case, without the last full stop. */
const NEVER_LAST = wordSet(
  'mr mrs ms mx dr prof st mt hon rev gen capt lt sgt gov sen rep pres vs eg e.g ie i.e cf viz approx resp fig figs vol ' +
    'vols pp ch eds bzw ca vgl sog hr d.h z.b u.a m.e mme mlle mgr sra dra srta ud uds',
)

/** Usually in the middle of a sentence, sometimes at its end: the next word tells. */
const OFTEN_INSIDE = wordSet(
  'jr sr etc al est dept ft sec ed inc ltd co corp bros col usw env av ee uu jan feb mar apr jun jul aug sep sept oct nov dec',
)

/** Those written with spaces. */
const SPACED = /(?:^|[^\p{L}])(?:z\. B|d\. h|u\. a|i\. d\. R|p\. ex|p\. ej)\.$/iu

/** Words or letters, unless a number follows. */
const BEFORE_NUMBER = wordSet(
  'no nos nr art arts p n s c abs ziff kap cap para par sect tel app ex núm pág págs num pag',
)

/** Words that begin sentences and hardly ever follow an initial or an abbreviation inside of one. */
const STARTER = new RegExp(
  `^["'“‘„«([]*(?:${(
    'The This That These Those There It Its He She We They You I A An In On At If As By To When While Where After Before ' +
    'However But And Or So For From With What Who How Why His Her Their Our My Your Here Most All Some Not Once Then ' +
    'Since Until Although Because During Each Every Any Please Also Under Both Such Only ' +
    'Der Die Das Ein Eine Es Er Sie Wir Ich Diese Dieser Dieses Im Am Auf Bei Mit Nach Wenn Für Und Aber ' +
    'Il Elle Nous Vous Ils Elles Ce Cette Ces Dans Pour Si Mais Les Los Las Por Para Pero Este Esta Desde'
  )
    .split(' ')
    .join('|')})(?![\\p{L}\\p{N}.-])`,
  'u',
)

/** The number of a list item: "3.", "(b)", "iv.", "- 2)". The bullet before it is no word either. */
const MARKER =
  /^(?:[-*+•–]\s)?\(?(?:\p{N}{1,3}(?:\.\p{N}{1,3})*|\p{L}|(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})|(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3}))[.)]$/u

const LAST_WORD = /(?:^|[^\p{L}\p{N}.-])(\p{L}[\p{L}.-]*)\.$/u
/** "U.S", "a.m", "Ph.D", "z.B". */
const DOTTED = /^(?:\p{L}{1,2}\.)+\p{L}{1,2}$/u
const ROMAN = /^[IVXLC]+(?!\p{L})/u

/** "am 3. | Oktober", "im 19. | Jahrhundert": German writes ordinals with a full stop. */
const ORDINAL = /(?:^|\s)(?:der|das|dem|den|des|im|vom|zum|beim)\s\p{N}{1,2}\.$/iu
const DAY = /(?:^|\s)\p{N}{1,2}\.$/u
const GERMAN_MONTH = /^(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)/

/** "Is it open?" | she asked. */
const CLOSED_QUOTE = /[!?。！？]["'“”’»›」』)\]]+$/u
const GOES_ON_AFTER_QUOTE = /^(?:\p{Ll}|と)/u
/** « Oui ! | » dit-il. The mark of a quotation that begins here has no space behind it. */
const CLOSES_QUOTE = /^[»›”’](?:[\s.,;:]|$)/u

/** "https://example.com/?a=b": marks without a space behind them, in scripts that write one. */
const ASCII_MARK = /[.!?]$/
const ASCII_WORD = /^[\w=&/%#~+-]/

/** As many characters of each side as {@link goesOn} looks at. */
export const JOIN_CONTEXT = 24

/**
 * Whether two neighbouring segments are one sentence.
 * @param before what the first one ends with, all of it where it is shorter than {@link JOIN_CONTEXT}
 * @param after what the second one begins with
 * @param isApart there is whitespace between them
 */
export function goesOn(before: string, after: string, isApart: boolean): boolean {
  if (!isApart && ASCII_MARK.test(before) && ASCII_WORD.test(after)) return true
  if (CLOSES_QUOTE.test(after)) return true
  if (CLOSED_QUOTE.test(before) && GOES_ON_AFTER_QUOTE.test(after)) return true
  return MARKER.test(before) || endsInAbbreviation(before, after) || endsInOrdinal(before, after)
}

function endsInAbbreviation(before: string, after: string): boolean {
  const word = LAST_WORD.exec(before)?.[1]
  if (!word) return false
  const lower = word.toLowerCase()
  if (NEVER_LAST.has(lower)) return true
  // "No. I did not" is no numeral.
  if (BEFORE_NUMBER.has(lower) && (/^\p{N}/u.test(after) || (lower !== 'no' && ROMAN.test(after)))) return true
  if (SPACED.test(before)) return true
  // "z. | B."
  if (/^\p{Ll}$/u.test(word)) return /^\p{L}{1,3}\./u.test(after)
  const isOftenInside = /^\p{Lu}$/u.test(word) || DOTTED.test(word) || OFTEN_INSIDE.has(lower)
  return isOftenInside && !STARTER.test(after)
}

const endsInOrdinal = (before: string, after: string): boolean =>
  ORDINAL.test(before) || (DAY.test(before) && GERMAN_MONTH.test(after))
