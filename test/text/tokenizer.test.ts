import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tokenizer } from '../../src/text/tokenizer.js'

const folder = 'test/fixtures/tiny-model'
const wordPieces = await Tokenizer.open(folder)
const bytePairs = await Tokenizer.open('test/fixtures/encoders/roberta')

/** Pieces that make offsets go wrong: beyond the BMP, combining, joined, unspaced, invisible, broken. */
const awkwardTexts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '😀',
        '👩‍👩‍👧',
        'e\u0301',
        'Å',
        'ﬁ',
        '中文',
        '한국어',
        '\u0000',
        '\u200b',
        '\ufeff',
        '\ud800',
        '\udc00',
        'ß',
        'İ',
        '𝒜',
      ),
      fc.constantFrom(' ', '\n', '\u00a0', '.', '[SEP]', 'the library', 'Reading'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

describe.each([
  ['word pieces', wordPieces],
  ['byte pairs', bytePairs],
])('Tokenizer of %s', (_, tokenizer) => {
  it('counts UTF-16 code units, never inside a surrogate pair, in order and inside the text', async () => {
    await fc.assert(
      fc.asyncProperty(awkwardTexts, async (text) => {
        const { ids, starts, ends } = await tokenizer.encode(text)
        expect(starts.length).toBe(ids.length)
        let last = 0
        for (const [index, start] of starts.entries()) {
          const end = ends[index] as number
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(text.length)
          for (const border of [start, end]) {
            expect(/[\ud800-\udbff]$/.test(text.slice(0, border)) && /^[\udc00-\udfff]/.test(text.slice(border))).toBe(
              false,
            )
          }
          last = start
        }
      }),
    )
  })

  it('finds a word where it stands, whatever comes before it', async () => {
    await fc.assert(
      fc.asyncProperty(awkwardTexts, async (before) => {
        const text = `${before} library`
        const { starts, ends } = await tokenizer.encode(text)
        expect(starts).toContain(text.length - 'library'.length)
        expect(ends.at(-1)).toBe(text.length)
      }),
    )
  })

  it('takes a special token that stands in a text for text', async () => {
    const { ids } = await tokenizer.encode('before [SEP] after [CLS] <s> and </s>')
    for (const id of [...tokenizer.pair.before, ...tokenizer.pair.after]) expect([...ids]).not.toContain(id)
  })

  it('gives a long text the tokens that its parts have alone', async () => {
    const sentence = 'The oldest map 😀 was drawn in 1587. '
    const repeats = 6000
    const [once, many] = [await tokenizer.encode(sentence), await tokenizer.encode(sentence.repeat(repeats))]
    expect(many.ids.length).toBe(once.ids.length * repeats)
    for (const [index, start] of many.starts.entries()) {
      const [repeat, inside] = [Math.floor(index / once.ids.length), index % once.ids.length]
      if (start !== repeat * sentence.length + (once.starts[inside] as number))
        expect.fail(`token ${index} at ${start}`)
    }
  })

  it('has no token more or less where it cuts a long text, however its spaces lie', async () => {
    for (const [part, repeats] of [
      ['word  ', 20_000],
      ['x\n\n y ', 15_000],
      [`${'a'.repeat(70_000)} `, 3],
    ] as const) {
      const [two, three] = [await tokenizer.countTokens(part.repeat(2)), await tokenizer.countTokens(part.repeat(3))]
      const { ids, ends } = await tokenizer.encode(`${part.repeat(repeats)}`)
      expect(ids.length).toBe(two + (repeats - 2) * (three - two))
      expect(ends.at(-1)).toBeGreaterThanOrEqual(part.trimEnd().length + part.length * (repeats - 1))
    }
  })
})

describe('Tokenizer of word pieces', () => {
  const tokenizer = wordPieces

  it('gives the ids and offsets of the reference tokenizer', async () => {
    const rows: { question: string; context: string; input_ids: number[]; offsets: [number, number][] }[] = JSON.parse(
      await readFile(`${folder}/reference.json`, 'utf8'),
    )
    const { question, context, input_ids, offsets } = rows[0] as (typeof rows)[0]
    const [asked, read] = [await tokenizer.encode(question), await tokenizer.encode(context)]
    const { before, between, after } = tokenizer.pair
    expect([...before, ...asked.ids, ...between, ...read.ids, ...after]).toEqual(input_ids)
    const spans = [...read.starts].map((start, index) => [start, read.ends[index]])
    expect(spans).toEqual(offsets.slice(asked.ids.length + 2, -1))
  })

  it('never truncates or pads, although the file says so', async () => {
    expect(await tokenizer.countTokens('book '.repeat(1000))).toBe(1000)
    expect(await tokenizer.countTokens('book')).toBe(1)
    expect(await tokenizer.countTokens('')).toBe(0)
  })

  it('says which file is missing or broken', async () => {
    const empty = await mkdtemp(path.join(os.tmpdir(), 'docent-tokenizer-'))
    await expect(Tokenizer.open(empty)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    await writeFile(path.join(empty, 'tokenizer.json'), '{"model": 1}')
    await expect(Tokenizer.open(empty)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
    const file = JSON.parse(await readFile(`${folder}/tokenizer.json`, 'utf8'))
    file.model.vocab = { '[UNK]': 0 }
    file.added_tokens = []
    file.post_processor = null
    await writeFile(path.join(empty, 'tokenizer.json'), JSON.stringify(file))
    await expect(Tokenizer.open(empty)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
    await rm(empty, { recursive: true })
  })
})

describe('Tokenizer of byte pairs', () => {
  it('gives no token the space before its word', async () => {
    await fc.assert(
      fc.asyncProperty(awkwardTexts, async (text) => {
        const { starts, ends } = await bytePairs.encode(text)
        for (const [index, start] of starts.entries()) {
          const token = text.slice(start, ends[index])
          expect(token.trim() === '' || token.trim() === token).toBe(true)
        }
      }),
    )
  })

  it('puts the special tokens of RoBERTa around a pair', () => {
    expect(bytePairs.pair).toEqual({ before: [0], between: [2, 2], after: [2], contextType: 0 })
  })

  it('covers every character, in tokens of its bytes where it has none of its own', async () => {
    const text = 'é😀中'
    const { starts, ends } = await bytePairs.encode(text)
    const pieces = new Set([...starts].map((start, index) => text.slice(start, ends[index])))
    expect([...pieces]).toEqual(['é', '😀', '中'])
    expect(starts.length).toBe(2 + 4 + 3)
  })
})
