/**
 * The one file that imports pdf.js. Its text layer and its list of drawing operators are all that is used of it: nothing is
 * rendered, executed or fetched, and its fonts and character maps are read from the package's own folder.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  getDocument,
  InvalidPDFException,
  OPS,
  type PDFDocumentProxy,
  type PDFPageProxy,
  Util,
  VerbosityLevel,
} from 'pdfjs-dist/legacy/build/pdf.mjs'
import { DocentError } from '../../../errors.js'

export { OPS, type PDFDocumentProxy, type PDFPageProxy, Util }

/** Every page costs time even when it is empty, and a file of a kilobyte can claim millions. */
export const MAX_PAGES = 10_000

const packageFolder = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))
const folder = (name: string) => `${join(packageFolder, name)}/`

/**
 * Opens a file, hands the document to `read` and releases it whatever happens.
 * @throws ENCRYPTED_FILE if it needs a password, MALFORMED_FILE if it is no readable PDF, TOO_MANY_PAGES
 */
export async function withPdf<T>(bytes: Buffer, read: (pdf: PDFDocumentProxy) => Promise<T>): Promise<T> {
  const task = getDocument({
    data: new Uint8Array(bytes), // a copy: pdf.js takes what it is given away from its owner
    cMapUrl: folder('cmaps'),
    standardFontDataUrl: folder('standard_fonts'),
    verbosity: VerbosityLevel.ERRORS,
    isEvalSupported: false,
    useWasm: false,
    enableXfa: false,
    disableFontFace: true,
    useSystemFonts: false,
    maxImageSize: 1, // pixels: no picture is decoded
  })
  try {
    const pdf = await task.promise
    if (pdf.numPages > MAX_PAGES)
      throw new DocentError('TOO_MANY_PAGES', `the PDF has ${pdf.numPages} pages; at most ${MAX_PAGES} are read`)
    return await read(pdf)
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PasswordException')
      throw new DocentError('ENCRYPTED_FILE', 'the PDF opens only with a password', { cause })
    if (cause instanceof InvalidPDFException || isPdfjsError(cause))
      throw new DocentError('MALFORMED_FILE', `the PDF cannot be read: ${(cause as Error).message}`, { cause })
    throw cause
  } finally {
    await task.destroy()
  }
}

/** The errors that pdf.js does not export, by the names that it gives them. */
const PDFJS_ERRORS = new Set(['FormatError', 'XRefParseException', 'XRefEntryException', 'MissingDataException'])

function isPdfjsError(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  return PDFJS_ERRORS.has(thrown.name) || thrown.name === 'UnknownErrorException'
}
