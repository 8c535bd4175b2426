/**
 * A page of pdf.js to pieces of text and drawn rules. pdf.js gives text items in the order of the content stream, with
 * spaces where the gaps within an item say so; here neighbouring items of one line are put together.
 */
import type { Box } from '../../../domain.js'
import { normaliseText } from '../../canonical-text.js'
import { heaviest, type Piece, type Rule, type Turn, uprightPoint } from './geometry.js'
import { OPS, type PDFPageProxy, Util } from './pdfjs.js'
import { PieceBuilder, type Run } from './pieces.js'

export interface PageContent {
  /** From 1. */
  readonly page: number
  /** Points, of the page as shown. */
  readonly width: number
  readonly height: number
  /** How most of its text is turned. */
  readonly turn: Turn
  readonly pieces: readonly Piece[]
  /** Text that is turned otherwise (stamps along the side), by its turn. */
  readonly asides: ReadonlyMap<Turn, readonly Piece[]>
  readonly rules: readonly Rule[]
  /** Whether something is drawn, text apart. */
  readonly hasPicture: boolean
}

export async function readPage(page: PDFPageProxy): Promise<PageContent> {
  const viewport = page.getViewport({ scale: 1 })
  const { width, height } = viewport
  const matrix = viewport.transform
  const content = await page.getTextContent()
  const drawing = drawingOf(await page.getOperatorList(), matrix)
  const fonts = new Map<string, FontFace>()
  const runs = new Map<Turn, Run[]>()
  for (const item of content.items) {
    if (!('str' in item)) continue
    const face = fonts.get(item.fontName) ?? faceOf(page, item.fontName, content.styles[item.fontName])
    fonts.set(item.fontName, face)
    const placed = placeRun(item, face, matrix, width, height)
    if (!placed) continue
    const sameTurn = runs.get(placed.turn)
    if (sameTurn) sameTurn.push(placed.run)
    else runs.set(placed.turn, [placed.run])
  }
  const weights = [...runs].map(
    ([turn, all]) => [turn, all.reduce((sum, { text }) => sum + text.trim().length, 0)] as const,
  )
  const turn = heaviest(new Map(weights)) ?? 0
  const pieces = new Map([...runs].map(([key, all]) => [key, piecesOf(all)]))
  const main = pieces.get(turn) ?? []
  pieces.delete(turn)
  const rules = drawing.rules.map((rule) => uprightRule(rule, turn, width, height))
  return {
    page: page.pageNumber,
    width,
    height,
    turn,
    pieces: main,
    asides: pieces,
    rules,
    hasPicture: drawing.hasPicture,
  }
}

function uprightRule([left, top, right, bottom]: Rule, turn: Turn, width: number, height: number): Rule {
  const [x0, y0] = uprightPoint(left, top, turn, width, height)
  const [x1, y1] = uprightPoint(right, bottom, turn, width, height)
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)]
}

function piecesOf(runs: readonly Run[]): Piece[] {
  const builder = new PieceBuilder()
  for (const run of runs) builder.add(run)
  return builder.pieces()
}

interface FontFace {
  readonly bold: boolean
  readonly mono: boolean
  /** Parts of the font size above and below the baseline. */
  readonly ascent: number
  readonly descent: number
}

// Names are all that most files say of a font: "NimbusRomNo9L-Medi", "CMBX12", "Arial-BoldMT", "Poppins-SemiBold".
const BOLD = /bold|black|heavy|demi|semibold|-medi\b|-medi(?=ital)|CMBX|SFBX|LMRoman\d+-Bold/i
const MONO =
  /mono|courier|typewriter|consol|menlo|inconsolata|CMTT|SFTT|lettergothic|NimbusMon|sourcecode|firacode|\bcode\b/i

function faceOf(
  page: PDFPageProxy,
  fontName: string,
  style: { ascent: number; descent: number } | undefined,
): FontFace {
  const font = page.commonObjs.has(fontName) ? page.commonObjs.get(fontName) : null
  const name = String(font?.name ?? '').replace(/^[A-Z]{6}\+/, '')
  const ascent = style && style.ascent > 0.4 && style.ascent < 1.3 ? style.ascent : 0.8
  const descent = style && style.descent < -0.05 && style.descent > -0.6 ? style.descent : -0.22
  return { bold: BOLD.test(name), mono: MONO.test(name), ascent, descent }
}

interface TextItem {
  readonly str: string
  readonly dir: string
  readonly transform: number[]
  readonly width: number
  readonly height: number
}

/** Null for text that stands aslant: a watermark, or a label of a figure. */
function placeRun(item: TextItem, face: FontFace, matrix: number[], width: number, height: number) {
  const text = normaliseText(item.str.replaceAll('\n', ' ')) === '' ? (item.str === '' ? '' : ' ') : cleaned(item.str)
  if (text === '') return null
  const [a, b, c, d, x, y] = Util.transform(matrix, item.transform) as [number, number, number, number, number, number]
  const quarters = (Math.atan2(b, a) / Math.PI) * 2
  if (Math.abs(quarters - Math.round(quarters)) > 0.05) return null
  const turn = ((Math.round(quarters) + 4) % 4) as Turn
  const scale = Math.hypot(matrix[0] ?? 1, matrix[1] ?? 0)
  const fontSize = Math.hypot(c, d)
  const [left, baseline] = uprightPoint(x, y, turn, width, height)
  const length = item.width * scale
  const box: Box = [left, baseline - face.ascent * fontSize, left + length, baseline - face.descent * fontSize]
  const run: Run = { text, box, baseline, fontSize, bold: face.bold, mono: face.mono, rightToLeft: item.dir === 'rtl' }
  return { turn, run }
}

/** Ligatures become letters; what no font could name becomes nothing. */
function cleaned(text: string): string {
  return (
    text
      .replace(/[\ufb00-\ufb06]/g, (ligature) => ligature.normalize('NFKC'))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: glyphs without a letter come as control characters
      .replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u200b\u2060\ufeff]/g, '')
      .replace(/[\ue000-\uf8ff]/g, (symbol) => SYMBOLS[symbol] ?? '')
  )
}

/** What the Symbol and Wingdings fonts have for bullets, in the private area that they are mapped to. */
const SYMBOLS: Readonly<Record<string, string>> = {
  '\uf0b7': '\u2022',
  '\uf0a7': '\u2022',
  '\uf0d8': '\u2022',
  '\uf0fc': '\u2022',
  '\uf076': '\u2022',
  '\uf02d': '\u2013',
}

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
function drawingOf(
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
