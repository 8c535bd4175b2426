import { describe, expect, it } from 'vitest'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { parseHtml } from '../../../src/ingest/parse/html.js'

const canonical = (source: string) => canonicalDocument(parseHtml(source).blocks).canonicalText

describe('parseHtml', () => {
  it('turns block elements into blocks and inline elements into text', () => {
    expect(canonical('<h1>Fees <em>now</em></h1><div>One <b>big</b>\n text<p>Two<br>lines</p>three</div>')).toBe(
      'Fees now\n\nOne big text\n\nTwo\nlines\n\nthree',
    )
  })

  it('reads no scripts, styles, navigation, controls or hidden parts', () => {
    const source =
      '<html><head><title>T</title><style>a{}</style></head><body><nav>Home</nav><script>x()</script><p>Text</p>' +
      '<p hidden>secret</p><button>OK</button><noscript>old</noscript><svg><title>icon</title></svg></body></html>'
    expect(canonical(source)).toBe('Text')
  })

  it('writes lists, tables and code as Markdown does', () => {
    expect(canonical('<ul><li>a<ol start=3><li>b</li><li>c</ol></li><li><p>d</p><p>e</p></ul>')).toBe(
      '- a\n  3. b\n  4. c\n- d\n  e',
    )
    expect(canonical('<table><caption>Prices</caption><thead><tr><th>A<th>B<tbody><tr><td>1<td>2<br>x</table>')).toBe(
      'Prices\n\nA | B\n1 | 2 x',
    )
    expect(canonical('<pre>\n  a\n    b</pre>')).toBe('  a\n    b')
  })

  it('reads a table that arranges a page cell by cell', () => {
    expect(canonical('<table><tr><td><h2>Left</h2><p>one</p></td><td><p>two</p></td></tr></table>')).toBe(
      'Left\n\none\n\ntwo',
    )
  })

  it('takes the title from the title element, else from the first h1', () => {
    expect(parseHtml('<title> My\n page </title><h1>Other</h1>').title).toBe('My page')
    expect(parseHtml('<h2>Small</h2><h1>Big</h1>').title).toBe('Big')
    expect(parseHtml('<p>none</p>').title).toBeNull()
  })

  it('keeps what the head says of the document as metadata', () => {
    const source = '<html lang="en"><head><meta name="Author" content="Ann"><meta name="viewport" content="x"></head>'
    expect(parseHtml(source).metadata).toEqual({ language: 'en', author: 'Ann' })
  })

  it('reads broken markup and elements that nobody defined', () => {
    expect(canonical('<p>a<div>b</p><constructor>c</constructor><toString>d')).toBe('a\n\nb\n\ncd')
  })

  it('makes sections of its headings', () => {
    const { sections } = canonicalDocument(parseHtml('<h1>A</h1><p>x</p><section><h2>B</h2><p>y</p></section>').blocks)
    expect(sections.map(({ headingPath }) => headingPath)).toEqual([['A'], ['A', 'B']])
  })
})
