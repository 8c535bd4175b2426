/** What wears the older container of Microsoft Office (OLE, "compound file"): the formats before 2007, and encrypted new ones. */

const MAGIC = Buffer.from('d0cf11e0a1b11ae1', 'hex')
/** The stream that holds the encrypted file, as the container's directory names it. */
const ENCRYPTED_STREAM = Buffer.from('EncryptedPackage', 'utf16le')

/** Null when it is no such container. */
export function oleKind(bytes: Buffer): 'encrypted' | 'legacy' | null {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  return bytes.includes(ENCRYPTED_STREAM) ? 'encrypted' : 'legacy'
}
