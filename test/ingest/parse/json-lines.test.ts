import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJsonLines } from '../../../src/ingest/parse/json-lines.js'

const read = (source: string | Buffer) => [...readJsonLines(Buffer.from(source as string))]

describe('a line', () => {
  it('is a document with id, title, text and metadata', () => {
    const line =
      '{"id": 7, "title": "Leave", "text": "You may take it.", "lang": "en", "draft": false, "tags": ["a"], "by": null}'
    expect(read(line)).toEqual([
      { line: 1, id: '7', title: 'Leave', text: 'You may take it.', metadata: { lang: 'en', draft: false } },
    ])
  })

  it.each([
    ['{"content": "c", "text": "t"}', { text: 't', metadata: { content: 'c' } }],
    ['{"body": "b", "content": ""}', { error: 'has nothing in its field content' }],
    [
      '{"page_content": "p", "metadata": {"source": "a.pdf", "pages": [1, 2]}}',
      { text: 'p', metadata: { source: 'a.pdf', pages: [1, 2] } },
    ],
    ['{"contents": "c", "_id": "x", "url": "u"}', { text: 'c', id: 'x', metadata: { url: 'u' } }],
    ['{"text": "t", "url": "https://example.org/a", "name": " N "}', { id: 'https://example.org/a', title: 'N' }],
    ['{"text": "t", "year": 2, "meta": {"year": 1, "source": "s"}}', { metadata: { year: 2, source: 's' } }],
    ['{"text": "t", "id": {}, "title": ""}', { id: null, title: null }],
  ])('is understood under other names: %s', (line, record) => {
    expect(read(`${line}\n{"text": "usable"}`)[0]).toMatchObject(record)
  })

  it('may hold line separators of Unicode', () => {
    expect(read('{"text": "a\u2028b"}\r\n')).toMatchObject([{ line: 1, text: 'a\u2028b' }])
  })

  it('cannot change what objects are', () => {
    const [record] = read('{"text": "t", "__proto__": "x", "metadata": {"__proto__": {"polluted": true}}}')
    expect(Object.hasOwn((record as { metadata: object }).metadata, '__proto__')).toBe(true)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('a file', () => {
  it('goes on after a bad line, which says what is wrong with it', () => {
    expect(read('\ufeff{"text": "one"}\n\n{"text": \n[1]\n7\n{"txt": "?"}\n{"text": 5}\n{"text": "two"}\n')).toEqual([
      { line: 1, id: null, title: null, text: 'one', metadata: {} },
      { line: 3, error: 'is not valid JSON' },
      { line: 4, error: 'is not an object' },
      { line: 5, error: 'is not an object' },
      { line: 6, error: 'has none of the fields text, content, body, page_content, contents as a string' },
      { line: 7, error: 'has none of the fields text, content, body, page_content, contents as a string' },
      { line: 8, id: null, title: null, text: 'two', metadata: {} },
    ])
  })

  it('may be one array of objects', () => {
    expect(read('\n[\n  {"text": "one"},\n  null,\n  {"text": "two"}\n]\n')).toMatchObject([
      { line: 1, text: 'one' },
      { line: 2, error: 'is not an object' },
      { line: 3, text: 'two' },
    ])
  })

  it('is read a line at a time', () => {
    const lines = readJsonLines(Buffer.from('{"text": "one"}\n{"text": '))
    expect(lines.next().value).toMatchObject({ line: 1, text: 'one' })
    expect(lines.next().value).toMatchObject({ line: 2, error: 'is not valid JSON' })
    expect(lines.next().done).toBe(true)
  })

  it.each(['', '\n\n', '[]', '[{"text": "cut off"}, {"te', '{"a": 1}\n{"b": 2}', 'plain words'])(
    'with no usable line is malformed: %j',
    (source) => {
      expect(() => read(source)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }))
    },
  )

  it('may be in UTF-16', () => {
    expect(read(Buffer.from('\ufeff{"text": "Grüße"}\n', 'utf16le'))).toMatchObject([{ text: 'Grüße' }])
  })
})

it('gives any records back, from lines and from an array', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((value) => value.trim() !== '')
  const record = fc.record({ id: fc.uuid(), text, note: fc.oneof(fc.string(), fc.integer(), fc.boolean()) })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1 }), fc.constantFrom('\n', '\r\n', '\n\n'), (records, lineEnd) => {
      const expected = records.map(({ id, text, note }) => expect.objectContaining({ id, text, metadata: { note } }))
      expect(read(records.map((each) => JSON.stringify(each)).join(lineEnd))).toEqual(expected)
      expect(read(JSON.stringify(records, null, 1))).toEqual(expected)
    }),
  )
})
