import { createHash } from 'node:crypto'

/** 16 bytes: two different texts of a billion share a key with a chance of about one in 10^20. */
const KEY_BYTES = 16

/** Names a vector by what it was made of: an equal key is an equal vector. In hex. */
export function embeddingKey(embedderVersion: string, text: string): string {
  const hash = createHash('sha256').update(embedderVersion).update('\0').update(text)
  return hash.digest('hex').slice(0, 2 * KEY_BYTES)
}
