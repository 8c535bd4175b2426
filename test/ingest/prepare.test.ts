import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareFile } from '../../src/ingest/prepare.js'
import { Tokenizer } from '../../src/text/tokenizer.js'

let folder: string
let tokenizer: Tokenizer
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-prepare-'))
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function prepare(fileName: string, content: string | Buffer, mediaType: string | null = null) {
  const file = path.join(folder, 'original')
  await writeFile(file, content)
  return prepareFile({ path: file, mediaType, fileName }, tokenizer)
}

const ZIP = Buffer.from('504b0304140000000800000021000000000000000000000000000500000061', 'hex')
const EXE = Buffer.from('4d5a90000300000004000000ffff0000b8000000', 'hex')
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')

describe('a good file', () => {
  it('becomes canonical text with title, metadata, sections and chunks', async () => {
    const prepared = await prepare('leave.md', '---\ntitle: Leave\n---\n\n# Sick leave\n\nYou may take it.\n')
    expect(prepared).toMatchObject({
      canonicalText: 'Sick leave\n\nYou may take it.',
      title: 'Leave',
      metadata: { title: 'Leave' },
      sections: [{ start: 0, end: 28, headingPath: ['Sick leave'] }],
      chunks: [{ start: 0, end: 28, headingPath: ['Sick leave'] }],
    })
  })

  it('is read as what its name says when the type only says text', async () => {
    expect((await prepare('a.MD', '# *A*', 'text/plain; charset=utf-8')).canonicalText).toBe('A')
    expect((await prepare('a.txt', '# *A*', 'text/plain')).canonicalText).toBe('# *A*')
    expect((await prepare('a.html', '<p>A', 'application/octet-stream')).canonicalText).toBe('A')
  })

  it('is read as what its type says when that is more than text', async () => {
    expect((await prepare('page.txt', '<p>A', 'text/html')).canonicalText).toBe('A')
    expect((await prepare('notes.xyz', '# A', 'text/plain')).canonicalText).toBe('# A')
  })

  it('may be in another encoding, which its metadata names', async () => {
    expect(await prepare('a.txt', Buffer.from('\ufeffhello', 'utf16le'))).toMatchObject({
      canonicalText: 'hello',
      metadata: { encoding: 'utf-16le' },
    })
    const page = Buffer.concat([Buffer.from('<meta charset=koi8-r><p>'), Buffer.from([0xe4, 0xc1])])
    expect(await prepare('a.html', page)).toMatchObject({ canonicalText: 'Да', metadata: { encoding: 'koi8-r' } })
    expect((await prepare('b.txt', 'é')).metadata).toEqual({})
  })

  it('is looked at when neither says anything', async () => {
    expect((await prepare('README', 'plain *text*')).canonicalText).toBe('plain *text*')
    expect((await prepare('page', '\n<!DOCTYPE html><p>A')).canonicalText).toBe('A')
  })

  it('may begin with letters that are also the sign of a binary format', async () => {
    expect((await prepare('cars.txt', 'BMW makes cars. MZ made motorcycles.')).canonicalText).toContain('BMW')
  })

  it('may hold coloured output of a terminal', async () => {
    expect((await prepare('build.log', '\u001b[31mfailed\u001b[0m')).canonicalText).toBe('[31mfailed[0m')
  })

  it('may hold a stray control character, which is left out', async () => {
    const text = `The logo has taken many forms: here is \u0003just a sample. ${'It is blue. '.repeat(10)}`
    expect((await prepare('logo.md', text)).canonicalText).toContain('here is just a sample.')
  })
})

describe('a bad file', () => {
  it.each([
    ['an empty file', 'a.md', '', null, 'EMPTY_DOCUMENT'],
    ['whitespace only', 'a.txt', ' \n\t\n \u00a0\ufeff', null, 'EMPTY_DOCUMENT'],
    [
      'HTML with only scripts',
      'a.html',
      '<html><head><title>T</title></head><script>x()</script></html>',
      null,
      'EMPTY_DOCUMENT',
    ],
    ['Markdown with only comments', 'a.md', '<!-- nothing -->\n\n[x]: /y', null, 'EMPTY_DOCUMENT'],
    ['a zip, whatever its name', 'a.md', ZIP, null, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a picture named .txt', 'a.txt', PNG, 'text/plain', 'CONTENT_MISMATCH'],
    ['a PDF cut short, whatever its name', 'a.txt', '%PDF-1.7\n1 0 obj\n', null, 'MALFORMED_FILE'],
    ['a program named .docx', 'a.docx', EXE, null, 'CONTENT_MISMATCH'],
    ['a text named .pdf', 'a.pdf', 'words', null, 'CONTENT_MISMATCH'],
    ['a NUL byte far into a text', 'a.txt', `${'word '.repeat(4000)}\0`, null, 'CONTENT_MISMATCH'],
    ['a stray NUL byte in a text', 'a.txt', `word\0${' word'.repeat(100)}`, null, 'CONTENT_MISMATCH'],
    ['more than stray controls', 'a.txt', 'word\u0003 wo\u0004rd', null, 'CONTENT_MISMATCH'],
    ['no encoding that can be recognised', 'a.md', Buffer.from('tr\u00e8s', 'latin1'), null, 'INVALID_ENCODING'],
    ['an extension that is not known', 'a.xyz', 'text', null, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a type that is not known', 'a.md', 'text', 'application/msword', 'UNSUPPORTED_MEDIA_TYPE'],
    ['a type named like a property of objects', 'a.md', 'text', 'constructor', 'UNSUPPORTED_MEDIA_TYPE'],
    ['a picture without a name', 'picture', PNG, null, 'UNSUPPORTED_MEDIA_TYPE'],
    ['HTML nested too deeply', 'a.html', '<div>'.repeat(50_000), null, 'NESTED_TOO_DEEPLY'],
  ])('%s is refused as what it is', async (_, fileName, content, mediaType, code) => {
    await expect(prepare(fileName, content, mediaType)).rejects.toMatchObject({ name: 'DocentError', code })
  })

  it('says at which byte the encoding is wrong', async () => {
    await expect(prepare('a.md', Buffer.from('tr\u00e8s', 'latin1'))).rejects.toThrow(/byte 2/)
  })
})
