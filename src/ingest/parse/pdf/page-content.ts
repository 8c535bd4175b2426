/**
 * A page of pdf.js to pieces of text and drawn rules. pdf.js gives text items in the order of the content stream, with
 * spaces where the gaps within an item say so; here neighbouring items of one line are put together.
 */
import type { Box } from '../../../domain.js'
import { normaliseText } from '../../canonical-text.js'
import { drawingOf } from './drawing.js'
import { type FontFace, faceOf, isIllegible } from './fonts.js'
import { heaviest, listAt, type Piece, type Rule, type Turn, uprightPoint } from './geometry.js'
import { type PDFPageProxy, Util } from './pdfjs.js'
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
  /** Whether most of its text is in fonts that do not say which letters they have; that text is left out. */
  readonly isIllegible: boolean
  /** Whether something is drawn, text apart. */
  readonly hasPicture: boolean
}

export async function readPage(page: PDFPageProxy): Promise<PageContent> {
  const viewport = page.getViewport({ scale: 1 })
  const { width, height } = viewport
  const matrix = viewport.transform
  // First the operators: only their reading makes the fonts' names known.
  const drawing = drawingOf(await page.getOperatorList(), matrix)
  const content = await page.getTextContent()
  const byFont = new Map<string, TextItem[]>()
  for (const item of content.items) if ('str' in item) listAt(byFont, item.fontName).push(item)
  const faces = new Map([...byFont.keys()].map((name) => [name, faceOf(page, name, content.styles[name])]))
  const illegible = new Set([...byFont.keys()].filter((name) => isIllegible(textOf(byFont.get(name)), faces.get(name))))
  const runs = new Map<Turn, Run[]>()
  for (const item of content.items) {
    const face = 'str' in item && !illegible.has(item.fontName) ? faces.get(item.fontName) : undefined
    const placed = 'str' in item && face ? placeRun(item, face, matrix, width, height) : null
    if (placed) listAt(runs, placed.turn).push(placed.run)
  }
  const lengths = [...runs].map(
    ([turn, all]) => [turn, all.reduce((sum, { text }) => sum + text.trim().length, 0)] as const,
  )
  const turn = heaviest(new Map(lengths)) ?? 0
  const asides = new Map([...runs].filter(([other]) => other !== turn).map(([other, all]) => [other, piecesOf(all)]))
  const legibleLength = lengths.reduce((sum, [, length]) => sum + length, 0)
  const illegibleLength = [...illegible].reduce((sum, name) => sum + textOf(byFont.get(name)).length, 0)
  return {
    page: page.pageNumber,
    width,
    height,
    turn,
    pieces: piecesOf(runs.get(turn) ?? []),
    asides,
    rules: drawing.rules.map((rule) => uprightRule(rule, turn, width, height)),
    isIllegible: illegibleLength > legibleLength,
    hasPicture: drawing.hasPicture,
  }
}

const textOf = (items: readonly { str: string }[] = []): string => items.map(({ str }) => str).join('')

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
