/** PDFs for tests, written with pdfkit: each line is placed by hand, so that a test knows where every word stands. */
import PDFDocument from 'pdfkit'

export type Pdf = PDFKit.PDFDocument

export async function makePdf(write: (pdf: Pdf) => void, options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  const pdf = new PDFDocument({ size: 'A4', margin: 0, ...options })
  const chunks: Buffer[] = []
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((resolve) => pdf.on('end', resolve))
  write(pdf)
  pdf.end()
  await ended
  return Buffer.concat(chunks)
}

export interface Style {
  readonly size?: number
  readonly font?: string
  /** Points from the left and the top of the page to the top left of the first line. */
  readonly x?: number
  readonly y?: number
  /** Points from line to line. */
  readonly pitch?: number
}

/** Each string is one line. */
export function lines(pdf: Pdf, texts: readonly string[], style: Style = {}): void {
  const { size = 10, font = 'Times-Roman', x = 72, y = 100, pitch = size * 1.2 } = style
  pdf.font(font).fontSize(size)
  for (const [index, text] of texts.entries()) pdf.text(text, x, y + index * pitch, { lineBreak: false })
}

/** Words that fill lines of a column, justified but for the last, and a full stop. Points. */
export function paragraph(pdf: Pdf, words: string, style: Style & { readonly width: number }): void {
  const { size = 10, font = 'Times-Roman', x = 72, y = 100, width } = style
  pdf.font(font).fontSize(size).text(words, x, y, { width, align: 'justify' })
}

/** So many different words. */
export function sentence(count: number, seed = 1): string {
  const syllables = ['ba', 'ke', 'li', 'mo', 'nu', 'ra', 'se', 'ti', 'vo', 'zu']
  let state = seed
  const word = () => {
    let text = ''
    for (let index = 0; index < 2 + (state % 3); index++) {
      state = (state * 1103515245 + 12345) % 2147483648
      text += syllables[Math.floor(state / 65536) % syllables.length]
    }
    state += 1
    return text
  }
  const text = Array.from({ length: count }, word).join(' ')
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`
}
