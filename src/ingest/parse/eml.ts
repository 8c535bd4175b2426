/**
 * E-mail through postal-mime. The text part is read, else the HTML; who wrote when stands in lines of its own, so that it can
 * be quoted. What a reply repeats of earlier messages is kept, apart from what is new.
 */
import PostalMime, { type Address, type Email } from 'postal-mime'
import type { JsonObject } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { Block, ParsedDocument } from '../canonical-text.js'
import { parseHtml } from './html.js'

/** Of a message, at least one is there. */
const NEEDED_HEADERS = ['from', 'date', 'subject', 'message-id', 'received']

/** @throws CONTENT_MISMATCH when it has no header of an e-mail, NESTED_TOO_DEEPLY, MALFORMED_FILE */
export async function parseEml(bytes: Buffer): Promise<ParsedDocument> {
  const email = await parse(bytes)
  if (!email.headers.some(({ key }) => NEEDED_HEADERS.includes(key))) {
    throw new DocentError('CONTENT_MISMATCH', `it has none of the headers ${NEEDED_HEADERS.join(', ')}`)
  }
  const subject = oneLine(email.subject)
  const header = headerText(email)
  const body = email.text?.trim() ? bodyBlocks(repaired(email.text)) : parseHtml(repaired(email.html ?? '')).blocks
  const heading = subject ? [{ text: subject, headingLevel: 1 }] : []
  // Headers alone are no document.
  const blocks = subject || body.length > 0 ? [...heading, { text: header }, ...body] : []
  return { title: subject || null, metadata: metadataOf(email), blocks }
}

async function parse(bytes: Buffer): Promise<Email> {
  try {
    return await PostalMime.parse(bytes)
  } catch (cause) {
    const { message } = cause as Error
    throw new DocentError(/nest/i.test(message) ? 'NESTED_TOO_DEEPLY' : 'MALFORMED_FILE', message, { cause })
  }
}

function headerText(email: Email): string {
  const { from, to, cc } = peopleOf(email)
  const written = email.headers.find(({ key }) => key === 'date')?.value
  const lines: [string, string][] = [
    ['From', from],
    ['To', to.join(', ')],
    ['Cc', cc.join(', ')],
    ['Date', oneLine(written)],
    [
      'Attachments',
      attachmentsOf(email)
        .map(({ name, type }) => name ?? type)
        .join(', '),
    ],
  ]
  return lines
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

function metadataOf(email: Email): JsonObject {
  const { from, to, cc } = peopleOf(email)
  const sent = new Date(email.date ?? '')
  const attachments = attachmentsOf(email)
  const entries: [string, JsonObject[string]][] = [
    ['from', from],
    ['to', to],
    ['cc', cc],
    ['date', Number.isNaN(sent.getTime()) ? oneLine(email.date) : sent.toISOString()],
    ['messageId', oneLine(email.messageId)],
    ['inReplyTo', oneLine(email.inReplyTo)],
    ['attachments', attachments.map((attachment) => ({ ...attachment }))],
  ]
  return Object.fromEntries(entries.filter(([, value]) => (value as string | unknown[]).length > 0))
}

const peopleOf = ({ from, to, cc }: Email) => ({
  from: from ? people([from]).join(', ') : '',
  to: people(to ?? []),
  cc: people(cc ?? []),
})

const people = (addresses: readonly Address[]): string[] =>
  addresses.flatMap(({ name, address, group }) => {
    if (group) return people(group)
    const label = oneLine(name)
    return [label && address && label !== address ? `${label} <${address}>` : label || oneLine(address)]
  })

/** Without the pictures that the HTML itself shows. */
const attachmentsOf = ({ attachments }: Email): { name: string | null; type: string; byteCount: number }[] =>
  attachments
    .filter(({ related }) => !related)
    .map(({ filename, mimeType, content }) => ({
      name: filename === null ? null : oneLine(filename),
      type: mimeType,
      byteCount: typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength,
    }))

const oneLine = (text: string | undefined): string =>
  repaired(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()

const C1_CONTROL = /[\u0080-\u009f]/g

/** Node 20 decodes windows-1252 as ISO-8859-1, which makes controls of its quotes and dashes; no mail has such controls. */
function repaired(text: string): string {
  return text.replace(C1_CONTROL, (char) =>
    new TextDecoder('windows-1252').decode(Buffer.from(char, 'latin1'), { stream: true }),
  )
}

const QUOTED_LINE = /^(?:> ?)+/
const SEPARATOR = /^(?:-{2,}|_{5,})\s*[\p{L}' ]{5,40}\s*(?:-{2,}|_{5,})$/u
const ATTRIBUTION =
  /^(?:On|Am|Le|El|Il|Em|Op|W dniu) .{8,200}(?:wrote|schrieb|écrit|escribió|scritto|escreveu|schreef|napisał)\b.{0,80}:$/
const MAX_ATTRIBUTION_LINES = 3

/** What was quoted, line by line and level by level, in blocks of its own: with the line that says who wrote it. */
function bodyBlocks(text: string): Block[] {
  const blocks: string[][] = [[]]
  let depth = 0
  for (const line of text.split(/\r?\n/)) {
    const mark = QUOTED_LINE.exec(line)?.[0] ?? ''
    const lineDepth = mark.split('>').length - 1
    const current = blocks.at(-1) as string[]
    if (lineDepth > depth) blocks.push(takeAttribution(current))
    else if (lineDepth < depth || beginsPart(line)) blocks.push([])
    depth = lineDepth
    blocks.at(-1)?.push(line.slice(mark.length))
  }
  return blocks.map((lines) => ({ text: lines.join('\n') })).filter(({ text: block }) => block.trim() !== '')
}

/** A signature, a message forwarded without marks, or a reply's beginning. */
const beginsPart = (line: string): boolean => line === '-- ' || SEPARATOR.test(line.trim()) || ATTRIBUTION.test(line)

/** The lines before a quotation that end with a colon, taken off the block before it. */
function takeAttribution(lines: string[]): string[] {
  const end = lines.findLastIndex((line) => line.trim() !== '')
  if (!lines[end]?.trim().endsWith(':')) return []
  let start = end
  while (start > 0 && lines[start - 1]?.trim() !== '') start--
  return lines.splice(end - start < MAX_ATTRIBUTION_LINES ? start : end)
}
