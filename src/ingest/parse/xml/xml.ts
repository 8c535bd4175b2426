/**
 * xml/: enter the bytes of an XML part of an office file, leaves its tree (@xmldom/xmldom), with small steps through it; for parts
 * that are too large for a tree xml-events.ts gives their events.
 */
import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { DocentError } from '../../../errors.js'

/**
 * The root element. Office files have no document type declaration, which is what entity bombs and references to other
 * files are made of, so one is refused before the parser sees it.
 * @throws MALFORMED_FILE naming the part
 */
export function parseXml(bytes: Buffer, partName: string): Element {
  const source = decodeXml(bytes, partName)
  if (/<!doctype/i.test(source)) throw malformed(partName, 'it declares a document type')
  try {
    const parser = new DOMParser({ locator: false, onError: throwUnlessWarning })
    const root = parser.parseFromString(source, 'text/xml').documentElement
    if (root) return root
  } catch (cause) {
    throw malformed(partName, (cause as Error).message, cause)
  }
  throw malformed(partName, 'it is empty')
}

function throwUnlessWarning(level: 'warning' | 'error' | 'fatalError', message: string): void {
  if (level !== 'warning') throw new Error(message)
}

const malformed = (partName: string, reason: string, cause?: unknown): DocentError =>
  new DocentError('MALFORMED_FILE', `${partName} is no XML that can be read: ${reason.split('\n', 1)[0]}`, { cause })

function decodeXml(bytes: Buffer, partName: string): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw malformed(partName, `it is not ${encoding.toUpperCase()}`, cause)
  }
}

export function childrenOf(element: Element): Element[] {
  const children: Element[] = []
  for (let child = element.firstChild; child; child = child.nextSibling) if (isElement(child)) children.push(child)
  return children
}

export const isElement = (node: Node): node is Element => node.nodeType === 1

/** The first child of that local name, whatever its prefix; with several names, the first child's first child, and so on. */
export function child(element: Element | null | undefined, ...path: readonly string[]): Element | null {
  let found = element ?? null
  for (const name of path) {
    if (!found) return null
    found = childrenOf(found).find(({ localName }) => localName === name) ?? null
  }
  return found
}

/** Below an element, in document order. */
export function* descendants(element: Element, localName: string): Generator<Element> {
  for (const each of childrenOf(element)) {
    if (each.localName === localName) yield each
    yield* descendants(each, localName)
  }
}

/** An attribute of the element's own namespace (`w:val` of a `w:jc`), or of none (`lvl` of an `a:pPr`). */
export function attribute(element: Element | null, name: string): string | null {
  if (!element) return null
  return element.getAttributeNS(element.namespaceURI, name) ?? element.getAttribute(name)
}

/** The relationship that an element names with `r:id`, `r:embed` and the like. */
export function relationshipId(element: Element, name = 'id'): string | null {
  for (const { namespaceURI, localName, value } of element.attributes)
    if (localName === name && namespaceURI?.endsWith('/relationships')) return value
  return null
}

/** `<w:b/>` and `<w:b w:val="1"/>` say yes. */
export const isOn = (element: Element | null): boolean =>
  element !== null && !['0', 'false', 'off'].includes(attribute(element, 'val') ?? '1')
