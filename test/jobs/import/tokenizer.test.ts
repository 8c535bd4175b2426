import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { normaliseTokenizer } from '../../../src/jobs/import/tokenizer.js'
import { Tokenizer } from '../../../src/text/tokenizer.js'
import { makeWindows } from '../../../src/text/windows.js'
import { FIXTURE_WINDOWS, openFixture } from '../../parity/encoder-fixtures.js'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docent-tokenizers-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

/** A folder with the old files of a fixture's tokenizer, and what import makes of it. */
async function madeOf(architecture: 'bert' | 'distilbert' | 'roberta', files: Record<string, string>) {
  const fixture = await openFixture(architecture)
  const folder = await mkdtemp(join(scratch, 'old-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const made = await normaliseTokenizer(folder, Object.keys(files), fixture.config)
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(made.file))
  return { fixture, made, tokenizer: await Tokenizer.open(folder) }
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever field it needs
async function published(architecture: string): Promise<any> {
  return JSON.parse(await readFile(join('test/fixtures/encoders', architecture, 'tokenizer.json'), 'utf8'))
}

const vocabularyText = (vocab: Record<string, number>): string =>
  `${Object.keys(vocab)
    .sort((a, b) => (vocab[a] as number) - (vocab[b] as number))
    .join('\n')}\n`

describe('the files of a slow tokenizer make the windows of the reference tokenizer', () => {
  test.each([
    ['bert', {}],
    ['distilbert', { do_lower_case: false, cls_token: { content: '[CLS]' } }],
  ] as const)('vocab.txt of %s', async (architecture, settings) => {
    const { vocab } = (await published(architecture)).model
    const files = { 'vocab.txt': vocabularyText(vocab), 'tokenizer_config.json': JSON.stringify(settings) }
    await expectReferenceWindows(await madeOf(architecture, files))
  })

  test('vocab.json and merges.txt', async () => {
    const { vocab, merges } = (await published('roberta')).model
    const lines = ['#version: 0.2', ...merges.map((merge: string[]) => merge.join(' ')), '']
    await expectReferenceWindows(
      await madeOf('roberta', { 'vocab.json': JSON.stringify(vocab), 'merges.txt': lines.join('\n') }),
    )
  })

  async function expectReferenceWindows({ fixture, tokenizer }: Awaited<ReturnType<typeof madeOf>>): Promise<void> {
    const windows: number[][] = []
    for (const [question, context] of new Map(fixture.reference.windows.map((row) => [row.question, row.context]))) {
      const [asked, read] = [await tokenizer.encode(question), await tokenizer.encode(context)]
      windows.push(...makeWindows(asked, read, tokenizer, FIXTURE_WINDOWS).map(({ inputIds }) => [...inputIds]))
    }
    expect(windows).toEqual(fixture.reference.windows.map(({ ids }) => ids))
  }
})

test('a vocabulary that lacks a special token, or is not JSON, is refused', async () => {
  await expect(madeOf('bert', { 'vocab.txt': '[PAD]\n[UNK]\n[CLS]\na\n' })).rejects.toMatchObject({
    code: 'MODEL_INCOMPATIBLE',
    message: expect.stringContaining('[SEP]'),
  })
  const broken = madeOf('roberta', { 'vocab.json': '{', 'merges.txt': '' })
  await expect(broken).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
})

test('a model that tells no token types apart gets none, whatever its post-processor is', async () => {
  const file = await published('distilbert')
  file.post_processor = { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] }
  const { tokenizer } = await madeOf('distilbert', { 'tokenizer.json': JSON.stringify(file) })
  expect(tokenizer.pair).toEqual({ before: [2], between: [3], after: [3], contextType: 0 })
})
