import pptxgen from 'pptxgenjs'
import { describe, expect, it } from 'vitest'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { storedZip } from '../../../src/ingest/parse/archive/stored-zip.js'
import { parsePptx } from '../../../src/ingest/parse/pptx.js'
import { compoundFile, DRAWING, relationships, shape, slideFile, slideRun } from './office/office-files.js'

const canonical = async (bytes: Buffer) => canonicalDocument((await parsePptx(bytes)).blocks).canonicalText
const title = (text: string) => shape([text], '<p:ph type="title"/>')

/** pptxgenjs is CommonJS whose types and whose exports disagree on where its class is. */
const Presentation = pptxgen as unknown as new () => import('pptxgenjs').default

async function presentation(make: (deck: import('pptxgenjs').default) => void): Promise<Buffer> {
  const deck = new Presentation()
  deck.defineSlideMaster({
    title: 'Content',
    objects: [
      { placeholder: { options: { name: 'title', type: 'title', x: 1, y: 0, w: 8, h: 1 }, text: 'Click here' } },
    ],
    slideNumber: { x: 9, y: 5 },
  })
  make(deck)
  return (await deck.write({ outputType: 'nodebuffer' })) as Buffer
}

describe('parsePptx', () => {
  it('reads titles as headings, lists, tables and speaker notes, each with its slide', async () => {
    const file = await presentation((deck) => {
      const slide = deck.addSlide({ masterName: 'Content' })
      slide.addText('Leave', { placeholder: 'title' })
      slide.addText(
        [
          { text: 'Annual', options: { bullet: true, breakLine: true } },
          { text: 'thirty days', options: { bullet: true, indentLevel: 1, breakLine: true } },
          { text: 'Sick', options: { bullet: true } },
        ],
        { x: 1, y: 1, w: 5, h: 3 },
      )
      slide.addNotes('Mention the new law.')
      deck
        .addSlide({ masterName: 'Content' })
        .addText('Fees', { placeholder: 'title' })
        .addTable(
          [
            [{ text: 'Plan' }, { text: 'Price' }],
            [{ text: 'Basic' }, { text: '$4' }],
          ],
          { x: 1, y: 1 },
        )
    })
    expect((await parsePptx(file)).blocks).toEqual([
      { text: 'Leave', headingLevel: 2, slide: 1 },
      { text: '- Annual\n  - thirty days\n- Sick', kind: 'list', slide: 1 },
      { text: 'Speaker notes', headingLevel: 3, slide: 1 },
      { text: 'Mention the new law.', slide: 1 },
      { text: 'Fees', headingLevel: 2, slide: 2 },
      { text: 'Plan | Price\nBasic | $4', kind: 'table', slide: 2 },
    ])
  })

  it('takes title and metadata from the properties, else the first title', async () => {
    const named = await presentation((deck) => {
      deck.title = 'Onboarding'
      deck.author = 'Ann'
      deck.addSlide().addText('x', { x: 1, y: 1 })
    })
    expect(await parsePptx(named)).toMatchObject({ title: 'Onboarding', metadata: { author: 'Ann' } })
    const unnamed = slideFile([{ shapes: shape(['intro']) }, { shapes: title('The plan') }])
    expect((await parsePptx(unnamed)).title).toBe('The plan')
    expect((await parsePptx(slideFile([{ shapes: shape(['only text']) }]))).title).toBeNull()
  })

  it('follows the order of showing, not that of file names, and reads hidden slides', async () => {
    const file = slideFile([{ shapes: title('First') }, { shapes: title('Second') }, { shapes: title('Third') }])
    expect(await canonical(file)).toBe('First\n\nSecond\n\nThird')
  })

  it('heads a slide without a title by its number, so that its text is not its predecessor’s', async () => {
    const file = slideFile([{ shapes: title('One') }, { shapes: shape(['loose text']) }, { shapes: shape(['']) }])
    const { blocks } = await parsePptx(file)
    expect(blocks.map(({ text, slide }) => [text, slide])).toEqual([
      ['One', 1],
      ['Slide 2', 2],
      ['loose text', 2],
    ])
  })

  it('makes headings of level 1 of title slides and of slides that begin a section', async () => {
    const layouts = {
      first: `<p:sldLayout ${DRAWING} type="title"/>`,
      section: `<p:sldLayout ${DRAWING} type="secHead"/>`,
    }
    const slides = [
      {
        shapes: shape(['The deck'], '<p:ph type="ctrTitle"/>') + shape(['for all'], '<p:ph type="subTitle"/>'),
        layout: 'first',
      },
      { shapes: title('Part'), layout: 'section' },
      { shapes: title('Page') },
    ]
    const { sections } = canonicalDocument((await parsePptx(slideFile(slides, layouts))).blocks)
    expect(sections.map(({ headingPath }) => headingPath)).toEqual([['The deck'], ['Part'], ['Part', 'Page']])
  })

  it('leaves footers, dates, slide numbers and hidden shapes out, and reads grouped ones', async () => {
    const shapes =
      ['ftr', 'dt', 'sldNum'].map((type) => shape([type], `<p:ph type="${type}"/>`)).join('') +
      shape(['hidden'], '', 'id="2" name="" hidden="1"') +
      `<p:grpSp><p:nvGrpSpPr><p:cNvPr id="3" name=""/></p:nvGrpSpPr>${shape(['in a group'])}<p:grpSp>${shape(['deeper'])}</p:grpSp></p:grpSp>` +
      title('Last in the file, first on the slide')
    expect(await canonical(slideFile([{ shapes }]))).toBe(
      'Last in the file, first on the slide\n\nin a group\n\ndeeper',
    )
  })

  it('knows bullets that the layout gives, or takes away', async () => {
    const list = (bullet: string) => `<a:lstStyle><a:lvl1pPr>${bullet}</a:lvl1pPr></a:lstStyle>`
    const model = (index: number, bullet: string) =>
      `<p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="${index}"/></p:nvPr></p:nvSpPr><p:txBody>${list(bullet)}</p:txBody></p:sp>`
    const layout = `<p:sldLayout ${DRAWING}><p:cSld><p:spTree>${model(1, '<a:buChar char="•"/>')}${model(2, '<a:buNone/>')}</p:spTree></p:cSld></p:sldLayout>`
    const shapes =
      title('T') +
      shape(['a', '<a:pPr><a:buNone/></a:pPr><a:r><a:t>plain</a:t></a:r>', 'b'], '<p:ph idx="1"/>') +
      shape(['caption'], '<p:ph idx="2"/>')
    expect(await canonical(slideFile([{ shapes, layout: 'l' }], { l: layout }))).toBe(
      'T\n\n- a\n\nplain\n\n- b\n\ncaption',
    )
  })

  it('shows the numbers that lists give themselves', async () => {
    const item = (text: string, type: string, level = 0, start = '') =>
      `<a:pPr lvl="${level}"><a:buAutoNum type="${type}"${start}/></a:pPr>${slideRun(text)}`
    const shapes =
      title('T') +
      shape([
        item('one', 'arabicPeriod'),
        item('sub', 'alphaLcParenBoth', 1),
        item('sub', 'alphaLcParenBoth', 1),
        item('two', 'arabicPeriod'),
        item('sub', 'alphaLcParenBoth', 1),
        item('four', 'romanUcParenR', 0, ' startAt="4"'),
      ])
    expect(await canonical(slideFile([{ shapes }]))).toBe(
      'T\n\n1. one\n  (a) sub\n  (b) sub\n2. two\n  (a) sub\nIV) four',
    )
  })

  it('keeps line breaks in text and not in titles, and joins runs', async () => {
    const broken = `${slideRun('Two ')}${slideRun('lines,')}<a:br/>${slideRun('one text')}`
    const shapes = shape([broken], '<p:ph type="title"/>') + shape([broken])
    expect(await canonical(slideFile([{ shapes }]))).toBe('Two lines, one text\n\nTwo lines,\none text')
  })

  it('says which row of a table names the columns, and keeps columns under merged cells', async () => {
    const cell = (text: string, more = '') => `<a:tc${more}><a:txBody><a:p>${slideRun(text)}</a:p></a:txBody></a:tc>`
    const table =
      `<a:tbl><a:tblPr firstRow="1"/><a:tr>${cell('Day')}${cell('Room')}</a:tr><a:tr>${cell('Mon', ' rowSpan="2"')}${cell('A')}</a:tr>` +
      `<a:tr>${cell('', ' vMerge="1"')}${cell('B')}</a:tr></a:tbl>`
    const shapes = `${title('T')}<p:graphicFrame><a:graphic><a:graphicData>${table}</a:graphicData></a:graphic></p:graphicFrame>`
    expect((await parsePptx(slideFile([{ shapes }]))).blocks[1]).toEqual({
      text: 'Day | Room\nMon | A\n| B',
      kind: 'table',
      headerRows: 1,
      slide: 1,
    })
  })

  it('reads a diagram as the outline that it was made from', async () => {
    const point = (id: string, text: string, type = 'node') =>
      `<dgm:pt modelId="${id}" type="${type}"><dgm:t><a:p>${text === '' ? '' : slideRun(text)}</a:p></dgm:t></dgm:pt>`
    const under = (source: string, destination: string, order: number) =>
      `<dgm:cxn modelId="c${destination}" srcId="${source}" destId="${destination}" srcOrd="${order}"/>`
    const data =
      `<dgm:dataModel ${DRAWING}><dgm:ptLst>${point('0', '', 'doc')}${point('2', 'Then')}${point('1', 'First')}${point('3', 'detail')}</dgm:ptLst>` +
      `<dgm:cxnLst>${under('0', '2', 1)}${under('0', '1', 0)}${under('1', '3', 0)}${under('3', '1', 0)}</dgm:cxnLst></dgm:dataModel>`
    const shapes =
      title('T') +
      '<p:graphicFrame><a:graphic><a:graphicData><dgm:relIds r:dm="rId2"/></a:graphicData></a:graphic></p:graphicFrame>'
    const file = slideFile([{ shapes, parts: [['diagramData', 'diagrams/data1.xml', data]] }])
    expect(await canonical(file)).toBe('T\n\n- First\n  - detail\n- Then')
  })

  it('reads one of two ways of saying the same', async () => {
    const either = (choice: string, fallback: string) =>
      `<mc:AlternateContent><mc:Choice>${choice}</mc:Choice><mc:Fallback>${fallback}</mc:Fallback></mc:AlternateContent>`
    const shapes = either(title('T'), title('T')) + either(shape(['new']), shape(['old'])) + either('', shape(['only']))
    expect(await canonical(slideFile([{ shapes }]))).toBe('T\n\nnew\n\nonly')
  })

  it('hears what a picture shows where someone wrote it', async () => {
    const picture = (description: string) =>
      `<p:pic><p:nvPicPr><p:cNvPr id="4" name="Picture 3" descr="${description}"/></p:nvPicPr></p:pic>`
    const shapes = title('T') + picture('Staff at the desk') + picture('Picture 3') + picture('logo.png') + picture('')
    expect(await canonical(slideFile([{ shapes }]))).toBe('T\n\nStaff at the desk')
  })

  it('returns no blocks for a deck without text', async () => {
    expect((await parsePptx(slideFile([{ shapes: '' }]))).blocks).toEqual([])
    expect((await parsePptx(slideFile([]))).blocks).toEqual([])
  })
})

describe('files that are no PPTX', () => {
  const reading = (bytes: Buffer) => expect(parsePptx(bytes)).rejects

  it('are refused by what they are', async () => {
    await reading(compoundFile('EncryptedPackage')).toMatchObject({ code: 'ENCRYPTED_FILE' })
    await reading(compoundFile('PowerPoint Document')).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: 'the content is a PowerPoint 97-2003 presentation (.ppt); save it as .pptx',
    })
    await reading(Buffer.from('%PDF-1.7')).toMatchObject({ code: 'CONTENT_MISMATCH' })
    await reading(storedZip([['a.txt', 'a']])).toMatchObject({ code: 'CONTENT_MISMATCH' })
  })

  it('or are damaged', async () => {
    const whole = slideFile([{ shapes: title('T') }])
    await reading(whole.subarray(0, whole.length - 40)).toMatchObject({ code: 'MALFORMED_FILE' })
    await reading(slideFile([{ shapes: '<p:sp>' }])).toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining('ppt/slides/slide1.xml'),
    })
  })

  it('and a document type is refused before anything in it expands', async () => {
    const file = storedZip([
      ['_rels/.rels', relationships(['officeDocument', 'ppt/presentation.xml'])],
      [
        'ppt/presentation.xml',
        `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><p:presentation ${DRAWING}>&a;</p:presentation>`,
      ],
    ])
    await reading(file).toMatchObject({ code: 'MALFORMED_FILE', message: expect.stringContaining('document type') })
  })

  it('are too deep for the stack, which the caller reports', async () => {
    const shapes = '<p:grpSp>'.repeat(5_000) + '</p:grpSp>'.repeat(5_000)
    await reading(slideFile([{ shapes }])).toThrow(RangeError)
  })

  it('lose no more than the slide that is missing', async () => {
    const file = storedZip([
      ['_rels/.rels', relationships(['officeDocument', 'ppt/presentation.xml'])],
      [
        'ppt/presentation.xml',
        `<p:presentation ${DRAWING}><p:sldIdLst><p:sldId r:id="rId9"/><p:sldId r:id="rId1"/></p:sldIdLst></p:presentation>`,
      ],
      ['ppt/_rels/presentation.xml.rels', relationships(['slide', 'slides/one.xml'])],
      ['ppt/slides/one.xml', `<p:sld ${DRAWING}><p:cSld><p:spTree>${title('Here')}</p:spTree></p:cSld></p:sld>`],
    ])
    expect(await canonical(file)).toBe('Here')
  })
})
