/** What a slide's layout says of its shapes: which is a heading of the deck, and which text has bullets. */
import type { Element } from '@xmldom/xmldom'
import type { OfficeFile, Relationships } from '../office/office-file.js'
import { attribute, child, descendants } from '../xml/xml.js'
import type { ListStyles } from './text.js'

export class Layout {
  readonly #layout: Element | null
  readonly #master: Element | null

  private constructor(layout: Element | null, master: Element | null) {
    this.#layout = layout
    this.#master = master
  }

  /** `cache`: by the name of the layout's part, which many slides share. */
  static async of(file: OfficeFile, slide: Relationships, cache: Map<string, Layout>): Promise<Layout> {
    const part = targetOf(slide, 'slideLayout')
    const cached = cache.get(part)
    if (cached) return cached
    const masterPart = targetOf(await file.relationships(part), 'slideMaster')
    const layout = new Layout(await file.part(part), await file.part(masterPart))
    cache.set(part, layout)
    return layout
  }

  /** A title slide, or one that begins a section. */
  get beginsSection(): boolean {
    return ['title', 'secHead'].includes(attribute(this.#layout, 'type') ?? '')
  }

  /** Of a shape, nearest first. */
  listStyles(shape: Element): ListStyles {
    const own = child(shape, 'txBody', 'lstStyle')
    const placeholder = placeholderOf(shape)
    if (!placeholder) return [own]
    const model = this.#layout && modelOf(placeholder, this.#layout)
    const type = attribute(placeholder, 'type') ?? (model && attribute(placeholderOf(model), 'type')) ?? 'obj'
    const master = this.#master && [...shapesIn(this.#master)].find((each) => typeOf(each) === BODY_TYPES.get(type))
    return [
      own,
      child(model, 'txBody', 'lstStyle'),
      child(master, 'txBody', 'lstStyle'),
      BODY_TYPES.has(type) ? child(this.#master, 'txStyles', 'bodyStyle') : null,
    ]
  }
}

/** Empty, which is no part's name, where there is none. */
const targetOf = (relationships: Relationships, type: string): string =>
  [...relationships.values()].find((each) => each.type === type)?.target ?? ''

/** Placeholders that take the text style of the master's body. */
const BODY_TYPES: ReadonlyMap<string, string> = new Map(
  ['body', 'obj', 'subTitle', 'chart', 'tbl', 'dgm', 'media', 'pic', 'clipArt'].map((type) => [type, 'body']),
)

export const placeholderOf = (shape: Element): Element | null => {
  const properties = child(shape, 'nvSpPr') ?? child(shape, 'nvPicPr') ?? child(shape, 'nvGraphicFramePr')
  return child(properties, 'nvPr', 'ph')
}

const typeOf = (shape: Element): string | null => attribute(placeholderOf(shape), 'type')

const shapesIn = (part: Element): Iterable<Element> => descendants(part, 'sp')

/** The layout's shape that a placeholder is filled into: the one with its index, else with its type. */
function modelOf(placeholder: Element, layout: Element): Element | null {
  const shapes = [...shapesIn(layout)].filter((shape) => placeholderOf(shape))
  const same = (name: string) => {
    const value = attribute(placeholder, name)
    return value === null ? undefined : shapes.find((shape) => attribute(placeholderOf(shape), name) === value)
  }
  return same('idx') ?? same('type') ?? null
}
