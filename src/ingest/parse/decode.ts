import { isUtf8 } from 'node:buffer'
import { DocentError } from '../../errors.js'

/**
 * Bytes to text, which must be UTF-8 throughout: a guess at another encoding would put wrong letters into quotes.
 * @throws CONTENT_MISMATCH at the first NUL byte, INVALID_ENCODING at the first byte that is not UTF-8; both say where
 */
export function decodeText(bytes: Buffer): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw invalidEncoding(0, 'it begins with the byte order mark of UTF-16')
  }
  const nul = bytes.indexOf(0)
  if (nul >= 0)
    throw new DocentError('CONTENT_MISMATCH', `there is a NUL byte at byte ${nul}`, { details: { offset: nul } })
  if (isUtf8(bytes)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const offset = firstInvalidByte(bytes)
  throw invalidEncoding(offset, `0x${(bytes[offset] as number).toString(16).padStart(2, '0')} cannot stand there`)
}

function invalidEncoding(offset: number, reason: string): DocentError {
  return new DocentError('INVALID_ENCODING', `not UTF-8 at byte ${offset}: ${reason}`, { details: { offset } })
}

/** A decoder that forgives writes U+FFFD for what is wrong: the first one that the bytes do not spell themselves. */
function firstInvalidByte(bytes: Buffer): number {
  const forgiven = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let offset = 0
  let from = 0
  for (;;) {
    const at = forgiven.indexOf('\ufffd', from)
    offset += Buffer.byteLength(forgiven.slice(from, at))
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset
    offset += 3
    from = at + 1
  }
}
