/** XML as a sequence of events (saxen), for parts of office files that are too large for a tree. Names are without prefix. */
import { Parser } from 'saxen'
import { DocentError } from '../../../errors.js'

export interface XmlListener {
  /** An empty element is closed as well. */
  open?(name: string, attributes: () => Readonly<Record<string, string>>): void
  close?(name: string): void
  /** With entities decoded; a text may come in several pieces. */
  text?(text: string): void
}

const PIECE_BYTES = 1 << 20

/** @throws MALFORMED_FILE naming `part` */
export function readXml(bytes: Buffer, part: string, listener: XmlListener): void {
  const parser = new Parser()
  parser.on('openTag', (name, attributes, decode) => {
    listener.open?.(localName(name), () => decodedAttributes(attributes(), decode))
  })
  parser.on('closeTag', (name) => listener.close?.(localName(name)))
  parser.on('text', (text, decode) => listener.text?.(text.includes('&') ? decode(text) : text))
  parser.on('cdata', (text) => listener.text?.(text))
  parser.on('error', ({ message }) => {
    throw new DocentError('MALFORMED_FILE', `${part} is not well-formed XML: ${message}`)
  })
  const decoder = new TextDecoder(isUtf16(bytes) ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8')
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    parser.write(decoder.decode(bytes.subarray(start, start + PIECE_BYTES), { stream: true }))
  }
  parser.end()
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

const isUtf16 = ([first, second]: Buffer): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

/** The namespaced ones by their local name: `r:id` is `id`. One without a prefix wins. */
function decodedAttributes(
  attributes: Record<string, string>,
  decode: (text: string) => string,
): Record<string, string> {
  // Of a million cells, no attribute needs it.
  if (isPlain(attributes)) return attributes
  const decoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) {
    const local = localName(name)
    if (local === name || !(local in decoded)) decoded[local] = decode(value)
  }
  return decoded
}

function isPlain(attributes: Record<string, string>): boolean {
  for (const name in attributes) if (name.includes(':') || attributes[name]?.includes('&')) return false
  return true
}
