/**
 * Markdown. Enters: its text. Leaves: blocks, title and metadata. markdown/ cuts very long ones, and takes the tags of templates
 * out.
 *
 * CommonMark with GitHub's tables, strikethrough, task lists and footnotes through remark, then its tree to readable
 * blocks. YAML front matter becomes metadata.
 */
import type { List, ListItem, Nodes, PhrasingContent, Root, RootContent, Table } from 'mdast'
import remarkFrontmatter from 'remark-frontmatter'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import { unified } from 'unified'
import { visit } from 'unist-util-visit'
import { isMap, parseDocument } from 'yaml'
import type { JsonObject } from '../../domain.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { filledRows, inlineText, listText, numbered, tableText } from './blocks.js'
import { parseHtmlFragment } from './html.js'
import { markdownPieces } from './markdown/pieces.js'
import { type CodeRange, withoutTemplateTags } from './markdown/template-tags.js'

/** Finds code and no more: quicker than the whole parser. */
const codeParser = unified().use(remarkParse).freeze()
const parser = unified().use(remarkParse).use(remarkGfm).use(remarkFrontmatter, ['yaml']).freeze()

/** The title is the front matter's, else the first heading. */
export function parseMarkdown(source: string): ParsedDocument {
  let metadata: JsonObject = {}
  const blocks: Block[] = []
  for (const [index, piece] of markdownPieces(source).entries()) {
    const root = parsePiece(piece)
    const first = root.children[0]
    const frontMatter = index === 0 && first?.type === 'yaml' ? readFrontMatter(first.value) : null
    if (frontMatter) metadata = frontMatter
    // What only looks like front matter (a line between two rules) is text and is kept.
    else if (first?.type === 'yaml') blocks.push({ text: first.value })
    for (const node of root.children) for (const block of flowBlocks(node)) blocks.push(block)
  }
  const named = metadata.title
  const title = typeof named === 'string' || typeof named === 'number' ? String(named).trim() : ''
  return { title: title || (blocks.find((block) => block.headingLevel)?.text ?? null), metadata, blocks }
}

function parsePiece(source: string): Root {
  if (!source.includes('{%')) return parser.parse(source)
  const code: CodeRange[] = []
  visit(codeParser.parse(source), ['code', 'inlineCode'], (node) => {
    code.push({ start: node.position?.start.offset as number, end: node.position?.end.offset as number })
  })
  return parser.parse(withoutTemplateTags(source, code))
}

/** Null when it is no YAML mapping. */
function readFrontMatter(yaml: string): JsonObject | null {
  const document = parseDocument(yaml)
  if (document.errors.length > 0 || !isMap(document.contents)) return null
  // Through JSON, so that what is kept is what the store can keep.
  return JSON.parse(JSON.stringify(document.toJS())) as JsonObject
}

function flowBlocks(node: RootContent): Block[] {
  switch (node.type) {
    case 'heading':
      return [{ text: phrasingText(node.children), headingLevel: node.depth }]
    case 'paragraph':
      return [{ text: phrasingText(node.children) }]
    case 'list':
      return [{ text: listOf(node), kind: 'list' }]
    case 'table':
      return [tableOf(node)]
    case 'code':
      return [{ text: node.value, kind: 'code' }]
    case 'html':
      return parseHtmlFragment(node.value)
    case 'blockquote':
    case 'footnoteDefinition':
      // A quoted heading is the quoted text's, and begins no section of this one.
      return node.children.flatMap(flowBlocks).map(({ headingLevel: _, ...block }) => block)
    default:
      return []
  }
}

function listOf(list: List): string {
  return listText(numbered(list.children.map(itemText), list.ordered ? (list.start ?? 1) : null))
}

/** Paragraphs of one item keep the blank line between them; in a tight list they have none. */
function itemText(item: ListItem): string {
  const texts = item.children.flatMap(flowBlocks).map(({ text }) => text)
  return texts.join(item.spread ? '\n\n' : '\n')
}

function tableOf(table: Table): Block {
  const rows = table.children.map((row) => row.children.map((cell) => phrasingText(cell.children).replace(/\n/g, ' ')))
  // A header that is left empty, because Markdown asks for one, is no row of the text.
  const headerRows = filledRows(rows.slice(0, 1)).length
  return { text: tableText(rows), kind: 'table', ...(headerRows > 0 && { headerRows }) }
}

function phrasingText(nodes: readonly PhrasingContent[]): string {
  const parts: string[] = []
  for (const node of nodes) collectText(node, parts)
  return inlineText(parts)
}

/** Links and emphasis keep their text, images their description; addresses and footnote marks go. */
function collectText(node: Nodes, parts: string[]): void {
  switch (node.type) {
    case 'text':
      parts.push(node.value.replace(/\s+/g, ' '))
      return
    case 'inlineCode':
      parts.push(node.value)
      return
    case 'break':
      parts.push('\n')
      return
    case 'image':
    case 'imageReference':
      parts.push(node.alt ?? '')
      return
    case 'html':
      if (/^<br\b/i.test(node.value)) parts.push('\n')
      return
  }
  if ('children' in node) for (const child of node.children) collectText(child, parts)
}
