/** The text of a SmartArt diagram: an outline, which is what a person typed to make it. */
import type { Element } from '@xmldom/xmldom'
import { type OutlineItem, outlineText } from '../blocks.js'
import { attribute, child, childrenOf } from '../xml/xml.js'
import { flatText } from './text.js'

/** `data`: the root of the diagram's data part, with its points and what lies under what. Empty when it has no text. */
export function diagramText(data: Element): string {
  const points = childrenOf(child(data, 'ptLst') ?? data).filter(({ localName }) => localName === 'pt')
  const textOf = new Map(points.map((point) => [attribute(point, 'modelId') ?? '', flatText(child(point, 't'))]))
  const below = childrenBelow(data)
  const root = points.find((point) => attribute(point, 'type') === 'doc')
  const items: OutlineItem[] = []
  const seen = new Set<string>()
  const collect = (id: string, level: number) => {
    if (seen.has(id)) return
    seen.add(id)
    const text = textOf.get(id)
    if (text) items.push({ level, marker: '-', text })
    for (const each of below.get(id) ?? []) collect(each, level + 1)
  }
  if (root) collect(attribute(root, 'modelId') ?? '', 0)
  return outlineText(items)
}

/** Ids by the id of the point that they lie under, in order. */
function childrenBelow(data: Element): Map<string, string[]> {
  const connections = childrenOf(child(data, 'cxnLst') ?? data)
    .filter((each) => each.localName === 'cxn' && (attribute(each, 'type') ?? 'parOf') === 'parOf')
    .sort((a, b) => Number(attribute(a, 'srcOrd')) - Number(attribute(b, 'srcOrd')))
  const below = new Map<string, string[]>()
  for (const connection of connections) {
    const source = attribute(connection, 'srcId') ?? ''
    below.set(source, [...(below.get(source) ?? []), attribute(connection, 'destId') ?? ''])
  }
  return below
}
