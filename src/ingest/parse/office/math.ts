/** Equations of Office (OMML) on one line, so that a fraction or a power keeps its meaning: `(a+b)/c`, `x^2`, `√(y)`. */
import type { Element } from '@xmldom/xmldom'
import { attribute, child, childrenOf } from '../xml/xml.js'

export function mathText(element: Element | null): string {
  if (!element) return ''
  const of = (name: string) => mathText(child(element, name))
  switch (element.localName) {
    case 't':
      return element.textContent ?? ''
    case 'f':
      return `${grouped(of('num'))}/${grouped(of('den'))}`
    case 'sSup':
      return `${of('e')}^${grouped(of('sup'))}`
    case 'sSub':
      return `${of('e')}_${grouped(of('sub'))}`
    case 'sSubSup':
      return `${of('e')}_${grouped(of('sub'))}^${grouped(of('sup'))}`
    case 'rad':
      return `${of('deg')}√${grouped(of('e'))}`
    case 'nary':
      return `${characterOf(element, 'naryPr', 'chr', '∫')}${limit('_', of('sub'))}${limit('^', of('sup'))} ${of('e')}`
    case 'd': {
      const parts = childrenOf(element).filter(({ localName }) => localName === 'e')
      const separator = characterOf(element, 'dPr', 'sepChr', '|')
      const [open, close] = [characterOf(element, 'dPr', 'begChr', '('), characterOf(element, 'dPr', 'endChr', ')')]
      return open + parts.map(mathText).join(separator) + close
    }
    default:
      return childrenOf(element).map(mathText).join('')
  }
}

const grouped = (text: string): string => (/^[\p{L}\p{N}.,]*$/u.test(text) ? text : `(${text})`)

const limit = (mark: string, text: string): string => (text === '' ? '' : mark + grouped(text))

const characterOf = (element: Element, properties: string, name: string, byDefault: string): string =>
  attribute(child(element, properties, name), 'val') ?? byDefault
