/**
 * Word says some things in ways that mammoth passes over: numbers that it counts itself, headings by outline level, text in
 * drawings, equations, simple fields. Before mammoth reads a part, they are said here in words that it knows. What a reader
 * does not see (hidden text, tables of contents, placeholders, embedded objects) is taken out.
 */
import type { Document, Element } from '@xmldom/xmldom'
import { mathText } from '../office/math.js'
import { altText, descriptionOf } from '../office/office-file.js'
import { attribute, child, childrenOf, descendants, isOn } from '../xml/xml.js'
import type { ListPlace, Numbering } from './numbering.js'
import { NO_STYLE, numberOf, type Style, type Styles } from './styles.js'

/** The style of a heading, with its level 1 to 6, and of the number before a paragraph. No other styles remain. */
export const HEADING_STYLE = 'docent-heading-'
export const LABEL_STYLE = 'docent-label'

/** Lists of numbering.xml as {@link NUMBERING_XML} has them. */
const ORDERED_LIST = '1'
const BULLETED_LIST = '2'

const UNWRAPPED = new Set(['fldSimple', 'hyperlink', 'smartTag', 'customXml', 'dir', 'bdo', 'oMathPara'])
const REMOVED = new Set(
  'object rStyle tblStyle commentReference commentRangeStart commentRangeEnd bookmarkStart bookmarkEnd sectPr altChunk'.split(
    ' ',
  ),
)

/** A longer one is a clause that has a heading's style for its number. */
const MAX_HEADING_LENGTH = 250

export class Rewriter {
  /** The first paragraph that has the style of titles. */
  title: string | null = null
  readonly #styles: Styles
  readonly #numbering: Numbering
  readonly #document: Document
  readonly #namespace: string
  /** Pictures that hold the text boxes of a drawing: they were read already. */
  readonly #ours = new WeakSet<Element>()

  /** `root`: of the part, all of whose elements will be of the same edition of the standard. */
  constructor(root: Element, styles: Styles, numbering: Numbering) {
    this.#styles = styles
    this.#numbering = numbering
    this.#document = root.ownerDocument as Document
    this.#namespace = root.namespaceURI as string
  }

  rewrite(elements: readonly Element[]): void {
    for (const element of elements) {
      const successors = this.#successorsOf(element)
      if (successors) replace(element, successors)
      if (element.localName === 'p' && !successors) this.#rewriteParagraph(element)
      else this.rewrite(successors ?? childrenOf(element))
    }
  }

  /** What stands in an element's place, which may be nothing; null when it stays. */
  #successorsOf(element: Element): readonly Element[] | null {
    const name = element.localName as string
    if (REMOVED.has(name)) return []
    if (UNWRAPPED.has(name)) return childrenOf(element)
    switch (name) {
      case 'p':
        return isOfContents(this.#styleOf(element, 'pPr', 'pStyle')) ? [] : null
      case 'r':
        return this.#isHidden(element) ? [] : null
      case 'tbl':
        this.#markHeaderRow(element)
        return null
      case 'sdt':
        return isShown(element) ? childrenOf(child(element, 'sdtContent') ?? element) : []
      case 'ruby':
        return childrenOf(child(element, 'rubyBase') ?? element)
      case 'cr':
        return [this.#create('br')]
      case 'ptab':
        return [this.#create('tab')]
      case 'oMath':
        return [this.#run(mathText(element))]
      case 'AlternateContent':
        return alternativeOf(element)
      case 'drawing':
      case 'pict':
        return this.#ours.has(element) ? null : this.#partsOf(element)
      default:
        return null
    }
  }

  /** The style that an element names in its properties. */
  #styleOf(element: Element, properties: string, name: string): Style {
    return this.#styles.get(attribute(child(element, properties, name), 'val') ?? '') ?? NO_STYLE
  }

  #rewriteParagraph(paragraph: Element): void {
    const properties = child(paragraph, 'pPr')
    const styleId = attribute(child(properties, 'pStyle'), 'val')
    const style = this.#styleOf(paragraph, 'pPr', 'pStyle')
    const isDeleted = child(properties, 'rPr', 'del') !== null
    const place = isDeleted ? null : this.#numbering.next(properties, styleId)
    this.rewrite(childrenOf(paragraph).filter((each) => each !== properties))
    const text = ownText(paragraph)
    if (style.name === 'title' && text.trim() !== '') this.title ??= text.replace(/\s+/g, ' ').trim()
    const headingLevel = text.length > MAX_HEADING_LENGTH ? null : headingLevelOf(properties, style)
    const anew = this.#create('pPr')
    if (isDeleted) anew.appendChild(this.#create('rPr')).appendChild(this.#create('del'))
    if (headingLevel !== null) anew.appendChild(this.#create('pStyle', HEADING_STYLE + headingLevel))
    else if (place) anew.appendChild(this.#listProperties(place))
    if (properties) paragraph.removeChild(properties)
    // In a heading the number is a part of its text; in a list item it is the marker.
    const label = place?.label && headingLevel !== null ? `${place.label} ` : place?.label
    if (label && text.trim() !== '') paragraph.insertBefore(this.#run(label, LABEL_STYLE), paragraph.firstChild)
    paragraph.insertBefore(anew, paragraph.firstChild)
  }

  #listProperties({ level, isBullet }: ListPlace): Element {
    const properties = this.#create('numPr')
    properties.appendChild(this.#create('ilvl', String(level)))
    properties.appendChild(this.#create('numId', isBullet ? BULLETED_LIST : ORDERED_LIST))
    return properties
  }

  #isHidden(run: Element): boolean {
    const vanish = child(run, 'rPr', 'vanish')
    if (vanish) return isOn(vanish)
    return this.#styleOf(run, 'rPr', 'rStyle').isHidden
  }

  /** Word repeats a header row on each page where it is told so; elsewhere only the table's style shows that there is one. */
  #markHeaderRow(table: Element): void {
    const style = this.#styleOf(table, 'tblPr', 'tblStyle')
    const look = child(table, 'tblPr', 'tblLook')
    const usesFirstRow =
      attribute(look, 'firstRow') === '1' || (Number.parseInt(attribute(look, 'val') ?? '0', 16) & 0x20) !== 0
    const row = child(table, 'tr')
    if (!style.marksFirstRow || !usesFirstRow || !row || child(row, 'trPr', 'tblHeader')) return
    const properties = child(row, 'trPr') ?? row.insertBefore(this.#create('trPr'), row.firstChild)
    properties.appendChild(this.#create('tblHeader'))
  }

  /** The description of a picture, then what is written in its text boxes. */
  #partsOf(drawing: Element): readonly Element[] {
    const boxes = outermost(drawing, 'txbxContent')
    const vmlDescription = [...descendants(drawing, 'shape')]
      .map((each) => descriptionOf(each.getAttribute('alt')))
      .find(Boolean)
    const description =
      vmlDescription ?? altText(child(drawing, 'inline', 'docPr') ?? child(drawing, 'anchor', 'docPr'))
    const parts: Element[] = description ? [this.#create('t', null, ` ${description} `)] : []
    if (boxes.length > 0) {
      const picture = this.#create('pict')
      this.#ours.add(picture)
      for (const box of boxes) picture.appendChild(box)
      parts.push(picture)
    }
    return parts
  }

  #run(text: string, styleId: string | null = null): Element {
    const run = this.#create('r')
    if (styleId) run.appendChild(this.#create('rPr')).appendChild(this.#create('rStyle', styleId))
    run.appendChild(this.#create('t', null, text))
    return run
  }

  #create(name: string, value: string | null = null, text = ''): Element {
    const element = this.#document.createElementNS(this.#namespace, `w:${name}`)
    if (value !== null) element.setAttributeNS(this.#namespace, 'w:val', value)
    if (text !== '') element.appendChild(this.#document.createTextNode(text))
    return element
  }
}

function replace(element: Element, by: readonly Element[]): void {
  for (const each of by) element.parentNode?.insertBefore(each, element)
  element.parentNode?.removeChild(element)
}

/** Text of a paragraph without what is anchored in it or was moved away. */
function ownText(element: Element): string {
  if (element.localName === 't') return element.textContent ?? ''
  if (element.localName === 'txbxContent' || element.localName === 'moveFrom') return ''
  return childrenOf(element).map(ownText).join('')
}

function headingLevelOf(properties: Element | null, style: Style): number | null {
  const byName = /^heading ([1-9])$/.exec(style.name)?.[1]
  const outlineLevel = numberOf(child(properties, 'outlineLvl')) ?? (byName ? Number(byName) - 1 : style.outlineLevel)
  if (outlineLevel !== null) return outlineLevel > 8 ? null : Math.min(outlineLevel + 1, 6)
  return style.name === 'title' ? 1 : style.name === 'subtitle' ? 2 : null
}

/** Tables of contents and of figures: navigation, which says again what the headings say. */
const isOfContents = ({ name }: Style): boolean => /^(?:toc \d|toc heading|table of figures)$/.test(name)

/** A control that asks for text ("Click here to enter text") or a table of contents shows nothing of the document's own. */
function isShown(control: Element): boolean {
  const properties = child(control, 'sdtPr')
  const gallery = attribute(child(properties, 'docPartObj', 'docPartGallery'), 'val')
  const placeholder = child(properties, 'showingPlcHdr')
  return gallery !== 'Table of Contents' && !(placeholder && isOn(placeholder))
}

/** The newer way of saying it, in which pictures have their description; the older one where that has nothing. */
function alternativeOf(element: Element): readonly Element[] {
  const choice = child(element, 'Choice')
  const fallback = child(element, 'Fallback')
  const children = choice ? childrenOf(choice) : []
  return children.length > 0 || !fallback ? children : childrenOf(fallback)
}

function outermost(element: Element, localName: string): Element[] {
  return childrenOf(element).flatMap((each) => (each.localName === localName ? [each] : outermost(each, localName)))
}

/** Two lists, one numbered and one bulleted, of nine levels each. */
export function numberingXml(namespace: string): string {
  const levels = (format: string) =>
    Array.from({ length: 9 }, (_, level) => `<w:lvl w:ilvl="${level}"><w:numFmt w:val="${format}"/></w:lvl>`).join('')
  const list = (id: string, format: string) =>
    `<w:abstractNum w:abstractNumId="${id}">${levels(format)}</w:abstractNum>` +
    `<w:num w:numId="${id}"><w:abstractNumId w:val="${id}"/></w:num>`
  const lists = list(ORDERED_LIST, 'decimal') + list(BULLETED_LIST, 'bullet')
  return `<w:numbering xmlns:w="${namespace}">${lists}</w:numbering>`
}
