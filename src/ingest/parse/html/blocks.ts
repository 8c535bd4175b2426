/** The walk from a tree of HTML to blocks: for HTML itself, HTML in Markdown, and DOCX, which mammoth turns into HTML. */
import type { Element, Nodes } from 'hast'
import type { Block } from '../../canonical-text.js'
import { filledRows, inlineText, type ListItem, listText, tableText } from '../blocks.js'
import { type NumeralStyle, numeral } from '../numerals.js'

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

/** Parts of a page that are left out: see main-content.ts. */
export type LeftOut = ReadonlySet<Element>

/** Blocks of the text below the nodes, in order. */
export function blocksOf(nodes: readonly Nodes[], leftOut: LeftOut = new Set()): Block[] {
  const collector = new Collector(leftOut)
  walkAll(nodes, collector)
  collector.endParagraph()
  return collector.blocks
}

/** Collects inline text until a block begins or ends. */
class Collector {
  readonly blocks: Block[] = []
  readonly leftOut: LeftOut
  #parts: string[] = []

  constructor(leftOut: LeftOut) {
    this.leftOut = leftOut
  }

  text(value: string): void {
    this.#parts.push(value)
  }

  block(block: Block): void {
    this.endParagraph()
    if (block.text.trim() !== '') this.blocks.push(block)
  }

  endParagraph(): void {
    const text = inlineText(this.#parts)
    this.#parts = []
    if (text !== '') this.blocks.push({ text })
  }
}

function walkAll(nodes: readonly Nodes[], collector: Collector): void {
  for (const node of nodes) walk(node, collector)
}

function walk(node: Nodes, collector: Collector): void {
  if (node.type === 'text') collector.text(node.value.replace(/[ \t\n\f\r]+/g, ' '))
  else if (node.type === 'root') walkAll(node.children, collector)
  else if (node.type === 'element' && isRead(node) && !collector.leftOut.has(node)) {
    const read = ELEMENTS.get(node.tagName)
    if (read) read(node, collector)
    else if (BLOCKS.has(node.tagName)) walkBlock(node, collector)
    else walkAll(node.children, collector)
  }
}

/** False for what no reader of the page sees as its text. */
export const isRead = (node: Element): boolean => !SKIPPED.has(node.tagName) && !isHidden(node)

function isHidden({ properties }: Element): boolean {
  return Boolean(properties.hidden) || properties.ariaHidden === 'true'
}

const heading = (node: Element, collector: Collector) =>
  collector.block({ text: flatText(node), headingLevel: Number(node.tagName[1]) })
const list = (node: Element, collector: Collector) => collector.block({ text: listOf(node), kind: 'list' })

/** Elements that are more than a block of text, or a part of one. */
const ELEMENTS = new Map<string, (node: Element, collector: Collector) => void>([
  ['a', (node, collector) => (isPermalink(node) ? undefined : walkAll(node.children, collector))],
  ['br', (_, collector) => collector.text('\n')],
  ['img', ({ properties }, collector) => collector.text(typeof properties.alt === 'string' ? properties.alt : '')],
  ['pre', (node, collector) => collector.block({ text: rawText(node).replace(/^\n/, ''), kind: 'code' })],
  ['table', (node, collector) => (isLayout(node) ? walkBlock(node, collector) : walkTable(node, collector))],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((name) => [name, heading] as const),
  ...['ul', 'ol', 'menu'].map((name) => [name, list] as const),
])

/** The sign beside a heading that links to it. */
const isPermalink = (node: Element): boolean =>
  String(node.properties.href ?? '').startsWith('#') && /^\s*[#¶§🔗]\s*$/u.test(rawText(node))

function walkBlock(node: Element, collector: Collector): void {
  collector.endParagraph()
  walkAll(node.children, collector)
  collector.endParagraph()
}

const NUMERALS: Readonly<Record<string, NumeralStyle>> = {
  a: 'lowerLetter',
  A: 'upperLetter',
  i: 'lowerRoman',
  I: 'upperRoman',
}

function listOf(list: Element): string {
  const style = NUMERALS[String(list.properties.type)] ?? 'decimal'
  let number = wholeNumber(list.properties.start) ?? 1
  const items: ListItem[] = []
  for (const item of list.children) {
    const parts = itemParts(item)
    const text = parts.map((part) => part.text).join('\n')
    if (text === '') continue
    // A list within an item that has no text of its own, or where an item belongs, goes with the item before it.
    if (parts.every(({ kind }) => kind === 'list')) {
      const last = items.pop()
      items.push(last ? { ...last, text: `${last.text}\n${text}` } : { marker: '', text })
      continue
    }
    const { value, dataDocentMarker } = item.type === 'element' ? item.properties : {}
    number = wholeNumber(value) ?? number
    const marker = list.tagName === 'ol' ? `${numeral(number, style)}.` : '-'
    // A parser that knows what number a reader sees writes it there.
    items.push({ marker: typeof dataDocentMarker === 'string' ? dataDocentMarker : marker, text })
    number++
  }
  return listText(items)
}

const wholeNumber = (value: unknown): number | null => {
  const number = Number(value ?? Number.NaN)
  return Number.isInteger(number) ? number : null
}

function itemParts(item: Nodes): Block[] {
  const isList = item.type === 'element' && (item.tagName === 'ul' || item.tagName === 'ol')
  return blocksOf(item.type === 'element' && !isList ? item.children : [item])
}

/** A table that holds headings or tables, or a single cell, arranges a page; its cells are read one after another. */
function isLayout(table: Element): boolean {
  const rows = rowsOf(table)
  if (rows.length === 1 && elementsOf(rows[0] as Element).length === 1) return true
  return ['table', 'h1', 'h2', 'h3'].some((name) => elementsOf(table).some((child) => find(child, name)))
}

function walkTable(table: Element, collector: Collector): void {
  collector.endParagraph()
  const caption = find(table, 'caption')
  if (caption) collector.block({ text: flatText(caption) })
  const rows = rowsOf(table)
  const cells = cellsOf(rows)
  const headerRows = filledRows(cells.slice(0, headerRowCount(table, rows))).length
  collector.block({ text: tableText(cells), kind: 'table', ...(headerRows > 0 && { headerRows }) })
}

/** Cell texts by row. Under a cell that reaches over several rows the later rows have an empty one, so columns stay columns. */
function cellsOf(rows: readonly Element[]): string[][] {
  const rowsLeft: number[] = []
  return rows.map((row) => {
    const texts: string[] = []
    let column = 0
    const skipSpanned = () => {
      for (; (rowsLeft[column] ?? 0) > 0; column++) {
        rowsLeft[column] = (rowsLeft[column] as number) - 1
        texts.push('')
      }
    }
    for (const cell of elementsOf(row)) {
      skipSpanned()
      texts.push(flatText(cell))
      const width = Math.min(Math.max(wholeNumber(cell.properties.colSpan) ?? 1, 1), MAX_COLUMNS)
      const height = Math.max(wholeNumber(cell.properties.rowSpan) ?? 1, 1)
      for (const end = column + width; column < end; column++) rowsLeft[column] = height - 1
    }
    skipSpanned()
    return texts
  })
}

/** What the HTML standard lets a cell reach over. */
const MAX_COLUMNS = 1000

/** Rows at the top that name the columns: those of `thead`, and those that have nothing but `th`. */
function headerRowCount(table: Element, rows: readonly Element[]): number {
  const head = new Set(elementsOf(table).flatMap((part) => (part.tagName === 'thead' ? rowsOf(part) : [])))
  const first = rows.findIndex((row) => !head.has(row) && !elementsOf(row).every(({ tagName }) => tagName === 'th'))
  return first < 0 ? 0 : first
}

function rowsOf(node: Element): Element[] {
  return elementsOf(node).flatMap((child) => (child.tagName === 'tr' ? [child] : rowsOf(child)))
}

export const elementsOf = (node: Element): Element[] =>
  node.children.filter((child) => child.type === 'element').filter(isRead)

/** All text below a node on one line. */
export function flatText(node: Element): string {
  return blocksOf(node.children)
    .map(({ text }) => text.replace(/\n+/g, ' '))
    .join(' ')
}

/** Text as it is written, for `pre` and `title`. A button to copy it is no part of it. */
export function rawText(node: Element): string {
  const textOf = (child: Nodes): string => {
    if (child.type === 'text') return child.value
    if (child.type !== 'element' || !isRead(child)) return ''
    return child.tagName === 'br' ? '\n' : rawText(child)
  }
  return node.children.map(textOf).join('')
}

/** The first element of that name, in document order, outside of drawings. */
export function find(node: Nodes, tagName: string): Element | null {
  if (node.type === 'element' && node.tagName === tagName) return node
  if (!('children' in node) || (node.type === 'element' && node.tagName === 'svg')) return null
  for (const child of node.children) {
    const found = find(child, tagName)
    if (found) return found
  }
  return null
}
