/** Office files made by hand, for what the libraries that write them cannot say. */

import { deflateRawSync } from 'node:zlib'
import { CFB } from '@e965/xlsx'
import { storedZip } from '../../../../src/ingest/parse/archive/stored-zip.js'

const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'

export function relationships(...targets: readonly (readonly [type: string, target: string])[]): string {
  const each = targets.map(
    ([type, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`,
  )
  return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${each.join('')}</Relationships>`
}

export const NAMESPACES =
  `xmlns:w="${WORD}" xmlns:r="${RELATIONSHIPS}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" ` +
  'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" ' +
  'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" ' +
  'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" ' +
  'xmlns:v="urn:schemas-microsoft-com:vml"'

/** The insides of `w:body`, and of other parts of the document by name ("styles", "numbering", "footnotes"). */
export function wordFile(body: string, parts: Readonly<Record<string, string>> = {}): Buffer {
  const names = Object.keys(parts)
  return storedZip([
    ['_rels/.rels', relationships(['officeDocument', 'word/document.xml'])],
    ['word/document.xml', `<w:document ${NAMESPACES}><w:body>${body}</w:body></w:document>`],
    ['word/_rels/document.xml.rels', relationships(...names.map((name) => [name, `${name}.xml`] as const))],
    ...names.map((name) => [`word/${name}.xml`, `<w:${name} ${NAMESPACES}>${parts[name]}</w:${name}>`] as const),
  ])
}

/** A paragraph: its properties' insides, then its text or its runs. */
export const paragraph = (content: string, properties = ''): string =>
  `<w:p><w:pPr>${properties}</w:pPr>${content.startsWith('<') ? content : run(content)}</w:p>`

export const run = (text: string, properties = ''): string =>
  `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`

/** An OLE compound file as far as anyone looks who does not unpack it. */
export function compoundFile(...streams: readonly string[]): Buffer {
  const file = CFB.utils.cfb_new()
  for (const name of streams) CFB.utils.cfb_add(file, `/${name}`, Buffer.from('content'))
  return CFB.write(file, { type: 'buffer' })
}

export interface HandMadeEntry {
  readonly name: string
  readonly content: Buffer
  /** What the directory says that it unpacks to; the truth unless told. */
  readonly declaredSize?: number
  readonly flags?: number
}

/** A ZIP whose directory may lie, which {@link storedZip} does not do. */
export function handMadeZip(entries: readonly HandMadeEntry[]): Buffer {
  const local: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, declaredSize = content.length, flags = 0 } of entries) {
    const packed = deflateRawSync(content)
    const header = Buffer.alloc(26)
    header.writeUInt16LE(20, 0)
    header.writeUInt16LE(flags, 2)
    header.writeUInt16LE(8, 4)
    header.writeUInt32LE(packed.length, 14)
    header.writeUInt32LE(declaredSize, 18)
    header.writeUInt16LE(name.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    local.push(Buffer.from('PK\x03\x04', 'latin1'), header, Buffer.from(name), packed)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, place, Buffer.from(name))
    offset += 30 + name.length + packed.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, ...directory, Buffer.from('PK\x05\x06', 'latin1'), end])
}

export const DRAWING =
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" ' +
  `xmlns:r="${RELATIONSHIPS}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" ` +
  'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'

export interface HandMadeSlide {
  /** The insides of its shape tree. */
  readonly shapes: string
  readonly layout?: string
  /** Other parts: the type of the relationship (rId2 and on), the part's name, its content. */
  readonly parts?: readonly (readonly [type: string, name: string, content: string])[]
}

/** Slides in the order in which they are shown, which is not that of their names. */
export function slideFile(slides: readonly HandMadeSlide[], layouts: Readonly<Record<string, string>> = {}): Buffer {
  const nameOf = (index: number) => `slide${slides.length - index}.xml`
  const ids = slides.map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index + 1}"/>`).join('')
  return storedZip([
    ['_rels/.rels', relationships(['officeDocument', '/ppt/presentation.xml'])],
    ['ppt/presentation.xml', `<p:presentation ${DRAWING}><p:sldIdLst>${ids}</p:sldIdLst></p:presentation>`],
    [
      'ppt/_rels/presentation.xml.rels',
      relationships(...slides.map((_, index) => ['slide', `slides/${nameOf(index)}`] as const)),
    ],
    ...slides.flatMap(({ shapes, layout = 'none', parts = [] }, index) => [
      [
        `ppt/slides/${nameOf(index)}`,
        `<p:sld ${DRAWING}><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`,
      ] as const,
      [
        `ppt/slides/_rels/${nameOf(index)}.rels`,
        relationships(
          ['slideLayout', `../slideLayouts/${layout}.xml`],
          ...parts.map(([type, name]) => [type, `../${name}`] as const),
        ),
      ] as const,
      ...parts.map(([, name, content]) => [`ppt/${name}`, content] as const),
    ]),
    ...Object.entries(layouts).map(([name, content]) => [`ppt/slideLayouts/${name}.xml`, content] as const),
  ])
}

/** A shape with paragraphs: the text of each, or the insides of its `a:p`. */
export const shape = (paragraphs: readonly string[], placeholder = '', properties = 'id="1" name=""'): string =>
  `<p:sp><p:nvSpPr><p:cNvPr ${properties}/><p:cNvSpPr/><p:nvPr>${placeholder}</p:nvPr></p:nvSpPr>` +
  `<p:txBody>${paragraphs.map((each) => `<a:p>${each.startsWith('<') ? each : slideRun(each)}</a:p>`).join('')}</p:txBody></p:sp>`

export const slideRun = (text: string): string => `<a:r><a:t>${text}</a:t></a:r>`
