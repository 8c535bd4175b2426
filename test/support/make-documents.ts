/** Small documents of many formats, each with a word of its own by which it is found. */
import { extname } from 'node:path'
import { Document, Packer, Paragraph } from 'docx'
import writeXlsxFile from 'write-excel-file/node'
import { lines, makePdf, sentence } from './make-pdf.js'

// biome-ignore lint/suspicious/noExplicitAny: its types know fewer forms than it takes
type Any = any

/** Some chunks long; the same arguments make the same text, and other words make another from the first on. */
export async function makeDocument(name: string, word: string, seed: number): Promise<Buffer> {
  const sentences = [
    `The word of this page is ${word}.`,
    ...Array.from({ length: 12 }, (_, at) => sentence(14, seed + at)),
  ]
  switch (extname(name)) {
    case '.md':
      return Buffer.from(
        `# Page ${seed}\n\n${sentences.slice(0, 6).join(' ')}\n\n## More\n\n${sentences.slice(6).join(' ')}\n`,
      )
    case '.html':
      return Buffer.from(
        `<html><body><main>${sentences.map((each) => `<p>${each}</p>`).join('\n')}</main></body></html>`,
      )
    case '.csv':
      return Buffer.from(['number,text', ...sentences.map((each, at) => `${at},"${each}"`)].join('\n'))
    case '.eml':
      return Buffer.from(
        `From: a@example.org\r\nTo: b@example.org\r\nSubject: Page ${seed}\r\n\r\n${sentences.join('\r\n')}\r\n`,
      )
    case '.pdf':
      return makePdf((pdf) => lines(pdf, sentences.slice(0, 6)), { info: { CreationDate: new Date(0) } })
    case '.docx':
      return Packer.toBuffer(new Document({ sections: [{ children: sentences.map((each) => new Paragraph(each)) }] }))
    case '.xlsx': {
      const made: Any = await writeXlsxFile(
        sentences.map((value) => [{ value }]) as Any,
        { buffer: true, sheet: 'A' } as Any,
      )
      return Buffer.isBuffer(made) ? made : made.toBuffer()
    }
    default:
      return Buffer.from(sentences.join('\n'))
  }
}
