/** Boxes and styles, in points from the top left corner; y grows downwards. */
import type { Box } from '../../../domain.js'

/** Quarter turns, clockwise, by which a text is turned on the page as shown. */
export type Turn = 0 | 1 | 2 | 3

/** A stretch of text on one line, set in one go. Its box is that of the page turned so that the text stands upright. */
export interface Piece {
  readonly text: string
  readonly box: Box
  readonly baseline: number
  /** Points. */
  readonly fontSize: number
  readonly bold: boolean
  readonly mono: boolean
  readonly rightToLeft: boolean
}

/** A horizontal or vertical line drawn on the page, or a thin rectangle. */
export type Rule = Box

export const widthOf = ([left, , right]: Box): number => right - left
export const heightOf = ([, top, , bottom]: Box): number => bottom - top
export const middleOf = ([, top, , bottom]: Box): number => (top + bottom) / 2

export function union(boxes: readonly Box[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const box of boxes) {
    left = Math.min(left, box[0])
    top = Math.min(top, box[1])
    right = Math.max(right, box[2])
    bottom = Math.max(bottom, box[3])
  }
  return [left, top, right, bottom]
}

/** How much of the lower of the two boxes the other one covers vertically: 0 to 1. */
export function verticalOverlap(a: Box, b: Box): number {
  const shared = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  return Math.max(0, shared / Math.max(0.01, Math.min(heightOf(a), heightOf(b))))
}

/** A point of the page as shown, on the page turned so that text with this turn stands upright. */
export function uprightPoint(x: number, y: number, turn: Turn, width: number, height: number): [number, number] {
  if (turn === 1) return [y, width - x]
  if (turn === 2) return [width - x, height - y]
  if (turn === 3) return [height - y, x]
  return [x, y]
}

/** The way back from {@link uprightPoint}, for a box; `width` and `height` are those of the page as shown. */
export function shownBox([left, top, right, bottom]: Box, turn: Turn, width: number, height: number): Box {
  if (turn === 1) return [width - bottom, left, width - top, right]
  if (turn === 2) return [width - right, height - bottom, width - left, height - top]
  if (turn === 3) return [top, height - right, bottom, height - left]
  return [left, top, right, bottom]
}

/** 0 if there are no values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * part)] ?? 0
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The key that carries most weight, if there is one. */
export function heaviest<K>(weights: ReadonlyMap<K, number>): K | undefined {
  let best: K | undefined
  let most = -Infinity
  for (const [key, weight] of weights) if (weight > most) [best, most] = [key, weight]
  return best
}

/** The list under a key, which begins empty. */
export function listAt<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}
