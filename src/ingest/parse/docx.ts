/**
 * DOCX. Enters: the bytes of a file. Leaves: blocks (headings, paragraphs, lists with their numbers, tables, notes), title and
 * properties. Mammoth turns it into HTML, which the walk of HTML reads. Mammoth gets a small file of our making that holds
 * only the text and the notes, rewritten so that nothing is passed over (docx/rewrite.ts); it unpacks nothing that others made.
 * docx/ has the rewriting, and what styles and numberings mean.
 *
 * Notes: the mark in the running text goes, so that a quote has no "1" in the middle of a word. A footnote stands after the
 * paragraph, list or table that it belongs to; endnotes stand at the end.
 */
import { type Element, XMLSerializer } from '@xmldom/xmldom'
import type { Element as HtmlElement, Nodes } from 'hast'
import mammoth from 'mammoth'
import { visit } from 'unist-util-visit'
import { DocentError } from '../../errors.js'
import type { ParsedDocument } from '../canonical-text.js'
import { storedZip } from './archive/stored-zip.js'
import { Numbering } from './docx/numbering.js'
import { HEADING_STYLE, LABEL_STYLE, numberingXml, Rewriter } from './docx/rewrite.js'
import { readStyles } from './docx/styles.js'
import { blocksOf, rawText } from './html/blocks.js'
import { parseFragment } from './html.js'
import { OfficeFile } from './office/office-file.js'
import { childrenOf } from './xml/xml.js'

/** @throws ENCRYPTED_FILE, UNSUPPORTED_MEDIA_TYPE, CONTENT_MISMATCH, MALFORMED_FILE, UNPACKS_TOO_LARGE */
export async function parseDocx(bytes: Buffer): Promise<ParsedDocument> {
  const file = await OfficeFile.open(bytes, 'DOCX')
  const { title, metadata } = await file.properties()
  const { parts, styledTitle } = await rewrittenParts(file)
  const root = parseFragment(await htmlOf(storedZip(parts)))
  markListItems(root)
  const blocks = blocksOf([root])
  const firstHeading = blocks.find(({ headingLevel }) => headingLevel)?.text
  return { title: title ?? styledTitle ?? firstHeading ?? null, metadata, blocks }
}

async function rewrittenParts(file: OfficeFile): Promise<{ parts: [string, string][]; styledTitle: string | null }> {
  const related = (type: string) => file.related(file.mainPart, type)
  const styles = readStyles(await related('styles'))
  const numbering = new Numbering(await related('numbering'), styles)
  const parts: [string, string][] = []
  const add = (name: string, root: Element): string | null => {
    const rewriter = new Rewriter(root, styles, numbering)
    rewriter.rewrite(childrenOf(root))
    parts.push([`word/${name}.xml`, new XMLSerializer().serializeToString(root)])
    return rewriter.title
  }
  const styledTitle = add('document', file.main)
  for (const name of ['footnotes', 'endnotes']) {
    const root = await related(name)
    if (root) add(name, root)
  }
  parts.push(['word/numbering.xml', numberingXml(file.main.namespaceURI as string)])
  return { parts, styledTitle }
}

async function htmlOf(docx: Buffer): Promise<string> {
  const options = { styleMap: STYLE_MAP, includeDefaultStyleMap: false, includeEmbeddedStyleMap: false }
  try {
    return (await mammoth.convertToHtml({ buffer: docx }, { ...options, transformDocument: placeNotes })).value
  } catch (cause) {
    if (cause instanceof RangeError) throw cause
    throw new DocentError('MALFORMED_FILE', `mammoth cannot read the document: ${(cause as Error).message}`, { cause })
  }
}

/** Lists within lists, nine levels deep, each under an item of whatever list is above. */
const STYLE_MAP: string[] = [
  ...[1, 2, 3, 4, 5, 6].map((level) => `p.${HEADING_STYLE}${level} => h${level}:fresh`),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((level) => {
    const above = 'ul|ol > li > '.repeat(level - 1)
    return [`p:unordered-list(${level}) => ${above}ul > li:fresh`, `p:ordered-list(${level}) => ${above}ol > li:fresh`]
  }),
  `r.${LABEL_STYLE} => data:fresh`,
]

/** What of mammoth's document is used here; it has no types of its own. */
interface MammothNode {
  readonly type: string
  children?: MammothNode[]
  readonly numbering?: unknown
  readonly noteType?: 'footnote' | 'endnote'
  readonly checked?: boolean
  readonly notes?: { resolve(reference: MammothNode): { readonly body: MammothNode[] } | undefined }
}

/** Takes the marks of notes out and puts the notes where they are read. */
function placeNotes(document: MammothNode): MammothNode {
  const children: MammothNode[] = []
  const endnotes: MammothNode[] = []
  let footnotes: MammothNode[] = []
  const flush = () => {
    children.push(...footnotes)
    footnotes = []
  }
  for (const child of document.children ?? []) {
    // A list is not cut by the notes of its items.
    if (!child.numbering) flush()
    children.push(child)
    for (const reference of withoutMarks(child)) {
      const body = document.notes?.resolve(reference)?.body ?? []
      ;(reference.noteType === 'endnote' ? endnotes : footnotes).push(...body)
    }
    if (!child.numbering) flush()
  }
  flush()
  return { ...document, children: [...children, ...endnotes] }
}

function withoutMarks(node: MammothNode): MammothNode[] {
  const marks = (node.children ?? []).flatMap((child) =>
    child.type === 'noteReference' ? [child] : withoutMarks(child),
  )
  if (node.children) node.children = node.children.filter(({ type }) => type !== 'noteReference').map(readable)
  return marks
}

/** A box of a form is read as what it looks like. */
const readable = (node: MammothNode): MammothNode =>
  node.type === 'checkbox' ? ({ type: 'text', value: node.checked ? '☒' : '☐' } as MammothNode) : node

/** Numbers of list items become their markers. */
function markListItems(root: Nodes): void {
  visit(root, 'element', (label, index, parent) => {
    if (label.tagName !== 'data' || parent?.type !== 'element' || index === undefined) return
    const item = parent as HtmlElement
    if (item.tagName !== 'li') return
    item.properties.dataDocentMarker = rawText(label)
    item.children.splice(index, 1)
    return index
  })
}
