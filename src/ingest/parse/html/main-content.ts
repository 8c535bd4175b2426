/**
 * What a person reads of a web page: its content, not the menus, banners and footers around it. Where the page says itself
 * what its content is (`main`, a single `article`), that is believed. Elsewhere only what is clearly furniture is left out:
 * a page without marks is read whole, because a lost paragraph is worse than a menu among the passages.
 */
import type { Element, Nodes } from 'hast'
import { find, isRead, type LeftOut, rawText } from './blocks.js'

export interface MainContent {
  /** Where reading begins, in order. */
  readonly roots: readonly Nodes[]
  readonly leftOut: LeftOut
}

export function mainContent(page: Nodes): MainContent {
  const body = find(page, 'body') ?? page
  const marked = markedContent(body)
  const roots = marked.length > 0 ? marked : [body]
  const leftOut = furnitureOf(roots, marked.length > 0)
  const textOf = (nodes: Iterable<Nodes>) => [...nodes].reduce((sum, each) => sum + measure(each).text, 0)
  if (textOf(leftOut) >= textOf(roots)) return { roots: [body], leftOut: new Set() }
  const heading = headingOutside(body, roots, leftOut)
  return { roots: heading ? [heading, ...roots] : roots, leftOut }
}

/** A mark is believed when it holds no less than this part of the page's prose: an empty `main` waits for a script. */
const MIN_MARKED_PROSE = 0.25

/** Elements that the page marks as its content: all of `main`, else its article when it has one. */
function markedContent(body: Nodes): Element[] {
  const { prose } = measure(body)
  const believed = (marked: Element[]) => {
    const share = marked.reduce((sum, each) => sum + measure(each).prose, 0) / Math.max(prose, 1)
    return share >= MIN_MARKED_PROSE && marked.length > 0
  }
  const mains = outermost(body, ({ tagName, properties }) => tagName === 'main' || properties.role === 'main')
  if (believed(mains)) return mains
  const articles = outermost(body, ({ tagName, properties }) => tagName === 'article' || properties.role === 'article')
  return articles.length === 1 && believed(articles) ? articles : []
}

/** The page's only `h1` where it stands above what is read, or in a banner. */
function headingOutside(body: Nodes, roots: readonly Nodes[], leftOut: LeftOut): Element | null {
  const headingsIn = (node: Nodes) => outermost(node, ({ tagName }) => tagName === 'h1')
  const [heading, another] = headingsIn(body)
  if (!heading || another) return null
  const isRead = roots.some((root) => headingsIn(root).length > 0)
  const isLeftOut = [...leftOut].some((each) => headingsIn(each).length > 0)
  return isRead && !isLeftOut ? null : heading
}

const FURNITURE_ROLES = new Set(['navigation', 'search', 'menu', 'menubar', 'dialog', 'alertdialog'])
const FURNITURE_NAMES =
  /(?:^|\s)(?:breadcrumbs?|skip-?(?:link|nav|to-content|to-main)|(?:cookie|consent|gdpr)s?[_-]?(?:banner|bar|notice|popup|modal|dialog|overlay|message|wall|info|consent)|onetrust-(?:banner|consent)[\w-]*|usercentrics-root|didomi-host)(?=$|\s)/i

/** Left out wherever it is: navigation, search, dialogs, cookie banners, and a page's own table of contents. */
function isFurnitureAnywhere(element: Element): boolean {
  const { role, ariaModal, ariaLabel, id, className } = element.properties
  if (FURNITURE_ROLES.has(String(role)) || ariaModal === 'true') return true
  const names = [id, ariaLabel, ...(Array.isArray(className) ? className : [])].filter(Boolean).join(' ')
  if (FURNITURE_NAMES.test(names)) return true
  return isContents(element)
}

/** Left out where the page does not say what its content is, outside of articles and sections. */
function isFurnitureOfPage(element: Element): boolean {
  const { tagName, properties } = element
  if (tagName === 'footer' || properties.role === 'contentinfo') return true
  if (tagName === 'aside' || properties.role === 'complementary') return true
  // A header may hold the title and the first paragraph; it is a banner when it holds the menu.
  return (tagName === 'header' || properties.role === 'banner') && holdsNavigation(element)
}

function holdsNavigation(element: Element): boolean {
  const marked = outermost(element, ({ properties }) => FURNITURE_ROLES.has(String(properties.role)))
  return marked.length > 0 || find(element, 'nav') !== null || isMenu(element)
}

const CONTAINERS = new Set('div section ul ol table td form header center'.split(' '))
const MIN_MENU_LINKS = 4
const MENU_LINK_SHARE = 0.7
/** Menus have short links. */
const MAX_MENU_LINK_LENGTH = 40

/** Short links and hardly anything else. */
function isMenu(element: Element): boolean {
  if (!CONTAINERS.has(element.tagName)) return false
  const { text, linkText, links } = measure(element)
  return links >= MIN_MENU_LINKS && linkText >= text * MENU_LINK_SHARE && linkText / links <= MAX_MENU_LINK_LENGTH
}

/** A list of nothing but links into the page itself. */
function isContents(element: Element): boolean {
  if (element.tagName !== 'ul' && element.tagName !== 'ol') return false
  const { text, linkText, links, innerLinks } = measure(element)
  return links >= 3 && innerLinks === links && linkText >= text * 0.9
}

/** What holds more of the prose than this is the page, whatever it is called. */
const MAX_FURNITURE_PROSE = 0.5

/** The outermost elements below the roots that are furniture. */
function furnitureOf(roots: readonly Nodes[], isMarked: boolean): Set<Element> {
  const found = new Set<Element>()
  const maxProse = MAX_FURNITURE_PROSE * roots.reduce((sum, each) => sum + measure(each).prose, 0)
  const visit = (node: Nodes, isOfPage: boolean, isIntroduced: boolean) => {
    if (node.type === 'element') {
      if (!isRead(node)) return
      const isFurniture =
        isFurnitureAnywhere(node) ||
        (isOfPage && isFurnitureOfPage(node)) ||
        (!isMarked && !isIntroduced && isMenu(node))
      if (isFurniture && measure(node).prose <= maxProse) return void found.add(node)
    }
    if (!('children' in node)) return
    // What introduces a menu introduces the lists that it is made of.
    const inherits = isIntroduced && node.type === 'element' && isMenu(node)
    const isPart = node.type === 'element' && (node.tagName === 'article' || node.tagName === 'section')
    let before: Element | null = null
    for (const child of node.children) {
      visit(child, isOfPage && !isPart, inherits || (before !== null && introduces(before, child)))
      if (child.type === 'element') before = child
    }
  }
  for (const root of roots) visit(root, !isMarked, false)
  return found
}

/** A heading, or "These forms are needed:", makes the links after it a part of the text. */
function introduces(before: Element, node: Nodes): boolean {
  if (/^h[1-6]$/.test(before.tagName)) return true
  const isList = node.type === 'element' && (node.tagName === 'ul' || node.tagName === 'ol')
  return before.tagName === 'p' && (isList || rawText(before).trimEnd().endsWith(':'))
}

interface Measure {
  /** Characters of text, of links, and of all but links. */
  readonly text: number
  readonly linkText: number
  readonly prose: number
  readonly links: number
  /** Links into the page itself. */
  readonly innerLinks: number
}

const measures = new WeakMap<Nodes, Measure>()

/** Measured once per element, so that asking at every level costs one pass. */
function measure(node: Nodes): Measure {
  const known = measures.get(node)
  if (known) return known
  const measured = measureAnew(node)
  measures.set(node, measured)
  return measured
}

const NOTHING: Measure = { text: 0, linkText: 0, prose: 0, links: 0, innerLinks: 0 }

function measureAnew(node: Nodes): Measure {
  if (node.type === 'text') {
    const text = node.value.replace(/\s+/g, ' ').trim().length
    return { ...NOTHING, text, prose: text }
  }
  if (!('children' in node) || (node.type === 'element' && !isRead(node))) return NOTHING
  const sum = { ...NOTHING } as { -readonly [Key in keyof Measure]: number }
  for (const each of node.children.map(measure)) {
    sum.text += each.text
    sum.linkText += each.linkText
    sum.prose += each.prose
    sum.links += each.links
    sum.innerLinks += each.innerLinks
  }
  const href = node.type === 'element' && node.tagName === 'a' ? node.properties.href : undefined
  if (typeof href !== 'string' || sum.text === 0) return sum
  return { text: sum.text, linkText: sum.text, prose: 0, links: 1, innerLinks: href.startsWith('#') ? 1 : 0 }
}

function outermost(node: Nodes, matches: (element: Element) => boolean): Element[] {
  if (node.type === 'element') {
    if (!isRead(node)) return []
    if (matches(node)) return [node]
  }
  return 'children' in node ? node.children.flatMap((child) => outermost(child, matches)) : []
}
