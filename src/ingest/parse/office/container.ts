/** Today's office files are ZIP archives; those before 2007, and today's with a password, are OLE compound files. */
import { DocentError } from '../../../errors.js'
import { OFFICE_LIMITS, type ZipMember, zipMembers } from '../archive/zip.js'
import { type OleContent, oleContent } from './ole.js'

const ZIP_MAGIC = Buffer.from('PK')

export const passwordProtected = () => new DocentError('ENCRYPTED_FILE', 'the file is protected with a password')

/** What the compound file holds; null when it is none. @throws ENCRYPTED_FILE, MALFORMED_FILE */
export function compoundContent(bytes: Buffer): Exclude<OleContent, 'encrypted'> | null {
  const content = oleContent(bytes)
  if (content === 'encrypted') throw passwordProtected()
  return content
}

/** @throws CONTENT_MISMATCH, UNPACKS_TOO_LARGE, MALFORMED_FILE */
export async function officeParts(bytes: Buffer): Promise<ZipMember[]> {
  if (bytes.subarray(0, ZIP_MAGIC.length).equals(ZIP_MAGIC)) return zipMembers(bytes, OFFICE_LIMITS)
  throw new DocentError(
    'CONTENT_MISMATCH',
    'it is neither a ZIP archive, which every newer office file is, nor an OLE compound file',
  )
}
