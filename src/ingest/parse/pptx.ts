/**
 * PPTX. Enters: the bytes of a file. Leaves: blocks that know their slide, title and properties. pptx/ reads what stands on a
 * slide: which placeholder is which, texts, diagrams.
 *
 * Slides in the order in which they are shown, hidden ones too, each with its title as a heading. A slide without one
 * is headed "Slide 3", so that its text does not pass for its predecessor's; speaker notes are headed "Speaker notes". The
 * title slide and slides that begin a section are headings of level 1, others of level 2, notes of level 3.
 */
import type { Element } from '@xmldom/xmldom'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { filledRows, tableText } from './blocks.js'
import { altText, OfficeFile } from './office/office-file.js'
import { diagramText } from './pptx/diagram.js'
import { Layout, placeholderOf } from './pptx/layout.js'
import { flatText, textBlocks } from './pptx/text.js'
import { attribute, child, childrenOf, descendants, relationshipId } from './xml/xml.js'

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
    const read = new SlideReader(await surroundingsOf(file, part, layouts)).read(root)
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

/** What belongs to a slide and lies in other parts of the file. */
interface Surroundings {
  readonly layout: Layout
  /** Data of diagrams by the id of their relationship. */
  readonly diagrams: ReadonlyMap<string, Element>
  readonly notes: Element | null
}

async function surroundingsOf(file: OfficeFile, part: string, layouts: Map<string, Layout>): Promise<Surroundings> {
  const relationships = await file.relationships(part)
  const diagrams = new Map<string, Element>()
  for (const [id, { type, target }] of relationships) {
    const root = type === 'diagramData' ? await file.part(target) : null
    if (root) diagrams.set(id, root)
  }
  const layout = await Layout.of(file, relationships, layouts)
  return { layout, diagrams, notes: await file.related(part, 'notesSlide') }
}

class SlideReader {
  readonly #around: Surroundings
  readonly #titles: string[] = []

  constructor(around: Surroundings) {
    this.#around = around
  }

  read(slide: Element): Slide {
    const body = this.#shapes(child(slide, 'cSld', 'spTree'))
    const title = this.#titles.join(' ') || null
    return { title, beginsSection: this.#around.layout.beginsSection, body, notes: this.#notes() }
  }

  #shapes(parent: Element | null): Block[] {
    return parent ? childrenOf(parent).flatMap((shape) => this.#shape(shape)) : []
  }

  #shape(shape: Element): readonly Block[] {
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
        const titlesBefore = this.#titles.length
        const chosen = this.#shapes(child(shape, 'Choice'))
        const saysSomething = chosen.length > 0 || this.#titles.length > titlesBefore
        return saysSomething ? chosen : this.#shapes(child(shape, 'Fallback'))
      }
      default:
        return []
    }
  }

  #text(shape: Element): readonly Block[] {
    const type = attribute(placeholderOf(shape), 'type')
    const body = child(shape, 'txBody')
    if (FURNITURE.has(type)) return []
    if (!TITLES.has(type)) return textBlocks(body, this.#around.layout.listStyles(shape))
    const title = flatText(body)
    if (title !== '') this.#titles.push(title)
    return []
  }

  #graphic(frame: Element): readonly Block[] {
    const data = child(frame, 'graphic', 'graphicData')
    const table = child(data, 'tbl')
    if (table) return tableBlocks(table)
    const ids = child(data, 'relIds')
    const diagram = ids && this.#around.diagrams.get(relationshipId(ids, 'dm') ?? '')
    const text = diagram ? diagramText(diagram) : ''
    return text === '' ? description(frame) : [{ text, kind: 'list' }]
  }

  #notes(): readonly Block[] {
    const { notes } = this.#around
    return [...(notes ? descendants(notes, 'sp') : [])]
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
