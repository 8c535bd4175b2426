import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type PreparedDocument, prepareFile } from '../../src/ingest/prepare.js'
import { Tokenizer } from '../../src/text/tokenizer.js'

interface SampleQuestion {
  readonly question: string
  readonly document: string | null
  readonly answer: string | null
}

const prepared = new Map<string, PreparedDocument>()
let questions: SampleQuestion[]
beforeAll(async () => {
  const tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
  for (const name of await readdir('samples', { recursive: true })) {
    if (!name.endsWith('.md')) continue
    const file = { path: path.join('samples', name), mediaType: null, fileName: path.basename(name) }
    prepared.set(name.split(path.sep).join('/'), await prepareFile(file, tokenizer))
  }
  questions = JSON.parse(await readFile('samples/questions.json', 'utf8'))
  // A megabyte of Markdown; on a busy machine it takes a while.
}, 600_000)

describe('the sample documents', () => {
  it('are all read, with a title, and chunked without a gap', () => {
    expect(prepared.size).toBe(138)
    for (const { title, canonicalText, chunks } of prepared.values()) {
      expect(title).toBeTruthy()
      const gaps = chunks.map((chunk, at) => canonicalText.slice(chunks[at - 1]?.end ?? 0, chunk.start))
      expect([...gaps, canonicalText.slice(chunks.at(-1)?.end)].join('').trim()).toBe('')
    }
  })

  it('leave no template tags, comments and link addresses in their text', () => {
    for (const { canonicalText } of prepared.values()) expect(canonicalText).not.toMatch(/\{%|<!--|<\/t[dr]>/)
  })
})

describe('the sample questions', () => {
  it('are a hundred different ones, fifteen of them without an answer', () => {
    expect(new Set(questions.map(({ question }) => question)).size).toBe(100)
    expect(questions.filter(({ answer }) => answer === null)).toHaveLength(15)
  })

  it('have answers that stand in their documents word for word', () => {
    for (const { question, document, answer } of questions) {
      if (answer === null) expect(document).toBeNull()
      else expect(prepared.get(document as string)?.canonicalText, question).toContain(answer)
    }
  })
})
