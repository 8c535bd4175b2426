/**
 * HTML. Enters: the text of a page, or of a fragment in another format. Leaves: blocks, and of a page its title and metadata.
 * html/ has the walk from its tree to blocks, and what of a page is its main content.
 *
 * Through rehype-parse (the HTML standard's own algorithm, so that broken markup reads as browsers read it), then
 * a walk that turns block elements into blocks. Of a page its main content is read; of HTML within Markdown, all.
 */
import type { Nodes, Root } from 'hast'
import rehypeParse from 'rehype-parse'
import { unified } from 'unified'
import type { JsonObject } from '../../domain.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { inlineText } from './blocks.js'
import { blocksOf, elementsOf, find, rawText } from './html/blocks.js'
import { mainContent } from './html/main-content.js'

const wholeParser = unified().use(rehypeParse).freeze()
const fragmentParser = unified().use(rehypeParse, { fragment: true }).freeze()

export function parseHtml(source: string): ParsedDocument {
  const root = wholeParser.parse(source)
  const { roots, leftOut } = mainContent(root)
  const blocks = blocksOf(roots, leftOut)
  const titleElement = find(root, 'title')
  const title = titleElement ? inlineText([rawText(titleElement).replace(/\s+/g, ' ')]) : ''
  const firstHeading = blocks.find((block) => block.headingLevel === 1)?.text
  return { title: title || firstHeading || null, metadata: metadataOf(root), blocks }
}

/** HTML inside another document (Markdown allows it): blocks only. */
export function parseHtmlFragment(source: string): Block[] {
  return blocksOf([parseFragment(source)])
}

export const parseFragment = (source: string): Root => fragmentParser.parse(source)

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
