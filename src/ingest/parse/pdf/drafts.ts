/** Blocks while they grow: lines in reading order, and how each follows the one before. */
import type { Line } from './lines.js'

export type DraftKind = 'heading' | 'paragraph' | 'list' | 'table' | 'code'

export interface Part {
  readonly line: Line
  readonly text: string
  /** `flow`: runs on from the line before; `break`: begins a line of the block's text. */
  readonly joins: 'flow' | 'break'
}

export interface Draft {
  kind: DraftKind
  readonly parts: Part[]
  headingLevel?: number
  headerRows?: number
  /** Whether the text of the column goes on after it: a footnote, a caption or a table stands in between. */
  isFloat: boolean
  /** Stands beside the text, not in it. */
  readonly isAside: boolean
}

export const lastLine = (draft: Draft): Line => (draft.parts.at(-1) as Part).line
export const firstLine = (draft: Draft): Line => (draft.parts[0] as Part).line
export const draftText = (draft: Draft): string => draft.parts.map(({ text }) => text).join(' ')
