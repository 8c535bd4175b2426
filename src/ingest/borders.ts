/** Where a chunk ends: which of the borders between pieces is the best one near the length that is aimed at. */
import { countTokens, type PlacedPiece } from './stretches.js'

export interface BorderLimits {
  readonly maxTokens: number
  readonly maxLength: number
}

export interface Aim {
  /** Tokens. */
  readonly goal: number
  /** All the rest would fit into the chunk. */
  readonly isLast: boolean
}

/** The index after the last piece of the chunk that begins at `from`. */
export function chunkEnd(
  text: string,
  pieces: readonly PlacedPiece[],
  from: number,
  aim: Aim,
  limits: BorderLimits,
): number {
  const nearest = nearestToGoal(pieces, from, aim, limits)
  const whole = betweenItems(pieces, from, nearest, aim.goal, limits)
  return whole === pieces.length ? whole : withWhatFollows(text, pieces, from, whole, limits)
}

const at = (pieces: readonly PlacedPiece[], index: number): PlacedPiece => pieces[index] as PlacedPiece

function nearestToGoal(
  pieces: readonly PlacedPiece[],
  from: number,
  { goal, isLast }: Aim,
  { maxTokens, maxLength }: BorderLimits,
): number {
  let tokens = at(pieces, from).tokenCount
  let to = from + 1
  for (; to < pieces.length; to++) {
    const next = at(pieces, to)
    const withNext = tokens + next.tokenCount
    if (withNext > maxTokens || next.end - at(pieces, from).start > maxLength) break
    // Stopping here comes closer to the goal than going on. A heading is the better border, so half the goal will do.
    if (withNext - goal > goal - tokens) break
    if (!isLast && next.opensSection && tokens >= goal / 2) break
    tokens = withNext
  }
  return to
}

/** In the middle of a list item, or of a row that had to be cut: where it begins or ends, if that is near enough. */
function betweenItems(
  pieces: readonly PlacedPiece[],
  from: number,
  to: number,
  goal: number,
  { maxTokens, maxLength }: BorderLimits,
): number {
  if (!pieces[to]?.continues) return to
  const tokens = countTokens(pieces.slice(from, to))
  let back = to
  let tokensBack = 0
  while (back > from && at(pieces, back).continues) tokensBack += at(pieces, --back).tokenCount
  let ahead = to
  let tokensAhead = 0
  while (pieces[ahead]?.continues && tokens + tokensAhead <= maxTokens) tokensAhead += at(pieces, ahead++).tokenCount
  const mayGoBack = back > from && tokens - tokensBack >= goal / 2
  const isWithin = tokens + tokensAhead <= maxTokens && at(pieces, ahead - 1).end - at(pieces, from).start <= maxLength
  if (isWithin && !(mayGoBack && tokensBack <= tokensAhead)) return ahead
  return mayGoBack ? back : to
}

/**
 * A table's header goes with its first row, a line that leads in to a list or a table with its beginning, a heading with
 * what stands under it: into the next chunk, or where this one is nothing else, together into this one. What is too long
 * for that is parted, a header and its row last.
 */
function withWhatFollows(
  text: string,
  pieces: readonly PlacedPiece[],
  from: number,
  to: number,
  limits: BorderLimits,
): number {
  let end = to
  while (end - 1 > from && headsTable(pieces, end - 1)) end--
  const beforeHeader = end
  if (end - 1 > from && leadsIn(text, at(pieces, end - 1))) end--
  while (end - 1 > from && at(pieces, end - 1).kind === 'heading') end--
  const introduces = (index: number) =>
    at(pieces, index).kind === 'heading' || leadsIn(text, at(pieces, index)) || headsTable(pieces, index)
  if (end > from + 1 || !introduces(from)) return end
  let ahead = to
  let tokens = countTokens(pieces.slice(from, to))
  while (ahead < pieces.length && introduces(ahead - 1)) {
    const next = at(pieces, ahead)
    tokens += next.tokenCount
    if (tokens > limits.maxTokens || next.end - at(pieces, from).start > limits.maxLength) {
      return headsTable(pieces, from) ? ahead : beforeHeader
    }
    ahead++
  }
  return ahead
}

/** It is a row that names the columns of the row after it. */
const headsTable = (pieces: readonly PlacedPiece[], index: number): boolean =>
  at(pieces, index).isHeader && at(pieces, index).table === pieces[index + 1]?.table

const leadsIn = (text: string, { kind, end }: PlacedPiece): boolean =>
  kind !== 'table' && /[:：]/.test(text[end - 1] as string)
