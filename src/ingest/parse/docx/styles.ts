/** What a paragraph's style says of its part in the text. A style inherits from the one that it is based on. */
import type { Element } from '@xmldom/xmldom'
import { attribute, child, childrenOf, isOn } from '../xml/xml.js'

export interface Style {
  /** In English whatever language the document has ("heading 1"), unlike its id ("Titre1"). In lower case. */
  readonly name: string
  /** 0 to 8; 9 is body text. Null when neither the style nor its ancestors say. */
  readonly outlineLevel: number | null
  readonly numberingId: string | null
  readonly numberingLevel: number | null
  readonly isHidden: boolean
  /** Of a table's style: the first row looks different from the others. */
  readonly marksFirstRow: boolean
}

export type Styles = ReadonlyMap<string, Style>

export const NO_STYLE: Style = {
  name: '',
  outlineLevel: null,
  numberingId: null,
  numberingLevel: null,
  isHidden: false,
  marksFirstRow: false,
}

export function readStyles(root: Element | null): Styles {
  const elements = new Map<string, Element>()
  for (const element of root ? childrenOf(root) : []) {
    const id = attribute(element, 'styleId')
    if (element.localName === 'style' && id !== null && !elements.has(id)) elements.set(id, element)
  }
  const styles = new Map<string, Style>()
  const resolve = (id: string | null, seen: ReadonlySet<string>): Style => {
    const known = styles.get(id ?? '')
    const element = elements.get(id ?? '')
    if (known || id === null || !element || seen.has(id)) return known ?? NO_STYLE
    const parent = resolve(attribute(child(element, 'basedOn'), 'val'), new Set([...seen, id]))
    const style = styleOf(element, parent)
    styles.set(id, style)
    return style
  }
  for (const id of elements.keys()) resolve(id, new Set())
  return styles
}

function styleOf(element: Element, parent: Style): Style {
  const paragraph = child(element, 'pPr')
  const hidden = child(element, 'rPr', 'vanish')
  return {
    name: (attribute(child(element, 'name'), 'val') ?? '').toLowerCase(),
    outlineLevel: numberOf(child(paragraph, 'outlineLvl')) ?? parent.outlineLevel,
    numberingId: attribute(child(paragraph, 'numPr', 'numId'), 'val') ?? parent.numberingId,
    numberingLevel: numberOf(child(paragraph, 'numPr', 'ilvl')) ?? parent.numberingLevel,
    isHidden: hidden ? isOn(hidden) : parent.isHidden,
    marksFirstRow: childrenOf(element).some(isFirstRowFormat) || parent.marksFirstRow,
  }
}

const isFirstRowFormat = (element: Element): boolean =>
  element.localName === 'tblStylePr' && attribute(element, 'type') === 'firstRow' && childrenOf(element).length > 0

export function numberOf(element: Element | null): number | null {
  const value = attribute(element, 'val')
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : null
}
