/**
 * office/: what the office formats share. Enters: the bytes of a DOCX or PPTX. Leaves: its XML parts, the relationships between
 * them, and the properties of the document. container.ts tells the packings apart and is for workbooks too; ole.ts reads the
 * older one, math.ts equations.
 */
import { posix } from 'node:path'
import type { Element } from '@xmldom/xmldom'
import type { JsonObject } from '../../../domain.js'
import { DocentError } from '../../../errors.js'
import type { ZipMember } from '../archive/zip.js'
import { attribute, child, childrenOf, parseXml } from '../xml/xml.js'
import { compoundContent, officeParts } from './container.js'
import { OLE_NAMES } from './ole.js'

export interface Relationship {
  /** The last word of its type: `slide`, `footnotes`. The rest differs between editions of the standard. */
  readonly type: string
  /** A part's name, or an address outside of the file. */
  readonly target: string
  readonly isExternal: boolean
}

/** By id. */
export type Relationships = ReadonlyMap<string, Relationship>

export interface OfficeProperties {
  /** Null when the program, not a person, chose it. */
  readonly title: string | null
  readonly metadata: JsonObject
}

const FORMATS = {
  DOCX: { root: 'document', name: 'a Word document' },
  PPTX: { root: 'presentation', name: 'a PowerPoint presentation' },
} as const

export class OfficeFile {
  readonly #parts: ReadonlyMap<string, ZipMember>
  /** The root element of the main part, and the part's name. */
  readonly main: Element
  readonly mainPart: string

  private constructor(parts: ReadonlyMap<string, ZipMember>, main: Element, mainPart: string) {
    this.#parts = parts
    this.main = main
    this.mainPart = mainPart
  }

  /** @throws ENCRYPTED_FILE, UNSUPPORTED_MEDIA_TYPE, CONTENT_MISMATCH, MALFORMED_FILE, UNPACKS_TOO_LARGE */
  static async open(bytes: Buffer, format: keyof typeof FORMATS): Promise<OfficeFile> {
    const { root, name } = FORMATS[format]
    const older = compoundContent(bytes)
    if (older) throw new DocentError('UNSUPPORTED_MEDIA_TYPE', `the content is ${OLE_NAMES[older]}`)
    const members = await officeParts(bytes)
    const parts = new Map(members.map((member) => [member.name, member]))
    const packageRelationships = [...(await readRelationships(parts, '')).values()]
    const mainPart = packageRelationships.find(({ type }) => type === 'officeDocument')?.target
    const main = mainPart === undefined ? null : await readPart(parts, mainPart)
    if (mainPart === undefined || main?.localName !== root)
      throw new DocentError('CONTENT_MISMATCH', `the content is a ZIP archive but not ${name}`)
    return new OfficeFile(parts, main, mainPart)
  }

  /** The root element of a part, or null when the file has no such part. */
  part(name: string): Promise<Element | null> {
    return readPart(this.#parts, name)
  }

  /** From a part to others. */
  relationships(partName: string): Promise<Relationships> {
    return readRelationships(this.#parts, partName)
  }

  /** The part that a part names by a relationship of a type. */
  async related(partName: string, type: string): Promise<Element | null> {
    for (const relationship of (await this.relationships(partName)).values())
      if (relationship.type === type && !relationship.isExternal) return this.part(relationship.target)
    return null
  }

  async properties(): Promise<OfficeProperties> {
    const core = await this.related('', 'core-properties')
    return { title: chosenTitle(textOf(core, 'title')), metadata: core ? metadataOf(core) : {} }
  }
}

async function readPart(parts: ReadonlyMap<string, ZipMember>, name: string): Promise<Element | null> {
  const member = parts.get(name)
  return member ? parseXml(await member.read(), name) : null
}

/** Of the whole package when `partName` is empty. */
async function readRelationships(
  parts: ReadonlyMap<string, ZipMember>,
  partName: string,
): Promise<Map<string, Relationship>> {
  const { dir, base } = posix.parse(partName)
  const root = await readPart(parts, posix.join(dir, '_rels', `${base}.rels`))
  const relationships = new Map<string, Relationship>()
  for (const each of root ? childrenOf(root) : []) {
    const target = each.getAttribute('Target') ?? ''
    const isExternal = each.getAttribute('TargetMode') === 'External'
    relationships.set(each.getAttribute('Id') ?? '', {
      type: (each.getAttribute('Type') ?? '').replace(/^.*\//, ''),
      target: isExternal ? target : posix.resolve('/', dir, target).slice(1),
      isExternal,
    })
  }
  return relationships
}

/** What programs write when nobody named the document: their templates' names and files' names. */
const NO_TITLE =
  /^(?:untitled|unbenannt|sans titre|document\s*\d*|dokument\s*\d*|.{0,14}powerpoint.{0,14}|slide 1|title)$|\.(?:docx?|dotx?|pptx?|potx?|odt|rtf|pdf|indd)$/i

const chosenTitle = (title: string | null): string | null => (title && !NO_TITLE.test(title) ? title : null)

const PROPERTIES: readonly (readonly [name: string, element: string])[] = [
  ['author', 'creator'],
  ['subject', 'subject'],
  ['keywords', 'keywords'],
  ['language', 'language'],
]

const DATES = ['created', 'modified'] as const

function metadataOf(core: Element): JsonObject {
  const metadata: JsonObject = {}
  for (const [name, element] of PROPERTIES) {
    const text = textOf(core, element)
    if (text) metadata[name] = text
  }
  for (const name of DATES) {
    const date = new Date(textOf(core, name) ?? '')
    if (!Number.isNaN(date.getTime())) metadata[name] = date.toISOString()
  }
  return metadata
}

const textOf = (parent: Element | null, name: string): string | null =>
  child(parent, name)?.textContent?.replace(/\s+/g, ' ').trim() || null

/** What a person wrote to describe a picture; null for what programs fill in: its name, its file, a machine's guess. */
export function descriptionOf(written: string | null | undefined): string | null {
  const text = written?.replace(/\s+/g, ' ').trim() ?? ''
  return text === '' || AUTOMATIC_DESCRIPTION.test(text) || AUTOMATIC_NAME.test(text) ? null : text
}

/** The description in a drawing's properties (`wp:docPr`, `p:cNvPr`). */
export const altText = (properties: Element | null): string | null =>
  descriptionOf(attribute(properties, 'descr')) ?? descriptionOf(attribute(properties, 'title'))

const AUTOMATIC_DESCRIPTION = /(?:description automatically generated|automatisch generierte beschreibung)/i
const AUTOMATIC_NAME =
  /^(?:image|picture|graphic|shape|chart|table|object|photo|grafik|bild|logo|icon)?[\s_-]*\d*(?:\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp))?$|^\S+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)$|^https?:\/\/\S+$/i
