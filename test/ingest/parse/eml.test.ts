import { describe, expect, it } from 'vitest'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { parseEml } from '../../../src/ingest/parse/eml.js'

const parse = (...lines: string[]) => parseEml(Buffer.from(lines.join('\r\n'), 'latin1'))
const textsOf = async (...lines: string[]) => (await parse(...lines)).blocks.map(({ text }) => text.trim())

const HEADERS = ['From: Ann Lee <ann@example.org>', 'Subject: Leave', 'MIME-Version: 1.0']
const TEXT = [...HEADERS, 'Content-Type: text/plain; charset=utf-8', '']

describe('headers', () => {
  it('become title, metadata and lines that can be quoted', async () => {
    const parsed = await parse(
      'From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>',
      'To: Ann Lee <ann@example.org>, team: bob@example.org, "Cid, Jr." <cid@example.org>;',
      'Cc: dan@example.org',
      'Subject: =?iso-8859-1?Q?Urlaub_f=FCr?= =?iso-8859-1?Q?_alle?=',
      'Date: Mon, 6 May 2024 09:30:00 +0200',
      'Message-ID: <1@example.org>',
      'In-Reply-To: <0@example.org>',
      '',
      'Hello.',
    )
    expect(parsed).toEqual({
      title: 'Urlaub für alle',
      metadata: {
        from: 'Jörg Müller <joerg@example.org>',
        to: ['Ann Lee <ann@example.org>', 'bob@example.org', 'Cid, Jr. <cid@example.org>'],
        cc: ['dan@example.org'],
        date: '2024-05-06T07:30:00.000Z',
        messageId: '<1@example.org>',
        inReplyTo: '<0@example.org>',
      },
      blocks: [
        { text: 'Urlaub für alle', headingLevel: 1 },
        {
          text:
            'From: Jörg Müller <joerg@example.org>\n' +
            'To: Ann Lee <ann@example.org>, bob@example.org, Cid, Jr. <cid@example.org>\n' +
            'Cc: dan@example.org\nDate: Mon, 6 May 2024 09:30:00 +0200',
        },
        { text: 'Hello.\n' },
      ],
    })
  })

  it('may be few', async () => {
    expect(await parse('Date: some day', '', 'Hello.')).toMatchObject({ title: null, metadata: { date: 'some day' } })
  })

  it('must be those of an e-mail', async () => {
    await expect(parse('Dear Ann,', '', 'this is a letter.')).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
    await expect(parseEml(Buffer.alloc(0))).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
  })

  it('alone are no document', async () => {
    expect((await parse('From: ann@example.org', '', '')).blocks).toEqual([])
  })
})

describe('the body', () => {
  it('is decoded from quoted-printable and its charset', async () => {
    const type = ['Content-Type: text/plain; charset=windows-1252', 'Content-Transfer-Encoding: quoted-printable']
    const texts = await textsOf(...HEADERS, ...type, '', 'The =93short=94 form =96 for caf=E9s =', 'only.')
    expect(texts.at(-1)).toBe('The “short” form – for cafés only.')
  })

  it('is decoded from base64', async () => {
    const type = ['Content-Type: text/plain; charset=koi8-r', 'Content-Transfer-Encoding: base64']
    expect((await textsOf(...HEADERS, ...type, '', '5MHXycQ=')).at(-1)).toBe('Давид')
  })

  it('has its flowing lines joined', async () => {
    const texts = await textsOf(
      ...HEADERS,
      'Content-Type: text/plain; format=flowed',
      '',
      'The notice period ',
      'is three months.',
      '',
      'Ann',
    )
    expect(texts.at(-1)).toBe('The notice period is three months.\n\nAnn')
  })

  it('is its text part when there is HTML as well', async () => {
    const texts = await textsOf(
      ...HEADERS,
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'plain',
      '--b',
      'Content-Type: text/html',
      '',
      '<p>rich</p>',
      '--b--',
    )
    expect(texts.slice(2)).toEqual(['plain'])
  })

  it('is its HTML when there is no text, without what nobody sees', async () => {
    const html =
      '<style>p{}</style><h2>Travel</h2><p>Book <b>early</b>.</p><table><tr><td>a<td>b</table>' +
      '<img src="https://t.example/p.gif" width=1 height=1><script>x()</script><blockquote>Earlier.</blockquote>'
    const texts = await textsOf(...HEADERS, 'Content-Type: text/html; charset=utf-8', '', html)
    expect(texts.slice(2)).toEqual(['Travel', 'Book early.', 'a | b', 'Earlier.'])
  })

  it('keeps what was quoted in blocks of its own', async () => {
    const texts = await textsOf(
      ...TEXT,
      'Yes, three months.',
      '',
      'On Mon, 6 May 2024 at 09:30, Ann Lee',
      '<ann@example.org> wrote:',
      '',
      '> How long is the',
      '> notice period?',
      '>> An older question.',
      '> Thanks',
      '',
      'And call me.',
    )
    expect(texts.slice(2)).toEqual([
      'Yes, three months.',
      'On Mon, 6 May 2024 at 09:30, Ann Lee\n<ann@example.org> wrote:\n\nHow long is the\nnotice period?',
      'An older question.',
      'Thanks',
      'And call me.',
    ])
  })

  it('keeps what was forwarded, and the signature, in blocks of their own', async () => {
    const texts = await textsOf(
      ...TEXT,
      'See below.',
      '-- ',
      'Ann Lee, Personnel',
      '-----Original Message-----',
      'From: Bob',
      'The office closes at six.',
      'On 1 May 2024, Cid wrote:',
      'When does it close?',
    )
    expect(texts.slice(2)).toEqual([
      'See below.',
      '-- \nAnn Lee, Personnel',
      '-----Original Message-----\nFrom: Bob\nThe office closes at six.',
      'On 1 May 2024, Cid wrote:\nWhen does it close?',
    ])
  })

  it('may be missing when there is a subject', async () => {
    const { blocks } = await parse('Subject: The office is closed today', 'From: ann@example.org', '', '')
    expect(canonicalDocument(blocks).canonicalText).toBe('The office is closed today\n\nFrom: ann@example.org')
  })
})

describe('attachments', () => {
  const message = (disposition: string) => [
    ...HEADERS,
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'See the plan.',
    '--b',
    'Content-Type: application/pdf',
    disposition,
    'Content-Transfer-Encoding: base64',
    '',
    'JVBERi0=',
    '--b--',
  ]

  it('are named, with type and size, and not read', async () => {
    const parsed = await parse(...message("Content-Disposition: attachment; filename*=utf-8''pl%C3%A4ne.pdf"))
    expect(parsed.metadata.attachments).toEqual([{ name: 'pläne.pdf', type: 'application/pdf', byteCount: 5 }])
    expect(parsed.blocks[1]?.text).toBe('From: Ann Lee <ann@example.org>\nAttachments: pläne.pdf')
    expect(parsed.blocks).toHaveLength(3)
  })

  it('may have no name', async () => {
    const parsed = await parse(...message('Content-Disposition: attachment'))
    expect(parsed.blocks[1]?.text).toContain('Attachments: application/pdf')
  })
})

it('refuses parts nested without end', async () => {
  const parts = Array.from({ length: 400 }, (_, n) => [`Content-Type: multipart/mixed; boundary=b${n}`, '', `--b${n}`])
  await expect(parse(...HEADERS, ...parts.flat(), '', 'deep')).rejects.toMatchObject({ code: 'NESTED_TOO_DEEPLY' })
})
