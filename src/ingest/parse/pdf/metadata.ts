/** What a PDF says of itself. */
import type { JsonObject } from '../../../domain.js'
import { normaliseText } from '../../canonical-text.js'
import type { PDFDocumentProxy } from './pdfjs.js'

export interface DocumentInfo {
  /** Null where it is missing or plainly not one. */
  readonly title: string | null
  readonly metadata: JsonObject
}

export async function readInfo(pdf: PDFDocumentProxy): Promise<DocumentInfo> {
  const { info } = await pdf.getMetadata()
  const fields = info as Record<string, unknown>
  const metadata: JsonObject = { pages: pdf.numPages }
  for (const name of ['Author', 'Subject', 'Keywords', 'Language']) {
    const value = lineOf(fields[name])
    if (value !== '') metadata[name.toLowerCase()] = value
  }
  const created = isoDate(fields.CreationDate)
  if (created) metadata.created = created
  const title = lineOf(fields.Title)
  return { title: isTitle(title) ? title : null, metadata }
}

const lineOf = (value: unknown): string =>
  typeof value === 'string' ? normaliseText(value).replace(/\s+/g, ' ').trim() : ''

/** Programs write the file's name, or their own, where an author wrote nothing. */
const NO_TITLE =
  /^(untitled|unnamed|unknown|title|document\d*|no title|slide \d+|microsoft (word|powerpoint|excel)\b.*)$/i
const FILE_NAME = /\.(docx?|odt|rtf|pptx?|xlsx?|tex|dvi|pdf|indd|qxd|pmd|fm|jpe?g|png|tiff?|html?|md|txt)$/i

function isTitle(title: string): boolean {
  return /\p{L}{2}/u.test(title) && !NO_TITLE.test(title) && !FILE_NAME.test(title)
}

/** "D:20090401163925-07'00'" to "2009-04-01T16:39:25-07:00"; the parts that are missing are the earliest possible. */
export function isoDate(value: unknown): string | null {
  const match = /^D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?'?|Z)?/.exec(
    String(value ?? ''),
  )
  if (!match) return null
  const [
    ,
    year,
    month = '01',
    day = '01',
    hour = '00',
    minute = '00',
    second = '00',
    sign,
    zoneHour,
    zoneMinute = '00',
  ] = match
  const zone = sign ? `${sign}${zoneHour}:${zoneMinute}` : 'Z'
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`
  return Number.isNaN(Date.parse(iso)) ? null : iso
}
