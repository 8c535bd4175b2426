/** How much lies in folders that something else is writing: what shows that it gets on. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export function bytesUnder(folder) {
  let bytes = 0
  for (const name of readNames(folder)) bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  return bytes
}

function readNames(folder) {
  try {
    return readdirSync(folder, { recursive: true })
  } catch {
    return []
  }
}
