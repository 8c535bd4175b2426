/**
 * What wears the older container of Microsoft Office (OLE, "compound file"): the formats before 2007, and newer ones with a
 * password. Its directory is read by the CFB module of SheetJS.
 */
import { CFB } from '@e965/xlsx'
import { DocentError } from '../../../errors.js'

/** `encrypted` is a newer file with a password, whatever it holds; older ones say so inside of their own streams. */
export type OleContent = 'encrypted' | 'document' | 'presentation' | 'workbook' | 'message' | 'other'

export const OLE_NAMES: Readonly<Record<OleContent, string>> = {
  encrypted: 'an office file with a password',
  document: 'a Word 97-2003 document (.doc); save it as .docx',
  presentation: 'a PowerPoint 97-2003 presentation (.ppt); save it as .pptx',
  workbook: 'an Excel 97-2003 workbook (.xls)',
  message: 'an Outlook message (.msg)',
  other: 'an OLE compound file',
}

/** By a stream at the top of the container; further down lie the files that are embedded in this one. */
const STREAMS: readonly (readonly [stream: string, content: OleContent])[] = [
  ['EncryptedPackage', 'encrypted'],
  ['WordDocument', 'document'],
  ['PowerPoint Document', 'presentation'],
  ['Workbook', 'workbook'],
  // Excel 5 and 95.
  ['Book', 'workbook'],
  ['__properties_version1.0', 'message'],
]

const MAGIC = Buffer.from('d0cf11e0a1b11ae1', 'hex')

/**
 * Null when it is no such container.
 * @throws MALFORMED_FILE
 */
export function oleContent(bytes: Buffer): OleContent | null {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  try {
    const file = CFB.read(bytes, { type: 'buffer' })
    return STREAMS.find(([stream]) => CFB.find(file, `/${stream}`))?.[1] ?? 'other'
  } catch (cause) {
    throw new DocentError('MALFORMED_FILE', `the OLE compound file cannot be read: ${cause}`, { cause })
  }
}
