/**
 * A number as a spreadsheet shows it, by its format code (ECMA-376 part 1, 18.8.31): `#,##0.00 "€"`, `0.0%`, `yyyy-mm-dd`.
 * Dates and times are written the ISO way, whatever order the code has: what it shows of them is kept. Marks are those of
 * English. Fractions are shown as decimals, codes with conditions (`[>=1000]`) as plain numbers; colours are ignored.
 */

export type NumberFormatter = (value: number) => string

const BUILT_IN = new Map<number, string>([
  [1, '0'],
  [2, '0.00'],
  [3, '#,##0'],
  [4, '#,##0.00'],
  [9, '0%'],
  [10, '0.00%'],
  [11, '0.00E+00'],
  [14, 'yyyy-mm-dd'],
  [15, 'd-mmm-yy'],
  [16, 'd-mmm'],
  [17, 'mmm-yy'],
  [18, 'h:mm AM/PM'],
  [19, 'h:mm:ss AM/PM'],
  [20, 'h:mm'],
  [21, 'h:mm:ss'],
  [22, 'yyyy-mm-dd h:mm'],
  [37, '#,##0;(#,##0)'],
  [38, '#,##0;(#,##0)'],
  [39, '#,##0.00;(#,##0.00)'],
  [40, '#,##0.00;(#,##0.00)'],
  [41, '#,##0;(#,##0);"-"'],
  [42, '$#,##0;($#,##0);$"-"'],
  [43, '#,##0.00;(#,##0.00);"-"??'],
  [44, '$#,##0.00;($#,##0.00);$"-"??'],
  [45, 'mm:ss'],
  [46, '[h]:mm:ss'],
  [47, 'mm:ss'],
  [48, '##0.0E+0'],
])

/** Of a format without a code of its own. The East Asian ones (27 to 36, 50 to 58) are dates. */
export function builtInFormat(id: number): string {
  if ((id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return 'yyyy-mm-dd'
  return BUILT_IN.get(id) ?? 'General'
}

/** @param is1904 whether the workbook counts days from 1904 instead of 1900 */
export function numberFormatter(code: string, is1904: boolean): NumberFormatter {
  const sections = splitSections(code)
  const first = sections[0] ?? ''
  if (/^(?:general|@|)$/i.test(first.trim()) && sections.length < 2) return general
  if (/\[[<>=]/.test(code)) return general
  if (isDateCode(first)) return dateFormatter(first, is1904)
  const [positive = general, negative, zero] = sections.map(sectionFormatter)
  return (value) => {
    if (value === 0) return (zero ?? positive)(0)
    if (value > 0) return positive(value)
    if (negative) return negative(-value)
    const text = positive(-value)
    return /[1-9]/.test(text) ? `-${text}` : text
  }
}

/** At most the 15 digits that a spreadsheet keeps: 0.1 + 0.2 is 0.3. */
const general = (value: number): string => String(Number(value.toPrecision(15)))

/** A quoted text, an escaped character, a space as wide as one, a filler, a bracket, or any other character. */
const TOKEN = /"([^"]*)"?|\\(.)|_(.)|\*(.)|\[([^\]]*)\]|(?:general)|([\s\S])/giu

interface Token {
  /** Shown as it is. */
  readonly literal?: string | undefined
  /** Means something in the code. */
  readonly sign?: string
  readonly bracket?: string
}

function tokensOf(section: string): Token[] {
  return Array.from(section.matchAll(TOKEN), ([whole, quoted, escaped, space, filler, bracket, sign]): Token => {
    if (quoted !== undefined) return { literal: quoted }
    if (escaped !== undefined) return { literal: escaped }
    if (space !== undefined || filler !== undefined) return { literal: filler === undefined ? ' ' : '' }
    if (bracket !== undefined) return { bracket }
    return { sign: sign ?? whole }
  })
}

/** The code without what is only shown. */
const bare = (section: string): string =>
  tokensOf(section)
    .map(({ sign = '', bracket = '' }) => sign + (/^[hms]+$/i.test(bracket) ? bracket : ''))
    .join('')

function splitSections(code: string): string[] {
  const sections = ['']
  for (const [whole] of code.matchAll(TOKEN)) {
    if (whole === ';') sections.push('')
    else sections[sections.length - 1] += whole
  }
  return sections
}

const isDateCode = (section: string): boolean =>
  /[ymdhs]/i.test(bare(section).replace(/general/gi, '')) &&
  !/[#?]|0(?!0*$)/.test(bare(section).replace(/s\.0+/gi, 's'))

const DAY_MS = 86_400_000
/** Serial 60 is 29 February 1900, which never was: days before it count from a day later. */
const EPOCH_1900_MS = Date.UTC(1899, 11, 30)
const EPOCH_1904_MS = Date.UTC(1904, 0, 1)
/** 31 December 9999. */
const MAX_SERIAL = 2_958_466

function dateFormatter(section: string, is1904: boolean): NumberFormatter {
  const code = bare(section).toLowerCase()
  const elapsed = tokensOf(section).some(({ bracket }) => /^[hms]+$/i.test(bracket ?? ''))
  const hasTime = /[hs]/.test(code)
  const hasSeconds = code.includes('s')
  // Of a time, m is the minutes.
  const hasDate = /[yd]/.test(code) || !hasTime
  const dateLength = code.includes('d') ? 10 : code.includes('m') ? 7 : 4
  return (value) => {
    if (elapsed) return duration(value, hasSeconds)
    if (value < 0 || value >= MAX_SERIAL) return general(value)
    const epoch = is1904 ? EPOCH_1904_MS : EPOCH_1900_MS + (value < 60 ? DAY_MS : 0)
    const iso = new Date(epoch + Math.round(value * 86_400) * 1000).toISOString()
    const time = iso.slice(11, hasSeconds ? 19 : 16)
    if (!hasDate) return time
    return iso.slice(0, hasTime ? 10 : dateLength) + (hasTime ? ` ${time}` : '')
  }
}

function duration(days: number, hasSeconds: boolean): string {
  const seconds = Math.round(Math.abs(days) * 86_400)
  const parts = [Math.floor(seconds / 60) % 60, ...(hasSeconds ? [seconds % 60] : [])]
  const hours = `${days < 0 ? '-' : ''}${Math.floor(seconds / 3600)}`
  return [hours, ...parts.map((part) => String(part).padStart(2, '0'))].join(':')
}

/** Of numbers that are not negative. */
function sectionFormatter(section: string): NumberFormatter {
  const tokens = tokensOf(section).map(asShown)
  const isDigit = ({ sign }: Token) => sign !== undefined && '0#?'.includes(sign)
  const isPart = (token: Token) => isDigit(token) || (token.sign !== undefined && '.,/eE'.includes(token.sign))
  const first = tokens.findIndex(isDigit)
  const last = tokens.findLastIndex(isPart)
  const shown = (part: readonly Token[]) => part.map(({ literal, sign = '' }) => literal ?? sign).join('')
  if (first < 0) {
    if (!/general/i.test(section)) return () => shown(tokens).replace('@', '').trim()
    const [before = '', after = ''] = shown(tokens).split(/general/i)
    return (value) => before + general(value) + after
  }
  // A point before the first digit place belongs to the number.
  const start = tokens[first - 1]?.sign === '.' ? first - 1 : first
  const format = digitFormatter(tokens.slice(start, last + 1))
  const prefix = shown(tokens.slice(0, start))
  const suffix = shown(tokens.slice(last + 1))
  const percents = tokens.filter(({ sign }) => sign === '%').length
  return (value) => (prefix + format(value * 100 ** percents) + suffix).trim()
}

/** Signs without a meaning are shown as they are; so are brackets with a currency. */
function asShown(token: Token): Token {
  if (token.bracket !== undefined) return { literal: currencyOf(token.bracket) }
  return token.sign !== undefined && /^[^0#?.,/%eE]$/.test(token.sign) ? { literal: token.sign } : token
}

/** `$€-407` is a currency's sign and a language; the other brackets are colours and conditions. */
function currencyOf(bracket: string): string {
  return bracket.startsWith('$') ? (bracket.slice(1).split('-')[0] as string) : ''
}

/** Of the digit places, the marks between them and what is written amid them. */
function digitFormatter(tokens: readonly Token[]): NumberFormatter {
  const pattern = tokens.map(({ sign = '' }) => sign).join('')
  if (pattern.includes('/')) return general
  const [mantissa = ''] = pattern.split(/e/i)
  const [whole = '', decimals = ''] = mantissa.split('.')
  const count = (text: string, places: RegExp) => text.match(places)?.length ?? 0
  const maximumFractionDigits = Math.min(20, count(decimals, /[0#?]/g))
  const minimumFractionDigits = Math.min(maximumFractionDigits, count(decimals, /0/g))
  if (/e/i.test(pattern)) {
    return (value) =>
      value
        .toExponential(maximumFractionDigits)
        .replace(/e([+-])(\d)$/, 'e$10$2')
        .toUpperCase()
  }
  if (tokens.some(({ literal }) => literal?.trim())) return (value) => filled(tokens, Math.round(value))
  // Accountants write zero as a dash and leave room for its decimals.
  const isRoom = /^\?+$/.test(pattern)
  const scale = 1000 ** (/,*$/.exec(mantissa.replace(/\.$/, ''))?.[0].length ?? 0)
  const { format } = new Intl.NumberFormat('en-US', {
    minimumIntegerDigits: Math.min(21, Math.max(1, count(whole, /0/g))),
    minimumFractionDigits,
    maximumFractionDigits,
    useGrouping: /[0#?],+[0#?]/.test(whole),
  })
  return (value) => (isRoom && value === 0 ? '' : format(Number((value / scale).toPrecision(15))))
}

/** Digits into a pattern with signs amid them, from the right: `000-00-0000`. What is left over stands at the first place. */
function filled(tokens: readonly Token[], value: number): string {
  const digits = [...String(value)]
  let text = ''
  const firstPlace = tokens.findIndex(({ sign }) => sign !== undefined && '0#?'.includes(sign))
  for (let index = tokens.length - 1; index >= 0; index--) {
    const { sign, literal = '' } = tokens[index] as Token
    if (sign === undefined) text = literal + text
    else if ('0#?'.includes(sign)) text = (digits.pop() ?? (sign === '0' ? '0' : '')) + text
    if (index === firstPlace) text = digits.splice(0).join('') + text
  }
  return text
}
