/**
 * PDF: pdf.js gives positioned text, page by page; `pdf/` puts it into the order in which a person reads it (columns, then
 * lines, then paragraphs), without running headers and with words whole, and keeps for every line where it stands.
 */
import { DocentError } from '../../errors.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { blockOf } from './pdf/blocks-of.js'
import { readingOrder } from './pdf/columns.js'
import { type Draft, draftText } from './pdf/drafts.js'
import { withoutFurniture } from './pdf/furniture.js'
import { Vocabulary } from './pdf/join-lines.js'
import { linesOf } from './pdf/lines.js'
import { type DocumentInfo, readInfo } from './pdf/metadata.js'
import { type Outline, readOutline } from './pdf/outline.js'
import { type PageContent, readPage } from './pdf/page-content.js'
import { type Column, ParagraphBuilder } from './pdf/paragraphs.js'
import { type PDFDocumentProxy, withPdf } from './pdf/pdfjs.js'
import { bodyStyleOf, levelHeadings, looksLikeHeading } from './pdf/styles.js'

/**
 * @throws ENCRYPTED_FILE if it opens only with a password; NO_TEXT_LAYER if its pages are pictures; MALFORMED_FILE;
 * TOO_MANY_PAGES above 10,000. A file without text and without pictures gives no blocks.
 */
export async function parsePdf(bytes: Buffer): Promise<ParsedDocument> {
  return await withPdf(bytes, async (pdf) => {
    const info = await readInfo(pdf)
    const outline = await readOutline(pdf)
    const pages = await readPages(pdf)
    const unread = pages.filter((page) => page.isIllegible || (page.hasPicture && !hasText(page))).length
    if (unread > 0 && !pages.some(hasText))
      throw new DocentError(
        'NO_TEXT_LAYER',
        `none of the PDF's ${pages.length} pages has readable text: ${unread} are pictures`,
      )
    return documentOf(pages, info, outline, unread)
  })
}

const hasText = (page: PageContent): boolean => page.pieces.length > 0 || page.asides.size > 0

/** Fonts and the like are released every so many pages: rarely enough that few are read again. */
const PAGES_BETWEEN_CLEANUPS = 50

async function readPages(pdf: PDFDocumentProxy): Promise<PageContent[]> {
  const pages: PageContent[] = []
  for (let number = 1; number <= pdf.numPages; number++) {
    const page = await pdf.getPage(number)
    pages.push(await readPage(page))
    page.cleanup()
    if (number % PAGES_BETWEEN_CLEANUPS === 0) await pdf.cleanup()
  }
  return pages
}

function documentOf(
  pages: readonly PageContent[],
  info: DocumentInfo,
  outline: Outline,
  unread: number,
): ParsedDocument {
  const columns = withoutFurniture(pages).flatMap(columnsOf)
  const vocabulary = new Vocabulary()
  for (const { lines } of columns) for (const { text } of lines) vocabulary.addLine(text)
  const body = bodyStyleOf(columns.map(({ lines }) => lines))
  const builder = new ParagraphBuilder(body, outline)
  for (const column of columns) builder.addColumn(column)
  const drafts = builder.drafts()
  for (const draft of drafts) if (looksLikeHeading(draft, body, outline)) draft.kind = 'heading'
  levelHeadings(drafts, body, outline)
  const sizeOf = (page: number) => pages[page - 1] as PageContent
  const blocks = drafts
    .map((draft) => blockOf(draft, vocabulary, sizeOf))
    .filter((block): block is Block => block !== null)
  const metadata = { ...info.metadata, ...(unread > 0 && { pagesWithoutText: unread }) }
  return { title: info.title ?? biggestHeading(drafts), metadata, blocks }
}

function columnsOf(content: PageContent): Column[] {
  const { page, turn, rules } = content
  const main = readingOrder(content.pieces).map((pieces) => ({
    lines: linesOf(pieces, page, turn),
    rules,
    isAside: false,
  }))
  const asides = [...content.asides].map(([other, pieces]) => ({
    lines: linesOf(pieces, page, other),
    rules: [],
    isAside: true,
  }))
  return [...main, ...asides]
}

/** Of the first page. */
function biggestHeading(drafts: readonly Draft[]): string | null {
  const headings = drafts.filter(({ kind, parts }) => kind === 'heading' && parts[0]?.line.page === 1)
  const sizeOf = (draft: Draft) => draft.parts[0]?.line.fontSize ?? 0
  const [biggest] = headings.sort((a, b) => sizeOf(b) - sizeOf(a))
  return biggest ? draftText(biggest) : null
}
