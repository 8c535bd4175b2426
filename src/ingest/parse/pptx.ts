/**
 * PPTX: slides in the order in which they are shown, hidden ones too, each with its title as a heading. A slide without one
 * is headed "Slide 3", so that its text does not pass for its predecessor's; speaker notes are headed "Speaker notes". The
 * title slide and slides that begin a section are headings of level 1, others of level 2, notes of level 3.
 */
import type { Element } from '@xmldom/xmldom'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { filledRows, tableText } from './blocks.js'
import { altText, OfficeFile, type Relationships } from './office.js'
import { diagramText } from './pptx-diagram.js'
import { Layout, placeholderOf } from './pptx-layout.js'
import { flatText, textBlocks } from './pptx-text.js'
import { attribute, child, childrenOf, descendants, relationshipId } from './xml.js'

/** @throws ENCRYPTED_FILE, UNSUPPORTED_MEDIA_TYPE, CONTENT_MISMATCH, MALFORMED_FILE, UNPACKS_TOO_LARGE */
export async function parsePptx(bytes: Buffer): Promise<ParsedDocument> {
  const file = await OfficeFile.open(bytes, 'PPTX')
  const { title, metadata } = await file.properties()
  const relationships = await file.relationships(file.mainPart)
  const layouts = new Map<string, Layout>()
  const blocks: Block[] = []
  let firstTitle: string | null = null
  for (const [index, slide] of childrenOf(child(file.main, 'sldIdLst') ?? file.main).entries()) {
    const part = relationships.get(relationshipId(slide) ?? '')?.target
    const root = part === undefined ? null : await file.part(part)
    if (part === undefined || root?.localName !== 'sld') continue
    const slideRelationships = await file.relationships(part)
    const layout = await Layout.of(file, slideRelationships, layouts)
    const read = await new SlideReader(file, layout, slideRelationships).read(root)
    firstTitle ??= read.title
    blocks.push(...slideBlocks(read, index + 1))
  }
  return { title: title ?? firstTitle, metadata, blocks }
}

interface Slide {
  readonly title: string | null
  readonly beginsSection: boolean
  readonly body: readonly Block[]
  readonly notes: readonly Block[]
}

function slideBlocks({ title, beginsSection, body, notes }: Slide, slide: number): Block[] {
  if (title === null && body.length === 0 && notes.length === 0) return []
  const heading: Block = { text: title ?? `Slide ${slide}`, headingLevel: beginsSection && title !== null ? 1 : 2 }
  const notesHeading: Block = { text: 'Speaker notes', headingLevel: 3 }
  const blocks = [heading, ...body, ...(notes.length > 0 ? [notesHeading, ...notes] : [])]
  return blocks.map((block) => ({ ...block, slide }))
}

const TITLES: ReadonlySet<string | null> = new Set(['title', 'ctrTitle'])
/** Said on every slide: footers, numbers and dates; and the picture of the slide above its notes. */
const FURNITURE: ReadonlySet<string | null> = new Set(['dt', 'ftr', 'hdr', 'sldNum', 'sldImg'])

class SlideReader {
  readonly #file: OfficeFile
  readonly #layout: Layout
  readonly #relationships: Relationships
  #titles: string[] = []

  constructor(file: OfficeFile, layout: Layout, relationships: Relationships) {
    this.#file = file
    this.#layout = layout
    this.#relationships = relationships
  }

  async read(slide: Element): Promise<Slide> {
    const body = await this.#shapes(child(slide, 'cSld', 'spTree'))
    const title = this.#titles.join(' ') || null
    return { title, beginsSection: this.#layout.beginsSection, body, notes: await this.#notes() }
  }

  async #shapes(parent: Element | null): Promise<Block[]> {
    const blocks: Block[] = []
    for (const shape of parent ? childrenOf(parent) : []) blocks.push(...(await this.#shape(shape)))
    return blocks
  }

  async #shape(shape: Element): Promise<readonly Block[]> {
    if (attribute(drawingProperties(shape), 'hidden') === '1') return []
    switch (shape.localName) {
      case 'sp':
        return this.#text(shape)
      case 'grpSp':
        return this.#shapes(shape)
      case 'pic':
        return description(shape)
      case 'graphicFrame':
        return this.#graphic(shape)
      case 'AlternateContent': {
        const chosen = await this.#shapes(child(shape, 'Choice'))
        return chosen.length > 0 ? chosen : this.#shapes(child(shape, 'Fallback'))
      }
      default:
        return []
    }
  }

  #text(shape: Element): readonly Block[] {
    const type = attribute(placeholderOf(shape), 'type')
    const body = child(shape, 'txBody')
    if (FURNITURE.has(type)) return []
    if (!TITLES.has(type)) return textBlocks(body, this.#layout.listStyles(shape))
    const title = flatText(body)
    if (title !== '') this.#titles.push(title)
    return []
  }

  async #graphic(frame: Element): Promise<readonly Block[]> {
    const data = child(frame, 'graphic', 'graphicData')
    const table = child(data, 'tbl')
    if (table) return tableBlocks(table)
    const diagram = child(data, 'relIds')
    const part = diagram && this.#relationships.get(relationshipId(diagram, 'dm') ?? '')?.target
    const root = part ? await this.#file.part(part) : null
    const text = root ? diagramText(root) : ''
    return text === '' ? description(frame) : [{ text, kind: 'list' }]
  }

  async #notes(): Promise<readonly Block[]> {
    const notes = [...this.#relationships.values()].find(({ type }) => type === 'notesSlide')
    const root = notes ? await this.#file.part(notes.target) : null
    return [...(root ? descendants(root, 'sp') : [])]
      .filter((shape) => attribute(placeholderOf(shape), 'type') === 'body')
      .flatMap((shape) => textBlocks(child(shape, 'txBody'), [child(shape, 'txBody', 'lstStyle')]))
  }
}

/** A cell that another reaches over is empty, so that columns stay columns. */
function tableBlocks(table: Element): Block[] {
  const named = (parent: Element, name: string) => childrenOf(parent).filter(({ localName }) => localName === name)
  const rows = named(table, 'tr').map((row) => named(row, 'tc').map((cell) => flatText(child(cell, 'txBody'))))
  const namesColumns = attribute(child(table, 'tblPr'), 'firstRow') === '1'
  const headerRows = namesColumns ? filledRows(rows.slice(0, 1)).length : 0
  const text = tableText(rows)
  return text === '' ? [] : [{ text, kind: 'table', ...(headerRows > 0 && { headerRows }) }]
}

function drawingProperties(shape: Element): Element | null {
  const named = childrenOf(shape).find(({ localName }) => localName?.startsWith('nv'))
  return child(named ?? null, 'cNvPr')
}

/** What someone wrote of a picture or a chart. */
function description(shape: Element): Block[] {
  const text = altText(drawingProperties(shape))
  return text ? [{ text }] : []
}
