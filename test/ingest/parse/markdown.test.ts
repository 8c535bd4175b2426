import { describe, expect, it } from 'vitest'
import { canonicalDocument } from '../../../src/ingest/canonical-text.js'
import { markdownPieces } from '../../../src/ingest/parse/markdown/pieces.js'
import { parseMarkdown } from '../../../src/ingest/parse/markdown.js'

const canonical = (source: string) => canonicalDocument(parseMarkdown(source).blocks).canonicalText

describe('parseMarkdown', () => {
  it('keeps the text of headings, emphasis, links and images, and one line per paragraph', () => {
    expect(canonical('# Big *thing*\n\nSee [the **guide**](https://x.y) and\nthe ![a map](m.png).  \nNext line.')).toBe(
      'Big thing\n\nSee the guide and the a map.\nNext line.',
    )
  })

  it('writes lists with their markers, deeper levels indented', () => {
    expect(canonical('* one\n* two\n    1. deep\n    2. deeper\n\n3. three\n4. [x] four')).toBe(
      '- one\n- two\n  1. deep\n  2. deeper\n\n3. three\n4. four',
    )
  })

  it('writes a table row by row', () => {
    expect(canonical('| Plan | Price |\n|---|---:|\n| Basic | **$4** |\n| Team `x` | |')).toBe(
      'Plan | Price\nBasic | $4\nTeam x |',
    )
  })

  it('says which blocks are lists, tables and code, and that the first row of a table names the columns', () => {
    const blocks = parseMarkdown(
      '- a\n\n```\nb\n```\n\n|A|B|\n|-|-|\n|1|2|\n\n> - quoted\n\n| | |\n|-|-|\n|1|2|',
    ).blocks
    expect(blocks).toEqual([
      { text: '- a', kind: 'list' },
      { text: 'b', kind: 'code' },
      { text: 'A | B\n1 | 2', kind: 'table', headerRows: 1 },
      { text: '- quoted', kind: 'list' },
      { text: '1 | 2', kind: 'table' },
    ])
  })

  it('keeps code as it is written', () => {
    expect(canonical('Run `npm  start`:\n\n```sh\nif a; then\n    b   c\nfi\n```')).toBe(
      'Run npm start:\n\nif a; then\n    b   c\nfi',
    )
  })

  it('drops comments, link definitions and rules, and reads HTML as HTML', () => {
    const source =
      '<!-- note -->\n\nA [link][1].<br>Then<!-- x --> text.\n\n---\n\n<details><summary>More</summary>\n\nhidden *text*\n\n</details>\n\n[1]: /x'
    expect(canonical(source)).toBe('A link.\nThen text.\n\nMore\n\nhidden text')
  })

  it('takes the title and metadata of the front matter', () => {
    const parsed = parseMarkdown(
      '---\ntitle: Leave\nkeywords: [sick, annual]\ndate: 2024-01-02\n---\n\n## First\n\ntext',
    )
    expect(parsed.title).toBe('Leave')
    expect(parsed.metadata).toEqual({ title: 'Leave', keywords: ['sick', 'annual'], date: '2024-01-02' })
    expect(parsed.blocks.map(({ text }) => text)).toEqual(['First', 'text'])
  })

  it('takes the first heading for a title where there is no front matter', () => {
    expect(parseMarkdown('intro\n\n## First\n\n# Second').title).toBe('First')
    expect(parseMarkdown('no heading').title).toBeNull()
  })

  it('keeps what only looks like front matter as text', () => {
    expect(canonical('---\na: b: c\n---\n\ntext')).toBe('a: b: c\n\ntext')
    expect(canonical('---\njust a line\n---\n\ntext')).toBe('just a line\n\ntext')
  })

  it('starts no section at a heading that is quoted', () => {
    const { sections } = canonicalDocument(parseMarkdown('# Mine\n\n> # Theirs\n>\n> text').blocks)
    expect(sections.map(({ headingPath }) => headingPath)).toEqual([['Mine']])
  })
})

describe('template tags in Markdown', () => {
  it('disappear where they are alone, with what they comment out', () => {
    expect(
      canonical('one\n{% alert %}\ntwo\n{% endalert %}\n\n{% comment %}\nnot this\n{% endcomment %}\n\nthree'),
    ).toBe('one\n\ntwo\n\nthree')
  })

  it('do not break the links they are the address of', () => {
    expect(canonical('See [the guide]({% page "/a b/" %}#top) first.')).toBe('See the guide first.')
  })

  it('leave the word they print in running text', () => {
    expect(canonical('Ask in {% channel "travel-help" %} or {% include "footer.html" %} here.')).toBe(
      'Ask in travel-help or here.',
    )
  })

  it('stay in code, and do not end an HTML block', () => {
    expect(canonical('Write `{% page "x" %}` so.')).toBe('Write {% page "x" %} so.')
    expect(
      canonical('<table>\n<tr><td>\n      {% channel "dc" %}\n    </td></tr>\n    <tr><td>Region</td></tr>\n</table>'),
    ).toBe('Region')
  })

  it('swallow nothing when a comment is never closed', () => {
    expect(canonical('one\n\n{% comment %}\n\ntwo')).toBe('one\n\ntwo')
  })
})

describe('a long Markdown text', () => {
  const section = (number: number) =>
    `## Part ${number}\n\nSee [the note][n] and\nmore.\n\n\`\`\`\n## no heading\n\n## neither\n\`\`\`\n\n- a\n- b\n\n`
  const source = `---\ntitle: Long\n---\n\n${Array.from({ length: 50 }, (_, number) => section(number)).join('')}[n]: https://x.y\n`

  it('is cut before headings outside of code, with its link definitions in every piece', () => {
    const pieces = markdownPieces(source, 500)
    expect(pieces.length).toBeGreaterThan(5)
    for (const piece of pieces.slice(1)) expect(piece).toMatch(/^## Part/)
    for (const piece of pieces) expect(piece).toContain('[n]: https://x.y')
  })

  it('says the same in pieces as whole', () => {
    const pieces = markdownPieces(source, 500)
    const inPieces = pieces.map(canonical).join('\n\n')
    expect(inPieces).toBe(canonical(source))
    expect(inPieces).not.toContain('[n]')
  })

  it('without headings is cut between paragraphs', () => {
    const paragraphs = 'Some words of a paragraph.\n\n'.repeat(200)
    const pieces = markdownPieces(paragraphs, 500)
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.join('')).toBe(paragraphs)
  })
})
