import type { ParsedDocument } from '../canonical-text.js'

/** Plain text says nothing of its structure: one block, lines as they are. */
export function parseText(source: string): ParsedDocument {
  return { title: null, metadata: {}, blocks: [{ text: source }] }
}
