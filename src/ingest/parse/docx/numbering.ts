/**
 * The numbers of a Word document's lists and headings, counted as Word counts them (ECMA-376 part 1, 17.9). The file says
 * which list and level a paragraph belongs to, never which number it shows, and what is quoted must show the right one.
 */
import type { Element } from '@xmldom/xmldom'
import { type NumeralStyle, numeral } from '../numerals.js'
import { attribute, child, childrenOf, isOn } from '../xml/xml.js'
import { numberOf, type Styles } from './styles.js'

interface Level {
  readonly start: number
  /** `bullet`, `none`, or a numeral style. */
  readonly format: string
  /** `%1.%2` shows the numbers of the first and the second level. */
  readonly pattern: string
  readonly restarts: boolean
  /** All numbers in digits, as contracts want them. */
  readonly isLegal: boolean
  readonly styleId: string | null
}

interface List {
  readonly abstractId: string
  readonly levels: ReadonlyMap<number, Level>
  /** Levels that begin anew with the first paragraph of this list, though it shares its counters with others. */
  readonly startOverrides: ReadonlyMap<number, number>
}

export interface ListPlace {
  /** 0 to 8. */
  readonly level: number
  readonly isBullet: boolean
  /** What Word shows before the text, such as `2.1` or `(a)`; empty for bullets. */
  readonly label: string
}

export class Numbering {
  readonly #lists: ReadonlyMap<string, List>
  readonly #styles: Styles
  /** Lists that are made from one definition go on counting together. */
  readonly #counters = new Map<string, number[]>()
  readonly #begun = new Set<string>()

  constructor(root: Element | null, styles: Styles) {
    this.#lists = root ? readLists(root, styles) : new Map()
    this.#styles = styles
  }

  /** To be called once for each paragraph, in the document's order. Null when it is no list item. */
  next(paragraphProperties: Element | null, styleId: string | null): ListPlace | null {
    const style = this.#styles.get(styleId ?? '')
    const numbering = child(paragraphProperties, 'numPr')
    const id = attribute(child(numbering, 'numId'), 'val') ?? style?.numberingId ?? null
    const list = this.#lists.get(id ?? '')
    if (id === null || !list) return null
    const byStyle = [...list.levels].find(([, each]) => styleId !== null && each.styleId === styleId)?.[0]
    const index = numberOf(child(numbering, 'ilvl')) ?? byStyle ?? style?.numberingLevel ?? 0
    const level = list.levels.get(index)
    if (!level || level.format === 'none' || (level.pattern === '' && level.format !== 'bullet')) return null
    const counter = this.#count(id, list, index)
    const isBullet = level.format === 'bullet'
    return { level: index, isBullet, label: isBullet ? '' : labelOf(list, index, counter) }
  }

  #count(id: string, list: List, index: number): readonly number[] {
    const counter = this.#counters.get(list.abstractId) ?? []
    this.#counters.set(list.abstractId, counter)
    for (const [level, start] of list.startOverrides) {
      const key = `${id}/${level}`
      if (level > index || this.#begun.has(key)) continue
      this.#begun.add(key)
      // One less where it is this paragraph that counts the level.
      counter[level] = level === index ? start - 1 : start
    }
    counter[index] = (counter[index] ?? (list.levels.get(index)?.start ?? 1) - 1) + 1
    for (const deeper of list.levels.keys())
      if (deeper > index && list.levels.get(deeper)?.restarts) delete counter[deeper]
    return counter
  }
}

function labelOf(list: List, index: number, counter: readonly number[]): string {
  const own = list.levels.get(index) as Level
  return own.pattern
    .replace(/%([1-9])/g, (_, digit: string) => {
      const level = list.levels.get(Number(digit) - 1)
      const number = counter[Number(digit) - 1] ?? level?.start ?? 1
      return numeral(number, own.isLegal ? 'decimal' : numeralStyle(level?.format))
    })
    .trim()
}

const NUMERAL_STYLES: ReadonlySet<string> = new Set<NumeralStyle>([
  'decimal',
  'decimalZero',
  'lowerLetter',
  'upperLetter',
  'lowerRoman',
  'upperRoman',
])

/** Numerals that are not known here (Chinese, Thai, spelt out) are shown in digits. */
const numeralStyle = (format: string | undefined): NumeralStyle =>
  format !== undefined && NUMERAL_STYLES.has(format) ? (format as NumeralStyle) : 'decimal'

function readLists(root: Element, styles: Styles): Map<string, List> {
  const named = (name: string) => childrenOf(root).filter(({ localName }) => localName === name)
  const abstracts = new Map(named('abstractNum').map((each) => [attribute(each, 'abstractNumId') ?? '', each]))
  const numbers = new Map(named('num').map((each) => [attribute(each, 'numId') ?? '', each]))
  const abstractOf = (number: Element | undefined): string =>
    attribute(child(number ?? null, 'abstractNumId'), 'val') ?? ''
  const lists = new Map<string, List>()
  for (const [id, number] of numbers) {
    let abstractId = abstractOf(number)
    // A list may only point to a style, whose list has the levels.
    const link = attribute(child(abstracts.get(abstractId) ?? null, 'numStyleLink'), 'val')
    if (link !== null) abstractId = abstractOf(numbers.get(styles.get(link)?.numberingId ?? '')) || abstractId
    const abstract = abstracts.get(abstractId)
    if (!abstract) continue
    const levels = readLevels(abstract)
    const startOverrides = new Map<number, number>()
    for (const override of childrenOf(number).filter(({ localName }) => localName === 'lvlOverride')) {
      const start = numberOf(child(override, 'startOverride'))
      if (start !== null) startOverrides.set(Number(attribute(override, 'ilvl')), start)
      for (const [index, level] of readLevels(override)) levels.set(index, level)
    }
    lists.set(id, { abstractId, levels, startOverrides })
  }
  return lists
}

function readLevels(parent: Element): Map<number, Level> {
  const levels = new Map<number, Level>()
  for (const element of childrenOf(parent).filter(({ localName }) => localName === 'lvl')) {
    const legal = child(element, 'isLgl')
    levels.set(Number(attribute(element, 'ilvl') ?? 0), {
      start: numberOf(child(element, 'start')) ?? 0,
      format: attribute(child(element, 'numFmt'), 'val') ?? 'decimal',
      pattern: attribute(child(element, 'lvlText'), 'val') ?? '',
      restarts: numberOf(child(element, 'lvlRestart')) !== 0,
      isLegal: legal !== null && isOn(legal),
      styleId: attribute(child(element, 'pStyle'), 'val'),
    })
  }
  return levels
}
