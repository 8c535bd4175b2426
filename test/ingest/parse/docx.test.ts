import {
  Document,
  ExternalHyperlink,
  Footer,
  FootnoteReferenceRun,
  Header,
  HeadingLevel,
  type ISectionOptions,
  LevelFormat,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
} from 'docx'
import { describe, expect, it } from 'vitest'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { storedZip } from '../../../src/ingest/parse/archive/stored-zip.js'
import { parseDocx } from '../../../src/ingest/parse/docx.js'
import { compoundFile, NAMESPACES, paragraph, relationships, run, wordFile } from './office/office-files.js'

type Child = ISectionOptions['children'][number]
type DocumentOptions = ConstructorParameters<typeof Document>[0]

const packed = (children: readonly Child[], options: Partial<DocumentOptions> = {}, section = {}): Promise<Buffer> =>
  Packer.toBuffer(new Document({ ...options, sections: [{ ...section, children }] }))

const canonical = async (bytes: Buffer | Promise<Buffer>) =>
  canonicalDocument((await parseDocx(await bytes)).blocks).canonicalText

const text = (value: string, options = {}) => new Paragraph({ text: value, ...options })

describe('parseDocx', () => {
  it('reads headings with their levels and paragraphs between them', async () => {
    const { blocks } = await parseDocx(
      await packed([
        text('Handbook', { heading: HeadingLevel.TITLE }),
        text('Leave', { heading: HeadingLevel.HEADING_1 }),
        text('Sick leave', { heading: HeadingLevel.HEADING_2 }),
        text('Call before nine.'),
        new Paragraph({ children: [new TextRun({ text: 'Bold and short', bold: true })] }),
      ]),
    )
    expect(blocks).toEqual([
      { text: 'Handbook', headingLevel: 1 },
      { text: 'Leave', headingLevel: 1 },
      { text: 'Sick leave', headingLevel: 2 },
      { text: 'Call before nine.' },
      { text: 'Bold and short' },
    ])
  })

  it('knows a heading by the outline level of its style, of the style that is based on, or of its own', async () => {
    const styles =
      '<w:style w:type="paragraph" w:styleId="Klausel"><w:name w:val="Klausel"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>' +
      '<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Eigene"/><w:basedOn w:val="Klausel"/></w:style>' +
      '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    const body =
      paragraph('Allgemeines', '<w:pStyle w:val="berschrift1"/>') +
      paragraph('Geltung', '<w:pStyle w:val="Klausel"/>') +
      paragraph('Ausnahmen', '<w:pStyle w:val="Sub"/>') +
      paragraph('Fristen', '<w:outlineLvl w:val="2"/>') +
      paragraph('Text', '<w:pStyle w:val="Sub"/><w:outlineLvl w:val="9"/>')
    const { blocks } = await parseDocx(wordFile(body, { styles }))
    expect(blocks.map(({ headingLevel }) => headingLevel)).toEqual([1, 2, 2, 3, undefined])
  })

  it('does not take a whole clause for a heading because of its style', async () => {
    const clause = 'The tenant pays the rent in advance. '.repeat(10).trim()
    const styles = '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style>'
    const { blocks } = await parseDocx(wordFile(paragraph(clause, '<w:pStyle w:val="H2"/>'), { styles }))
    expect(blocks).toEqual([{ text: clause }])
  })

  it('does not count the text of a box that is anchored in a heading', async () => {
    const box = `<w:r><w:pict><v:textbox><w:txbxContent>${paragraph('Mind this. '.repeat(40))}</w:txbxContent></v:textbox></w:pict></w:r>`
    const styles = '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    const parsed = await parseDocx(wordFile(paragraph(run('Safety') + box, '<w:pStyle w:val="T"/>'), { styles }))
    expect(parsed.title).toBe('Safety')
    expect(parsed.blocks[0]).toEqual({ text: 'Safety', headingLevel: 1 })
  })

  it('keeps links, line breaks and special characters, and leaves headers and footers out', async () => {
    const file = packed(
      [
        new Paragraph({
          children: [
            new TextRun('See '),
            new ExternalHyperlink({ link: 'https://example.org', children: [new TextRun('the guide')] }),
            new TextRun({ text: ' & <more>', break: 1 }),
          ],
        }),
      ],
      {},
      {
        headers: { default: new Header({ children: [text('HEAD')] }) },
        footers: { default: new Footer({ children: [text('FOOT')] }) },
      },
    )
    expect(await canonical(file)).toBe('See the guide\n& <more>')
  })

  it('takes title and metadata from the properties', async () => {
    const file = await packed([text('x')], {
      title: 'Leave policy',
      creator: 'Ann',
      subject: 'HR',
      keywords: 'sick, annual',
    })
    const { title, metadata } = await parseDocx(file)
    expect(title).toBe('Leave policy')
    expect(metadata).toMatchObject({ author: 'Ann', subject: 'HR', keywords: 'sick, annual' })
    expect(metadata.created).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('takes the titled paragraph, else the first heading, where the properties name a file or nothing', async () => {
    const heading = text('One', { heading: HeadingLevel.HEADING_1 })
    const titled = [heading, text('The title', { heading: HeadingLevel.TITLE })]
    expect((await parseDocx(await packed(titled, { title: 'Document1' }))).title).toBe('The title')
    expect((await parseDocx(await packed([heading], { title: 'final v2.docx' }))).title).toBe('One')
    expect((await parseDocx(await packed([text('x')]))).title).toBeNull()
  })

  it('returns no blocks for a document without text', async () => {
    expect((await parseDocx(await packed([text('')]))).blocks).toEqual([])
  })
})

describe('lists in DOCX', () => {
  const bullets = (value: string, level: number) => text(value, { bullet: { level } })

  it('nest, bulleted within numbered', async () => {
    const numbering = {
      config: [{ reference: 'n', levels: [{ level: 0, format: LevelFormat.DECIMAL, text: '%1.' }] }],
    }
    const one = (value: string) => text(value, { numbering: { reference: 'n', level: 0 } })
    const file = packed([one('First'), bullets('deep', 1), bullets('deeper', 2), one('Second')], { numbering })
    const { blocks } = await parseDocx(await file)
    expect(blocks).toEqual([{ text: '1. First\n  - deep\n    - deeper\n2. Second', kind: 'list' }])
  })

  const level = (index: number, format: string, pattern: string, more = '') =>
    `<w:lvl w:ilvl="${index}"><w:start w:val="1"/><w:numFmt w:val="${format}"/>${more}<w:lvlText w:val="${pattern}"/></w:lvl>`
  const numbering =
    `<w:abstractNum w:abstractNumId="0">${level(0, 'decimal', '%1.')}${level(1, 'decimal', '%1.%2')}${level(2, 'lowerLetter', '(%3)')}</w:abstractNum>` +
    `<w:abstractNum w:abstractNumId="1">${level(0, 'upperRoman', 'Article %1', '<w:pStyle w:val="Article"/>')}</w:abstractNum>` +
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>' +
    '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>' +
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/></w:num>'
  const item = (value: string, index: number, list = 1) =>
    paragraph(value, `<w:numPr><w:ilvl w:val="${index}"/><w:numId w:val="${list}"/></w:numPr>`)

  it('show the numbers that Word shows: going on after a paragraph, by level, restarted where it is said', async () => {
    const body =
      item('Scope', 0) +
      item('Persons', 1) +
      item('staff', 2) +
      item('guests', 2) +
      paragraph('Between.') +
      item('Places', 1) +
      item('offices', 2) +
      item('Term', 0) +
      item('Length', 1) +
      item('Anew', 0, 2) +
      item('Next', 0, 2)
    expect(await canonical(wordFile(body, { numbering }))).toBe(
      '1. Scope\n  1.1 Persons\n    (a) staff\n    (b) guests\n\nBetween.\n\n' +
        '1.2 Places\n  (a) offices\n\n2. Term\n  2.1 Length\n7. Anew\n8. Next',
    )
  })

  it('give their numbers to headings as a part of the text', async () => {
    const styles =
      '<w:style w:type="paragraph" w:styleId="Article"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>'
    const heading = (value: string, more = '') => paragraph(value, `<w:pStyle w:val="Article"/>${more}`)
    const none = '<w:numPr><w:numId w:val="0"/></w:numPr>'
    const body = heading('Scope') + paragraph('x') + heading('Annex', none) + heading('Term')
    const { blocks } = await parseDocx(wordFile(body, { styles, numbering }))
    expect(blocks.map((block) => block.text)).toEqual(['Article I Scope', 'x', 'Annex', 'Article II Term'])
    expect(blocks[0]?.headingLevel).toBe(1)
  })

  it('do not count paragraphs that a reader does not see', async () => {
    const hidden = paragraph(
      run('gone'),
      '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del w:id="1"/></w:rPr>',
    )
    const body =
      item('One', 0) +
      hidden.replace('<w:r>', '<w:del w:id="2"><w:r>').replace('</w:r></w:p>', '</w:r></w:del></w:p>') +
      item('Two', 0)
    expect(await canonical(wordFile(body, { numbering }))).toBe('1. One\n2. Two')
  })
})

describe('tables in DOCX', () => {
  const row = (cells: readonly string[], options = {}) =>
    new TableRow({ ...options, children: cells.map((value) => new TableCell({ children: [text(value)] })) })

  it('are a line per row and say which rows name the columns', async () => {
    const table = new Table({
      rows: [row(['Plan', 'Price'], { tableHeader: true }), row(['Basic', '$4']), row(['Team', ''])],
    })
    const { blocks } = await parseDocx(await packed([text('Above'), table, text('Below')]))
    expect(blocks).toEqual([
      { text: 'Above' },
      { text: 'Plan | Price\nBasic | $4\nTeam |', kind: 'table', headerRows: 1 },
      { text: 'Below' },
    ])
  })

  const cell = (value: string, properties = '') => `<w:tc><w:tcPr>${properties}</w:tcPr>${paragraph(value)}</w:tc>`

  it('know a header row by the style that makes it look like one', async () => {
    const styles =
      '<w:style w:type="table" w:styleId="Grid"><w:name w:val="Grid"/><w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>' +
      '<w:style w:type="table" w:styleId="Plain"><w:name w:val="Plain"/></w:style>'
    const table = (style: string, look: string) =>
      `<w:tbl><w:tblPr><w:tblStyle w:val="${style}"/><w:tblLook ${look}/></w:tblPr>` +
      `<w:tr>${cell('A')}${cell('B')}</w:tr><w:tr>${cell('1')}${cell('2')}</w:tr></w:tbl>`
    const body = ['w:firstRow="1"', 'w:val="04A0"', 'w:firstRow="0"']
      .map((look) => table('Grid', look))
      .join(paragraph('x'))
    const { blocks } = await parseDocx(wordFile(body + table('Plain', 'w:firstRow="1"'), { styles }))
    expect(blocks.filter(({ kind }) => kind === 'table').map(({ headerRows }) => headerRows)).toEqual([
      1,
      1,
      undefined,
      undefined,
    ])
  })

  it('keep their columns under a cell that reaches over several rows', async () => {
    const body =
      `<w:tbl><w:tr>${cell('Berlin', '<w:vMerge w:val="restart"/>')}${cell('Mon')}</w:tr>` +
      `<w:tr>${cell('', '<w:vMerge/>')}${cell('Tue')}</w:tr></w:tbl>`
    expect(await canonical(wordFile(body))).toBe('Berlin | Mon\n| Tue')
  })

  it('leave out rows that were deleted', async () => {
    const body = `<w:tbl><w:tr>${cell('stays')}${cell('1')}</w:tr><w:tr><w:trPr><w:del w:id="1"/></w:trPr>${cell('goes')}${cell('2')}</w:tr></w:tbl>`
    expect(await canonical(wordFile(body))).toBe('stays | 1')
  })
})

describe('notes in DOCX', () => {
  it('stand after the paragraph they belong to, and leave no mark in it', async () => {
    const file = packed(
      [
        new Paragraph({
          children: [new TextRun('Thirty days'), new FootnoteReferenceRun(1), new TextRun(' of leave.')],
        }),
        text('Next.'),
      ],
      { footnotes: { 1: { children: [text('Twenty-five in the first year.')] } } },
    )
    expect(await canonical(file)).toBe('Thirty days of leave.\n\nTwenty-five in the first year.\n\nNext.')
  })

  it('do not cut a list, and endnotes stand at the end', async () => {
    const note = (name: string, id: number) => `<w:r><w:${name}Reference w:id="${id}"/></w:r>`
    const list = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    const numbering =
      '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    const body =
      paragraph(run('a') + note('endnote', 2) + note('footnote', 3), list) + paragraph('b', list) + paragraph('c')
    const parts = {
      numbering,
      footnotes: `<w:footnote w:type="separator" w:id="0">${paragraph('-')}</w:footnote><w:footnote w:id="3">${paragraph('foot')}</w:footnote>`,
      endnotes: `<w:endnote w:id="2">${paragraph('end')}</w:endnote>`,
    }
    expect(await canonical(wordFile(body, parts))).toBe('- a\n- b\n\nfoot\n\nc\n\nend')
  })
})

describe('what a reader of a DOCX sees', () => {
  it('is what was inserted and moved here, not what was deleted or moved away', async () => {
    const body = paragraph(
      `${run('Pay ')}<w:del w:id="1"><w:r><w:delText>ten</w:delText></w:r></w:del><w:ins w:id="2">${run('twelve')}</w:ins>` +
        `<w:moveFrom w:id="3">${run(' soon')}</w:moveFrom><w:moveTo w:id="4">${run(' now')}</w:moveTo>${run('.')}`,
    )
    expect(await canonical(wordFile(body))).toBe('Pay twelve now.')
  })

  it('joins paragraphs whose border was deleted', async () => {
    const body = paragraph('One ', '<w:rPr><w:del w:id="1"/></w:rPr>') + paragraph('and two.')
    expect(await canonical(wordFile(body))).toBe('One and two.')
  })

  it('is no hidden text, no comment, no field code, no placeholder and no table of contents', async () => {
    const styles = '<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>'
    const field = (type: string) => `<w:r><w:fldChar w:fldCharType="${type}"/></w:r>`
    const body =
      paragraph('Leave 4', '<w:pStyle w:val="Verzeichnis1"/>') +
      paragraph(run('Seen') + run('secret', '<w:vanish/>') + run(' text', '<w:vanish w:val="0"/>')) +
      paragraph(
        `${run('On ')}${field('begin')}<w:r><w:instrText>DATE</w:instrText></w:r>${field('separate')}${run('1 May')}${field('end')}`,
      ) +
      `<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>${paragraph('Click here.')}</w:sdtContent></w:sdt>` +
      `<w:sdt><w:sdtPr/><w:sdtContent>${paragraph('Filled in.')}</w:sdtContent></w:sdt>` +
      paragraph('<w:r><w:commentReference w:id="0"/></w:r>')
    const comments = `<w:comment w:id="0">${paragraph('Really?')}</w:comment>`
    expect(await canonical(wordFile(body, { styles, comments }))).toBe('Seen text\n\nOn 1 May\n\nFilled in.')
  })

  it('is the text of simple fields, of text boxes once, of readings and of equations', async () => {
    const box = `<w:txbxContent>${paragraph('In a box')}</w:txbxContent>`
    const body =
      paragraph(`${run('Figure ')}<w:fldSimple w:instr="SEQ">${run('7')}</w:fldSimple>`) +
      paragraph(
        `${run('Beside')}<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wp:docPr id="1" name="Text Box 1"/>` +
          `<wps:txbx>${box}</wps:txbx></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>${box}</v:textbox></w:pict>` +
          '</mc:Fallback></mc:AlternateContent></w:r>',
      ) +
      paragraph(`<w:r><w:ruby><w:rt>${run('kan')}</w:rt><w:rubyBase>${run('漢')}</w:rubyBase></w:ruby></w:r>`) +
      paragraph(
        '<m:oMath><m:r><m:t>x=</m:t></m:r><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>',
      )
    expect(await canonical(wordFile(body))).toBe('Figure 7\n\nBeside\n\nIn a box\n\n漢\n\nx=(a+b)/2')
  })

  it('hears what a picture shows where someone wrote it, not its file name', async () => {
    const picture = (description: string) =>
      `<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" descr="${description}"/></wp:inline></w:drawing></w:r>`
    const body = paragraph(
      `${run('Map:')}${picture('The way to the office')}${picture('image1.png')}${picture('A cat. Description automatically generated')}`,
    )
    expect(await canonical(wordFile(body))).toBe('Map: The way to the office')
  })

  it('is whether a box of a form is ticked', async () => {
    const box = (checked: string) =>
      `<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="${checked}"/></w:checkBox></w:ffData></w:fldChar></w:r>` +
      '<w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    expect(await canonical(wordFile(paragraph(`${box('1')}${run(' yes ')}${box('0')}${run(' no')}`)))).toBe(
      '☒ yes ☐ no',
    )
  })
})

describe('files that are no DOCX', () => {
  const reading = (bytes: Buffer) => expect(parseDocx(bytes)).rejects

  it('are refused by what they are', async () => {
    await reading(compoundFile('EncryptionInfo', 'EncryptedPackage')).toMatchObject({ code: 'ENCRYPTED_FILE' })
    await reading(compoundFile('WordDocument')).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'the content is a Word 97-2003 document (.doc); save it as .docx',
    })
    await reading(Buffer.from('MZ\x90 a program')).toMatchObject({ code: 'CONTENT_MISMATCH' })
    await reading(Buffer.alloc(0)).toMatchObject({ code: 'CONTENT_MISMATCH' })
    await reading(storedZip([['readme.txt', 'hello']])).toMatchObject({ code: 'CONTENT_MISMATCH' })
    const other = storedZip([
      ['_rels/.rels', relationships(['officeDocument', 'ppt/presentation.xml'])],
      ['ppt/presentation.xml', '<p:presentation xmlns:p="p"/>'],
    ])
    await reading(other).toMatchObject({
      code: 'CONTENT_MISMATCH',
      message: expect.stringContaining('not a Word document'),
    })
  })

  it('or are damaged', async () => {
    const whole = await packed([text('x')])
    await reading(whole.subarray(0, whole.length / 2)).toMatchObject({ code: 'MALFORMED_FILE' })
    await reading(wordFile('<w:p><w:r>')).toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining('word/document.xml'),
    })
  })

  it('or too deep for the stack, which the caller reports', async () => {
    const depth = 5_000
    const body = '<w:tbl><w:tr><w:tc>'.repeat(depth) + paragraph('deep') + '</w:tc></w:tr></w:tbl>'.repeat(depth)
    await reading(wordFile(body)).toThrow(RangeError)
  })

  it('and a document type is refused before anything in it expands', async () => {
    const bomb = `<!DOCTYPE w:document [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><w:document ${NAMESPACES}><w:body>${paragraph('&b;')}</w:body></w:document>`
    const file = storedZip([
      ['_rels/.rels', relationships(['officeDocument', 'word/document.xml'])],
      ['word/document.xml', bomb],
    ])
    await reading(file).toMatchObject({ code: 'MALFORMED_FILE', message: expect.stringContaining('document type') })
  })
})
