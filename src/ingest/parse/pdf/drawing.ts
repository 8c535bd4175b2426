/** What a page has besides text: straight lines, and whether there are pictures. */
import type { Rule } from './geometry.js'
import { OPS, Util } from './pdfjs.js'

const PAINTS = new Set<number>([
  OPS.shadingFill,
  OPS.paintImageXObject,
  OPS.paintInlineImageXObject,
  OPS.paintImageMaskXObject,
])
/** Square units: what a matrix must span to be the place of a picture, which itself was not decoded. */
const PICTURE_AREA = 200
/** Points. */
const MIN_RULE_LENGTH = 8
/** A map or a chart has any number of lines, a page of tables has hundreds. */
const MAX_RULES = 4000

/** Walks the operators with the stack of matrices, and takes note of straight lines and of whether anything is painted. */
export function drawingOf(
  list: { fnArray: number[]; argsArray: unknown[] },
  base: number[],
): { rules: Rule[]; hasPicture: boolean } {
  const rules: Rule[] = []
  let hasPicture = false
  let current = base
  const stack: number[][] = []
  for (const [index, operator] of list.fnArray.entries()) {
    const args = list.argsArray[index]
    if (operator === OPS.save || operator === OPS.paintFormXObjectBegin) {
      stack.push(current)
      const matrix = operator === OPS.paintFormXObjectBegin ? (args as [number[] | null])[0] : null
      if (matrix) current = Util.transform(current, matrix)
    } else if (operator === OPS.restore || operator === OPS.paintFormXObjectEnd) current = stack.pop() ?? base
    else if (operator === OPS.transform) {
      const [a = 0, b = 0, c = 0, d = 0] = args as number[]
      if (Math.abs(a * d - b * c) > PICTURE_AREA) hasPicture = true
      current = Util.transform(current, args as number[])
    } else if (operator === OPS.constructPath) {
      const [paint, [path]] = args as [number, [ArrayLike<number> | null]]
      if (paint === OPS.endPath || !path) continue // a clip: nothing is seen of it
      hasPicture = true
      if (rules.length < MAX_RULES) rules.push(...straightLines(path, current))
    } else if (PAINTS.has(operator)) hasPicture = true
  }
  return { rules, hasPicture }
}

/** How many numbers follow each of pdf.js's path operators: move, line, cubic curve, quadratic curve, close. */
const PATH_OPERANDS = [2, 2, 6, 4, 0]

/** The horizontal and vertical lines of a path, the edges of its rectangles among them. */
function straightLines(path: ArrayLike<number>, matrix: number[]): Rule[] {
  const lines: Rule[] = []
  let from = [0, 0]
  let first = from
  for (let at = 0; at < path.length; ) {
    const operator = path[at] ?? 0
    const operands = PATH_OPERANDS[operator]
    if (operands === undefined) break
    const isClose = operands === 0
    const to = isClose ? first : [path[at + operands - 1] ?? 0, path[at + operands] ?? 0]
    if (!isClose) Util.applyTransform(to, matrix)
    if (operator === 0) first = to
    else if (operator === 1 || isClose) {
      const [x0 = 0, y0 = 0] = from
      const [x1 = 0, y1 = 0] = to
      const [across, down] = [Math.abs(x1 - x0), Math.abs(y1 - y0)]
      if (Math.min(across, down) < 0.5 && Math.max(across, down) >= MIN_RULE_LENGTH)
        lines.push([Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)])
    }
    from = to
    at += 1 + operands
  }
  return lines
}
