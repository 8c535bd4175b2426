/**
 * HTML through rehype-parse (the HTML standard's own algorithm, so that broken markup reads as browsers read it), then
 * a walk that turns block elements into blocks.
 */
import type { Element, Nodes } from 'hast'
import rehypeParse from 'rehype-parse'
import { unified } from 'unified'
import type { JsonObject } from '../../domain.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { inlineText, listText, tableText } from './blocks.js'

const wholeParser = unified().use(rehypeParse).freeze()
const fragmentParser = unified().use(rehypeParse, { fragment: true }).freeze()

export function parseHtml(source: string): ParsedDocument {
  const root = wholeParser.parse(source)
  const blocks = blocksOf([root])
  const titleElement = find(root, 'title')
  const title = titleElement ? inlineText([rawText(titleElement).replace(/\s+/g, ' ')]) : ''
  const firstHeading = blocks.find((block) => block.headingLevel === 1)?.text
  return { title: title || firstHeading || null, metadata: metadataOf(root), blocks }
}

/** HTML inside another document (Markdown allows it): blocks only. */
export function parseHtmlFragment(source: string): Block[] {
  return blocksOf([fragmentParser.parse(source)])
}

/** Not read: code, navigation, controls, and what a reader does not see. */
const SKIPPED = new Set(
  (
    'script style template noscript nav head title svg math canvas iframe object embed audio video map ' +
    'select textarea button input datalist dialog'
  ).split(' '),
)

/** Begin and end a block. Everything else is text within one. */
const BLOCKS = new Set(
  (
    'html body address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer ' +
    'form header hgroup hr legend main menu optgroup p search section summary caption li tr td th thead tbody tfoot'
  ).split(' '),
)

/** Collects inline text until a block begins or ends. */
class Collector {
  readonly blocks: Block[] = []
  #parts: string[] = []

  text(value: string): void {
    this.#parts.push(value)
  }

  block(text: string, headingLevel?: number): void {
    this.endParagraph()
    if (text.trim() !== '') this.blocks.push(headingLevel ? { text, headingLevel } : { text })
  }

  endParagraph(): void {
    const text = inlineText(this.#parts)
    this.#parts = []
    if (text !== '') this.blocks.push({ text })
  }
}

function blocksOf(nodes: readonly Nodes[]): Block[] {
  const collector = new Collector()
  walkAll(nodes, collector)
  collector.endParagraph()
  return collector.blocks
}

function walkAll(nodes: readonly Nodes[], collector: Collector): void {
  for (const node of nodes) walk(node, collector)
}

function walk(node: Nodes, collector: Collector): void {
  if (node.type === 'text') collector.text(node.value.replace(/[ \t\n\f\r]+/g, ' '))
  else if (node.type === 'root') walkAll(node.children, collector)
  else if (node.type === 'element' && !SKIPPED.has(node.tagName) && !isHidden(node)) {
    const read = ELEMENTS.get(node.tagName)
    if (read) read(node, collector)
    else if (BLOCKS.has(node.tagName)) walkBlock(node, collector)
    else walkAll(node.children, collector)
  }
}

const heading = (node: Element, collector: Collector) => collector.block(flatText(node), Number(node.tagName[1]))
const list = (node: Element, collector: Collector) => collector.block(listOf(node))

/** Elements that are more than a block of text, or a part of one. */
const ELEMENTS = new Map<string, (node: Element, collector: Collector) => void>([
  ['br', (_, collector) => collector.text('\n')],
  ['img', ({ properties }, collector) => collector.text(typeof properties.alt === 'string' ? properties.alt : '')],
  ['pre', (node, collector) => collector.block(rawText(node).replace(/^\n/, ''))],
  ['table', (node, collector) => (isLayout(node) ? walkBlock(node, collector) : walkTable(node, collector))],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((name) => [name, heading] as const),
  ...['ul', 'ol', 'menu'].map((name) => [name, list] as const),
])

function walkBlock(node: Element, collector: Collector): void {
  collector.endParagraph()
  walkAll(node.children, collector)
  collector.endParagraph()
}

function isHidden({ properties }: Element): boolean {
  return Boolean(properties.hidden) || properties.ariaHidden === 'true'
}

function listOf(list: Element): string {
  const start = Number(list.properties.start ?? 1)
  const items = list.children.map((item) =>
    blocksOf(item.type === 'element' ? item.children : [item])
      .map(({ text }) => text)
      .join('\n'),
  )
  return listText(items, list.tagName === 'ol' ? (Number.isFinite(start) ? start : 1) : null)
}

/** A table that holds headings or tables arranges a page; its cells are read one after another. */
function isLayout(table: Element): boolean {
  return ['table', 'h1', 'h2', 'h3'].some((name) => elementsOf(table).some((child) => find(child, name)))
}

function walkTable(table: Element, collector: Collector): void {
  collector.endParagraph()
  const caption = find(table, 'caption')
  if (caption) collector.block(flatText(caption))
  collector.block(tableText(rowsOf(table).map((row) => elementsOf(row).map(flatText))))
}

function rowsOf(node: Element): Element[] {
  return elementsOf(node).flatMap((child) => (child.tagName === 'tr' ? [child] : rowsOf(child)))
}

const elementsOf = (node: Element): Element[] =>
  node.children
    .filter((child) => child.type === 'element')
    .filter((child) => !SKIPPED.has(child.tagName) && !isHidden(child))

/** All text below a node on one line. */
function flatText(node: Element): string {
  return blocksOf(node.children)
    .map(({ text }) => text.replace(/\n+/g, ' '))
    .join(' ')
}

/** Text as it is written, for `pre` and `title`. */
function rawText(node: Nodes): string {
  if (node.type === 'text') return node.value
  if (node.type === 'element' && node.tagName === 'br') return '\n'
  return 'children' in node ? node.children.map(rawText).join('') : ''
}

function find(node: Nodes, tagName: string): Element | null {
  if (node.type === 'element' && node.tagName === tagName) return node
  if (!('children' in node) || (node.type === 'element' && node.tagName === 'svg')) return null
  for (const child of node.children) {
    const found = find(child, tagName)
    if (found) return found
  }
  return null
}

const META_NAMES = new Set(['description', 'author', 'keywords'])

function metadataOf(root: Nodes): JsonObject {
  const metadata: JsonObject = {}
  const language = find(root, 'html')?.properties.lang
  if (typeof language === 'string') metadata.language = language
  const head = find(root, 'head')
  for (const { tagName, properties } of head ? elementsOf(head) : []) {
    const name = String(properties.name ?? '').toLowerCase()
    if (tagName === 'meta' && META_NAMES.has(name)) metadata[name] = String(properties.content ?? '')
  }
  return metadata
}
