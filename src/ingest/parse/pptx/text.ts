/** Text in shapes (DrawingML): paragraphs, and what of them are list items. */
import type { Element } from '@xmldom/xmldom'
import type { Block } from '../../canonical-text.js'
import { inlineText, type OutlineItem, outlineText } from '../blocks.js'
import { type NumeralStyle, numeral } from '../numerals.js'
import { mathText } from '../office/math.js'
import { attribute, child, childrenOf } from '../xml/xml.js'

/**
 * Where it is said whether a paragraph has a bullet, nearest first: elements with `lvl1pPr` to `lvl9pPr` of the shape, of its
 * layout and of the layout's master.
 */
export type ListStyles = readonly (Element | null)[]

/** Paragraphs of a `txBody`, list items next to one another together. */
export function textBlocks(body: Element | null, styles: ListStyles): Block[] {
  const blocks: Block[] = []
  const counter = new AutoNumbers()
  let items: OutlineItem[] = []
  const endList = () => {
    if (items.length > 0) blocks.push({ text: outlineText(items), kind: 'list' })
    items = []
  }
  for (const paragraph of paragraphsOf(body)) {
    const text = paragraphText(paragraph)
    if (text === '') continue
    const properties = child(paragraph, 'pPr')
    const level = Number(attribute(properties, 'lvl') ?? 0)
    const marker = counter.markerOf(bulletOf(properties, level, styles), level)
    if (marker !== null) items.push({ level, marker, text })
    else {
      endList()
      blocks.push({ text })
    }
  }
  endList()
  return blocks
}

/** All text on one line, for titles and table cells. */
export const flatText = (body: Element | null): string =>
  paragraphsOf(body)
    .map((paragraph) => paragraphText(paragraph).replace(/\n/g, ' '))
    .filter((text) => text !== '')
    .join(' ')

const paragraphsOf = (body: Element | null): Element[] =>
  body ? childrenOf(body).filter(({ localName }) => localName === 'p') : []

const paragraphText = (paragraph: Element): string => inlineText(childrenOf(paragraph).map(partText))

function partText(part: Element): string {
  switch (part.localName) {
    case 'r':
    case 'fld':
      // A tab, a line end or a vertical tab in a run is a space within its line.
      return (child(part, 't')?.textContent ?? '').replace(/[\t\n\v]+/g, ' ')
    case 'br':
      return '\n'
    case 'AlternateContent':
      return childrenOf(child(part, 'Choice') ?? part)
        .map(partText)
        .join('')
    case 'm':
      return mathText(part)
    default:
      return ''
  }
}

const BULLETS = new Set(['buNone', 'buChar', 'buAutoNum', 'buBlip'])

/** The element that decides: `buNone`, `buChar`, `buAutoNum` or `buBlip`. */
function bulletOf(properties: Element | null, level: number, styles: ListStyles): Element | null {
  for (const each of [properties, ...styles.map((style) => child(style, `lvl${level + 1}pPr`))]) {
    const bullet = each ? childrenOf(each).find(({ localName }) => BULLETS.has(localName ?? '')) : undefined
    if (bullet) return bullet
  }
  return null
}

/** Counts list items that number themselves: each level for itself, as long as nothing else comes between. */
class AutoNumbers {
  readonly #numbers: { readonly key: string; readonly number: number }[] = []

  /** Null for what is no list item. */
  markerOf(bullet: Element | null, level: number): string | null {
    this.#numbers.length = Math.min(this.#numbers.length, level + 1)
    if (bullet?.localName !== 'buAutoNum') {
      delete this.#numbers[level]
      return bullet && bullet.localName !== 'buNone' ? '-' : null
    }
    const key = `${attribute(bullet, 'type')}/${attribute(bullet, 'startAt')}`
    const last = this.#numbers[level]
    const start = Number(attribute(bullet, 'startAt') ?? 1)
    const number = last?.key === key ? last.number + 1 : start
    this.#numbers[level] = { key, number }
    return autoNumber(number, attribute(bullet, 'type') ?? '')
  }
}

const NUMERALS: Readonly<Record<string, NumeralStyle>> = {
  arabic: 'decimal',
  alphaLc: 'lowerLetter',
  alphaUc: 'upperLetter',
  romanLc: 'lowerRoman',
  romanUc: 'upperRoman',
}

/** `arabicPeriod` is `1.`, `alphaLcParenBoth` is `(a)`; kinds that are not known here are shown as `1.`. */
function autoNumber(number: number, type: string): string {
  const [, kind = 'arabic', form = 'Period'] = /^([a-z]+(?:Lc|Uc)?)(ParenBoth|ParenR|Period|Plain)$/.exec(type) ?? []
  const text = numeral(number, NUMERALS[kind] ?? 'decimal')
  return { ParenBoth: `(${text})`, ParenR: `${text})`, Period: `${text}.`, Plain: text }[form] as string
}
