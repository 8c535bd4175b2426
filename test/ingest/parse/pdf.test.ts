import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { canonicalDocument, normaliseText } from '../../../src/ingest/canonical-text.js'
import { parsePdf } from '../../../src/ingest/parse/pdf.js'
import { lines, makePdf, type Pdf, paragraph, sentence } from '../../support/make-pdf.js'

const parsed = async (write: (pdf: Pdf) => void, options?: PDFKit.PDFDocumentOptions) =>
  await parsePdf(await makePdf(write, options))

const textsOf = async (write: (pdf: Pdf) => void) => (await parsed(write)).blocks.map(({ text }) => text)

const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==',
  'base64',
)

describe('parsePdf: running text', () => {
  it('joins the lines of a paragraph and parts paragraphs at gaps and at indents', async () => {
    const texts = await textsOf((pdf) => {
      paragraph(pdf, sentence(60, 1), { x: 72, y: 100, width: 300 })
      paragraph(pdf, sentence(60, 2), { x: 72, y: 240, width: 300 })
      pdf.text(sentence(50, 3), 72, 400, { width: 300, indent: 15 })
      pdf.text(sentence(50, 4), { width: 300, indent: 15 })
    })
    expect(texts).toEqual([sentence(60, 1), sentence(60, 2), sentence(50, 3), sentence(50, 4)])
  })

  it('undoes hyphens at line ends, and keeps those that the document writes elsewhere', async () => {
    const [text] = await textsOf((pdf) =>
      lines(pdf, [
        'The company keeps every docu-',
        'ment that it receives, and the well-',
        'known rules of its archive are self-',
        'evident. A state-of-the-',
        'art scanner (see the well-known model) is of no use to it.',
      ]),
    )
    expect(text).toBe(
      'The company keeps every document that it receives, and the well-known rules of its archive are self-evident. ' +
        'A state-of-the-art scanner (see the well-known model) is of no use to it.',
    )
  })

  it('goes on with a paragraph on the next page, also in the middle of a word', async () => {
    const { blocks } = await parsed((pdf) => {
      paragraph(pdf, `${sentence(80, 1).slice(0, -1)} the travel allo-`, { width: 300 })
      pdf.addPage()
      lines(pdf, ['wance is paid at the end of the month.'])
    })
    expect(blocks).toHaveLength(1)
    expect(blocks[0]?.text).toMatch(/the travel allowance is paid at the end of the month\.$/)
    expect(blocks[0]?.boxes?.map(({ page }) => page)).toContain(2)
  })

  it('keeps raised digits off the word that they follow, and on the number that they belong to', async () => {
    const [text] = await textsOf((pdf) => {
      lines(pdf, ['The fee'], { size: 12, x: 72 })
      lines(pdf, ['2'], { size: 7, x: 110, y: 98 })
      lines(pdf, ['is 10'], { size: 12, x: 117 })
      lines(pdf, ['3'], { size: 7, x: 141.2, y: 98 })
      lines(pdf, ['euros.'], { size: 12, x: 148 })
    })
    expect(text).toBe('The fee ² is 10³ euros.')
  })

  it('reads text once that is drawn twice to look bold', async () => {
    const texts = await textsOf((pdf) => {
      lines(pdf, ['Important notice to all'])
      lines(pdf, ['Important notice to all'], { x: 72.4 })
    })
    expect(texts).toEqual(['Important notice to all'])
  })

  it('reads a page that is turned, and a stamp along its side after its text', async () => {
    const { blocks } = await parsed((pdf) => {
      paragraph(pdf, sentence(80, 1), { width: 300 })
      pdf.save().rotate(-90, { origin: [30, 400] })
      lines(pdf, ['arXiv:2103.15348v2 21 Jun 2021'], { x: 30, y: 400, size: 20 })
      pdf.restore()
    })
    expect(blocks.map(({ text }) => text)).toEqual([sentence(80, 1), 'arXiv:2103.15348v2 21 Jun 2021'])
    const [left = 0, top = 0, right = 0, bottom = 0] = blocks[1]?.boxes?.[0]?.box ?? []
    expect(right - left).toBeLessThan(40)
    expect(bottom - top).toBeGreaterThan(200)
  })
})

describe('parsePdf: columns', () => {
  it('reads two columns one after the other, below a title across both', async () => {
    const { title, blocks } = await parsed((pdf) => {
      lines(pdf, ['On the travel of staff and of its costs'], { size: 18, x: 120, y: 60 })
      paragraph(pdf, sentence(220, 1), { x: 60, y: 110, width: 220 })
      paragraph(pdf, sentence(220, 2), { x: 310, y: 110, width: 220 })
    })
    expect(title).toBe('On the travel of staff and of its costs')
    expect(blocks.map(({ text }) => text)).toEqual([title, sentence(220, 1), sentence(220, 2)])
  })

  it('reads three columns, and a sentence that runs from one to the next as one', async () => {
    const texts = await textsOf((pdf) => {
      for (const column of [0, 1, 2])
        lines(
          pdf,
          Array.from({ length: 12 }, (_, row) => `column ${column} has line number ${row} here,`),
          { x: 50 + column * 175, size: 9 },
        )
    })
    expect(texts).toHaveLength(1)
    const order = [...(texts[0] ?? '').matchAll(/column (\d) has line number (\d+)/g)].map(
      ([, c, r]) => Number(c) * 12 + Number(r),
    )
    expect(order).toEqual(Array.from({ length: 36 }, (_, index) => index))
  })

  it('reads what stands above a figure across both columns before what stands below it', async () => {
    const texts = await textsOf((pdf) => {
      paragraph(pdf, sentence(90, 1), { x: 60, y: 60, width: 220 })
      paragraph(pdf, sentence(90, 2), { x: 310, y: 60, width: 220 })
      lines(pdf, [`Figure 1: ${sentence(12, 9)}`], { x: 90, y: 330, size: 9 })
      paragraph(pdf, sentence(90, 3), { x: 60, y: 400, width: 220 })
      paragraph(pdf, sentence(90, 4), { x: 310, y: 400, width: 220 })
    })
    expect(texts).toEqual([
      sentence(90, 1),
      sentence(90, 2),
      `Figure 1: ${sentence(12, 9)}`,
      sentence(90, 3),
      sentence(90, 4),
    ])
  })

  it('goes on with a sentence past the footnote between its halves', async () => {
    const texts = await textsOf((pdf) => {
      paragraph(pdf, `${sentence(160, 1).slice(0, -1)},`, { x: 60, y: 60, width: 220 })
      lines(pdf, ['1 A footnote in small letters below the column.'], { x: 60, y: 700, size: 7 })
      paragraph(pdf, `and ${sentence(160, 2)}`, { x: 310, y: 60, width: 220 })
    })
    expect(texts[0]).toBe(`${sentence(160, 1).slice(0, -1)}, and ${sentence(160, 2)}`)
    expect(texts[1]).toMatch(/footnote in small letters/)
  })
})

describe('parsePdf: what stands between the halves of a paragraph', () => {
  it('reads a sentence on below the figure that interrupts it', async () => {
    const texts = await textsOf((pdf) => {
      paragraph(pdf, `${sentence(160, 1).slice(0, -1)},`, { x: 60, y: 60, width: 220 })
      lines(pdf, ['Figure 1: The archive and its rooms, as of March.'], { x: 310, y: 200 })
      paragraph(pdf, `and ${sentence(120, 2)}`, { x: 310, y: 240, width: 220 })
    })
    expect(texts).toEqual([
      `${sentence(160, 1).slice(0, -1)}, and ${sentence(120, 2)}`,
      'Figure 1: The archive and its rooms, as of March.',
    ])
  })
})

describe('parsePdf: structure', () => {
  it('removes running headers, footers and page numbers', async () => {
    const texts = await textsOf((pdf) => {
      for (let page = 1; page <= 5; page++) {
        if (page > 1) pdf.addPage()
        lines(pdf, ['Travel policy of the Example Company'], { y: 30, size: 8 })
        paragraph(pdf, sentence(200, page), { width: 400 })
        lines(pdf, [`Page ${page} of 5`], { x: 280, y: 800, size: 8 })
      }
    })
    expect(texts).toEqual([1, 2, 3, 4, 5].map((page) => sentence(200, page)))
  })

  it('finds headings by size, weight and number, and levels them by size', async () => {
    const { blocks } = await parsed((pdf) => {
      lines(pdf, ['Travel policy'], { size: 20, y: 60 })
      lines(pdf, ['3 Costs'], { size: 14, y: 110 })
      paragraph(pdf, sentence(80, 1), { y: 140, width: 400 })
      lines(pdf, ['3.2 Meals'], { font: 'Times-Bold', y: 240 })
      paragraph(pdf, sentence(80, 2), { y: 260, width: 400 })
    })
    expect(blocks.map(({ text, headingLevel }) => headingLevel && `${headingLevel} ${text}`)).toEqual([
      '1 Travel policy',
      '2 3 Costs',
      undefined,
      '3 3.2 Meals',
      undefined,
    ])
  })

  it('takes headings and their levels from the outline where there is one', async () => {
    const { blocks } = await parsed((pdf) => {
      pdf.outline.addItem('Costs').addItem('Meals')
      lines(pdf, ['1. Costs'], { y: 60 })
      paragraph(pdf, sentence(80, 1), { y: 90, width: 400 })
      lines(pdf, ['1.1 MEALS'], { y: 240 })
      paragraph(pdf, sentence(80, 2), { y: 270, width: 400 })
    })
    expect(
      blocks.filter(({ headingLevel }) => headingLevel).map(({ text, headingLevel }) => [headingLevel, text]),
    ).toEqual([
      [1, '1. Costs'],
      [2, '1.1 MEALS'],
    ])
  })

  it('writes lists as other parsers do, items whole and nested by their indent', async () => {
    const { blocks } = await parsed((pdf) => {
      lines(pdf, ['The rules are:'], { y: 80 })
      lines(pdf, ['\u2022 keep every receipt, also those of', '\u2022 ask first'], { y: 100, pitch: 24 })
      lines(pdf, ['small amounts'], { y: 112, x: 80 })
      lines(pdf, ['\u2022 by mail', '\u2022 or by telephone'], { y: 136, x: 95 })
      lines(pdf, ['1. fly', '2. write the report'], { y: 190 })
    })
    expect(blocks.map(({ text, kind }) => [kind, text])).toEqual([
      [undefined, 'The rules are:'],
      [
        'list',
        '- keep every receipt, also those of small amounts\n- ask first\n  - by mail\n  - or by telephone\n1. fly\n2. write the report',
      ],
    ])
  })

  it('keeps the cells of a row on one line, and knows the row that names the columns', async () => {
    const { blocks } = await parsed((pdf) => {
      paragraph(pdf, sentence(60, 1), { y: 60, width: 400 })
      for (const [row, cells] of [
        ['City', 'Hotel', 'Meals'],
        ['Berlin', '120', '28'],
        ['Paris', '180', '44'],
        ['Rome', '140', '35'],
      ].entries())
        for (const [column, cell] of cells.entries()) lines(pdf, [cell], { x: 90 + column * 130, y: 160 + row * 16 })
      paragraph(pdf, sentence(60, 2), { y: 260, width: 400 })
    })
    expect(blocks[1]).toMatchObject({
      kind: 'table',
      headerRows: 1,
      text: 'City | Hotel | Meals\nBerlin | 120 | 28\nParis | 180 | 44\nRome | 140 | 35',
    })
    expect(blocks).toHaveLength(3)
  })

  it('keeps the lines of code and their indents', async () => {
    const { blocks } = await parsed((pdf) => {
      paragraph(pdf, sentence(60, 1), { y: 60, width: 400 })
      lines(pdf, ['for (const page of pages) {', '  read(page)', '}'], { font: 'Courier', y: 160 })
    })
    expect(blocks[1]).toMatchObject({ kind: 'code', text: 'for (const page of pages) {\n  read(page)\n}' })
  })
})

describe('parsePdf: places', () => {
  it('gives every line a box that encloses its words', async () => {
    const { blocks } = await parsed((pdf) => {
      lines(pdf, ['The first line of a paragraph that is', 'followed by a second line of words.'], { x: 72, y: 100 })
    })
    const [block] = blocks
    expect(block?.boxes?.map(({ start, end, page }) => [block.text.slice(start, end).trim(), page])).toEqual([
      ['The first line of a paragraph that is', 1],
      ['followed by a second line of words.', 1],
    ])
    for (const [index, { box }] of block?.boxes?.entries() ?? []) {
      const [left, top, right, bottom] = box
      expect(left).toBeCloseTo(72, 0)
      expect(top).toBeGreaterThan(97 + index * 12)
      expect(bottom).toBeLessThan(114 + index * 12)
      expect(right).toBeGreaterThan(200)
      expect(right).toBeLessThan(250)
    }
  })

  it('counts from the top left of a page that is shown turned', async () => {
    const bytes = await makePdf((pdf) => {
      ;(pdf.page.dictionary.data as Record<string, unknown>).Rotate = 90
      lines(pdf, ['Along the long side'], { x: 72, y: 100 })
    })
    const { blocks } = await parsePdf(bytes)
    const [left = 0, top = 0, right = 0, bottom = 0] = blocks[0]?.boxes?.[0]?.box ?? []
    expect([left, right].every((x) => x > 841.89 - 841.89 && x < 841.89)).toBe(true)
    expect(right - left).toBeLessThan(bottom - top)
    expect(top).toBeCloseTo(72, 0)
  })

  it('has boxes in order, within a text that is canonical, whatever stands on the pages', async () => {
    const word = fc.constantFrom(
      'fee',
      'of-',
      'naïve',
      'ﬁne',
      '•',
      '1.',
      'e\u0301',
      '200',
      'Ωmega',
      '\u00a0',
      'x\u00ad',
      '—',
      'A.',
    )
    const piece = fc.record({
      text: fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' ')),
      x: fc.integer({ min: 10, max: 500 }),
      y: fc.integer({ min: 10, max: 800 }),
      size: fc.constantFrom(6, 10, 10, 10, 16),
      font: fc.constantFrom('Times-Roman', 'Times-Bold', 'Courier'),
      newPage: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 40 }), async (pieces) => {
        const { blocks } = await parsed((pdf) => {
          for (const { text, newPage, ...style } of pieces) {
            if (newPage) pdf.addPage()
            lines(pdf, [text], style)
          }
        })
        for (const { text, boxes = [], headingLevel, kind } of blocks) {
          expect(normaliseText(text)).toBe(text)
          expect(headingLevel && kind).toBeUndefined()
          let end = 0
          for (const box of boxes) {
            expect(box.start).toBeGreaterThanOrEqual(end)
            expect(box.end).toBeGreaterThan(box.start)
            end = box.end
          }
          expect(end).toBeLessThanOrEqual(text.length)
        }
        const { canonicalText, places } = canonicalDocument(blocks)
        for (const { start, end } of places) expect(canonicalText.slice(start, end).trim()).not.toBe('')
      }),
      { numRuns: 60 },
    )
  })
})

describe('parsePdf: the file', () => {
  it('keeps what the file says of itself', async () => {
    const info = {
      Title: 'Travel policy',
      Author: 'Ann',
      Subject: 'Travel',
      Keywords: 'costs, meals',
      CreationDate: new Date(0),
    }
    const { title, metadata } = await parsed((pdf) => lines(pdf, ['Text']), { info, lang: 'en-GB' })
    expect(title).toBe('Travel policy')
    expect(metadata).toEqual({
      pages: 1,
      author: 'Ann',
      subject: 'Travel',
      keywords: 'costs, meals',
      language: 'en-GB',
      created: '1970-01-01T00:00:00Z',
    })
  })

  it('takes no file name for a title, but the largest heading of the first page', async () => {
    const write = (pdf: Pdf) => {
      lines(pdf, ['Travel policy'], { size: 20 })
      paragraph(pdf, sentence(80), { y: 140, width: 400 })
    }
    for (const Title of ['Microsoft Word - policy_v3.doc', 'untitled', 'policy.pdf'])
      expect((await parsed(write, { info: { Title } })).title).toBe('Travel policy')
    expect((await parsed((pdf) => lines(pdf, ['no heading here']))).title).toBeNull()
  })

  it('reads a file that only its owner may change, and refuses one that needs a password', async () => {
    const write = (pdf: Pdf) => lines(pdf, ['Open to all'])
    const owned = await makePdf(write, { ownerPassword: 'secret', pdfVersion: '1.7' })
    expect((await parsePdf(owned)).blocks[0]?.text).toBe('Open to all')
    const closed = await makePdf(write, { userPassword: 'secret', pdfVersion: '1.7' })
    await expect(parsePdf(closed)).rejects.toMatchObject({ code: 'ENCRYPTED_FILE' })
  })

  it('refuses what is no PDF, or is cut short before its first page', async () => {
    const whole = await makePdf((pdf) => lines(pdf, ['Text']))
    for (const bytes of [Buffer.from('%PDF-1.7\nnothing'), whole.subarray(0, 60), Buffer.alloc(0)])
      await expect(parsePdf(bytes)).rejects.toMatchObject({ code: 'MALFORMED_FILE' })
  })

  it('says how many pages are pictures where none has text', async () => {
    const bytes = await makePdf((pdf) => {
      pdf.image(picture, 0, 0, { width: 595, height: 842 })
      pdf.addPage().image(picture, 0, 0, { width: 595, height: 842 })
    })
    await expect(parsePdf(bytes)).rejects.toMatchObject({
      code: 'NO_TEXT_LAYER',
      message: expect.stringContaining('2'),
    })
  })

  it('reads the pages that have text where others are pictures, and says how many are not read', async () => {
    const { blocks, metadata } = await parsed((pdf) => {
      lines(pdf, ['Readable'])
      pdf.addPage().image(picture, 0, 0, { width: 595, height: 842 })
      pdf.addPage()
    })
    expect(blocks.map(({ text }) => text)).toEqual(['Readable'])
    expect(metadata.pagesWithoutText).toBe(1)
  })

  it('leaves out text in fonts that do not say which letters they have', async () => {
    const { blocks, metadata } = await parsed((pdf) => {
      lines(pdf, ['Readable'])
      pdf.addPage()
      lines(
        pdf,
        Array.from({ length: 8 }, () => "% %3* (-./5) & ' ! %$ # '(-.45)& + %"),
      )
    })
    expect(blocks.map(({ text }) => text)).toEqual(['Readable'])
    expect(metadata.pagesWithoutText).toBe(1)
  })

  it('finds nothing in pages that are empty', async () => {
    expect((await parsed((pdf) => pdf.addPage())).blocks).toEqual([])
  })

  it('refuses more than ten thousand pages', async () => {
    const bytes = await makePdf((pdf) => {
      for (let page = 1; page <= 10_000; page++) pdf.addPage({ size: [100, 100] })
    })
    await expect(parsePdf(bytes)).rejects.toMatchObject({ code: 'TOO_MANY_PAGES' })
  })

  it('reads three hundred pages, prints nothing and leaves the bytes as they are', async () => {
    const printed = vi.spyOn(console, 'log')
    const warned = vi.spyOn(console, 'warn')
    const bytes = await makePdf((pdf) => {
      for (let page = 1; page <= 300; page++) {
        if (page > 1) pdf.addPage()
        paragraph(pdf, sentence(150, page), { width: 400 })
        lines(pdf, [`${page}`], { x: 290, y: 800 })
      }
    })
    const copy = Buffer.from(bytes)
    const { blocks, metadata } = await parsePdf(bytes)
    expect(blocks.map(({ text }) => text)).toEqual(Array.from({ length: 300 }, (_, index) => sentence(150, index + 1)))
    expect(metadata.pages).toBe(300)
    expect(bytes.equals(copy)).toBe(true)
    expect(printed).not.toHaveBeenCalled()
    expect(warned).not.toHaveBeenCalled()
  })
})
