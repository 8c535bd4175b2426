/** What a font's name and the text set in it say of it. */
import type { PDFPageProxy } from './pdfjs.js'

export interface FontFace {
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

/** Known only after the page's operators were read. */
export function faceOf(
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

// biome-ignore lint/suspicious/noControlCharactersInRegex: codes without a letter come as control characters too
const NO_LETTER = /[\u0001-\u001f!-'*+/:-@[-^`{-~]/g

/**
 * Some files embed fonts without a word on which letters their glyphs are, and what comes is codes ("% %3* (-./5)"). A page of
 * it would be searched and quoted like any other, so it is better told from text by its many symbols, and left out.
 */
export function isIllegible(text: string, face: FontFace | undefined): boolean {
  const length = text.replaceAll(' ', '').length
  if (length < 60 || face?.mono) return false
  return (text.match(NO_LETTER)?.length ?? 0) > 0.3 * length
}
