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

  it('says which blocks are lists, tables and code, and which rows name the columns', () => {
    const source =
      '<ul><li>a</ul><pre>b</pre><table><tr><th>A<th>B<tr><th>x<td>1</table>' +
      '<table><thead><tr><td>A<td>B<tbody><tr><td>1<td>2</table><table><tr><td>1<td>2</table>'
    expect(parseHtml(source).blocks).toEqual([
      { text: '- a', kind: 'list' },
      { text: 'b', kind: 'code' },
      { text: 'A | B\nx | 1', kind: 'table', headerRows: 1 },
      { text: 'A | B\n1 | 2', kind: 'table', headerRows: 1 },
      { text: '1 | 2', kind: 'table' },
    ])
  })

  it('shows the numbers of list items as a browser does', () => {
    expect(canonical('<ol type="a" start="2"><li>x<li value="7">y<li><li>z</ol>')).toBe('b. x\ng. y\nh. z')
    expect(canonical('<ul><li>a<ul><li>b</ul></li><ul><li>c</ul><li><ul><li>d</ul></ul>')).toBe(
      '- a\n  - b\n  - c\n  - d',
    )
  })

  it('keeps columns under a cell that reaches over several rows', () => {
    const source =
      '<table><tr><th>Day<th>Time<th>Room<tr><td rowspan=2>Mon<td colspan=2 rowspan=2>all<tr><tr><td>Tue<td>9<td>A</table>'
    expect(canonical(source)).toBe('Day | Time | Room\nMon | all\nTue | 9 | A')
    expect(canonical('<table><tr><td rowspan=2>Mon<td>9<tr><td>10</table>')).toBe('Mon | 9\n| 10')
    expect(canonical('<table><tr><td rowspan=99 colspan=1e9>x<td>y</table>')).toBe('x | y')
  })

  it('reads a table of one cell as the box that it is', () => {
    expect(canonical('<table><tr><td><p>Mind:</p><ul><li>a<li>b</ul></table>')).toBe('Mind:\n\n- a\n- b')
  })

  it('leaves out the signs that link to a heading and the buttons that copy code', () => {
    expect(canonical('<h2>Fees <a href="#fees">#</a></h2><pre>npm ci<button>copy</button></pre>')).toBe(
      'Fees\n\nnpm ci',
    )
  })
})

describe('the main content of a page', () => {
  const prose = 'Staff get thirty days of leave a year, and five may be carried over.'
  const links = (...names: string[]) =>
    `<ul>${names.map((name) => `<li><a href="/${name}">${name}</a></li>`).join('')}</ul>`
  const menu = `<div class="menu">${links('Home', 'News', 'People', 'Forms')}</div>`

  it('is what the page says: main, else its only article', () => {
    const around = (content: string) => `<div>Welcome back, Ann.</div>${content}<div>More from us</div>`
    expect(canonical(around(`<main><p>${prose}</p></main>`))).toBe(prose)
    expect(canonical(around(`<div role="main"><p>${prose}</p></div>`))).toBe(prose)
    expect(canonical(around(`<article><p>${prose}</p></article>`))).toBe(prose)
    const two = around(`<article><p>${prose}</p></article><article><p>Two.</p></article>`)
    expect(canonical(two)).toBe(`Welcome back, Ann.\n\n${prose}\n\nTwo.\n\nMore from us`)
  })

  it('is not a main that waits for a script', () => {
    expect(canonical(`<main><p>Loading</p></main><div><p>${prose}</p></div>`)).toBe(`Loading\n\n${prose}`)
    expect(canonical(`<main></main><p>${prose}</p>`)).toBe(prose)
  })

  it('keeps the only title of the page, wherever it stands', () => {
    expect(canonical(`<header><h1>Leave</h1></header><main><p>${prose}</p></main>`)).toBe(`Leave\n\n${prose}`)
    expect(canonical(`<header><h1>Leave</h1>${menu}</header><p>${prose}</p>`)).toBe(`Leave\n\n${prose}`)
    const two = `<header><h1>ACME</h1>${menu}</header><main><h1>Leave</h1><p>${prose}</p></main>`
    expect(canonical(two)).toBe(`Leave\n\n${prose}`)
  })

  it('is without headers that hold menus, footers, asides, banners and search', () => {
    const source =
      `<header>ACME ${menu}</header><div role="navigation">Go to</div><form role="search">Find</form>` +
      `<div id="cookie-banner"><p>We use cookies.</p></div><a class="skip-link" href="#c">Skip</a>` +
      `<div class="breadcrumb">Home &gt; HR</div><p>${prose}</p><aside><p>See also: fees.</p></aside>` +
      `<div role="dialog">Sign up!</div><footer><p>Imprint</p></footer>`
    expect(canonical(source)).toBe(prose)
  })

  it('is without menus, but with lists of links that the text introduces', () => {
    expect(
      canonical(
        `${menu}<p>${prose}</p><div><h3>See also</h3>${links('Travel policy', 'Remote work', 'Expenses', 'Conduct')}</div>`,
      ),
    ).toBe(prose)
    const forms = links('Leave', 'Travel', 'Sick note', 'Expenses')
    const listed = '- Leave\n- Travel\n- Sick note\n- Expenses'
    expect(canonical(`<p>${prose} The forms:</p>${forms}`)).toBe(`${prose} The forms:\n\n${listed}`)
    expect(canonical(`<p>${prose} The forms:</p><div>${forms}</div>`)).toBe(`${prose} The forms:\n\n${listed}`)
    expect(canonical(`<h1>Forms</h1><div>${forms}</div>`)).toBe(`Forms\n\n${listed}`)
    expect(canonical(`<main><p>${prose}</p><div>${forms}</div></main>`)).toBe(`${prose}\n\n${listed}`)
  })

  it('is without the table of its own contents', () => {
    const contents = '<ul><li><a href="#a">A</a></li><li><a href="#b">B</a></li><li><a href="#c">C</a></li></ul>'
    expect(canonical(`<main>${contents}<h2 id="a">A</h2><p>${prose}</p></main>`)).toBe(`A\n\n${prose}`)
  })

  it('keeps headers, footers and asides of articles and sections', () => {
    const source = `<section><header><h2>Fees</h2></header><p>${prose}</p><aside>Tip: ask early.</aside><footer>By Ann</footer></section>`
    expect(canonical(source)).toBe(`Fees\n\n${prose}\n\nTip: ask early.\n\nBy Ann`)
  })

  it('is all of a simple page, whatever its elements are called', () => {
    expect(canonical(`<header><h1>Memo</h1><p>To all staff.</p></header><p>${prose}</p>`)).toBe(
      `Memo\n\nTo all staff.\n\n${prose}`,
    )
    expect(canonical(`<body class="cookie-banner"><p>${prose}</p></body>`)).toBe(prose)
    expect(canonical(`<div class="cookie-notice"><h1>Cookies</h1><p>${prose}</p></div>`)).toBe(`Cookies\n\n${prose}`)
    expect(canonical(`<footer><p>${prose}</p></footer>`)).toBe(prose)
    expect(canonical(links('One', 'Two', 'Three', 'Four'))).toBe('- One\n- Two\n- Three\n- Four')
  })
})
