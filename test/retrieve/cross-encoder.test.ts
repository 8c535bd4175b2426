import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CrossEncoder } from '../../src/retrieve/cross-encoder.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { makeWindows } from '../../src/text/windows.js'

const fixture = join(import.meta.dirname, '../fixtures/cross-encoder')
const reference = JSON.parse(await readFile(join(fixture, 'reference.json'), 'utf8')) as {
  question: string
  passages: string[]
  logits: number[]
}
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'docent-cross-encoder-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const open = (folder: string) => CrossEncoder.open({ folder, processes: 1 })

test('scores are the logits of the real transformers', async () => {
  await using encoder = await open(fixture)
  const logits = await encoder.score(reference.question, reference.passages)
  expect(logits).toHaveLength(3)
  for (const [at, logit] of logits.entries()) expect(logit).toBeCloseTo(reference.logits[at] as number, 4)
})

test('a passage longer than a window scores as its best window, whatever else is scored', async () => {
  await using encoder = await open(fixture)
  const { question, passages } = reference
  // Whole words of the vocabulary, so that the text of a window has the tokens of the window.
  const words = 'the river rose books were kept in boxes cost five cents who may enter'.split(' ')
  const long = Array.from({ length: 400 }, (_, at) => words[(at * at) % words.length]).join(' ')
  const tokenizer = await Tokenizer.open(fixture)
  const windows = makeWindows(await tokenizer.encode(question), await tokenizer.encode(long), tokenizer, {
    ...{ maxSequenceLength: 128, stride: 32, maxQuestionTokens: 64 },
  })
  expect(windows.length).toBeGreaterThan(3)
  const texts = windows.map(({ starts, ends }) => long.slice(starts[0], ends.at(-1)))
  const alone = await encoder.score(question, texts)
  const [, best] = await encoder.score(question, [passages[0] as string, long])
  expect(best).toBe(Math.max(...alone))
})

test('without passages there is nothing to score', async () => {
  await using encoder = await open(fixture)
  expect(await encoder.score('Who?', [])).toEqual([])
})

test('what does not score pairs is refused by name', async () => {
  const copy = async (change: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(join(scratch, 'copy-'))
    await cp(fixture, folder, { recursive: true })
    await change(folder)
    return folder
  }
  const config = (changes: object) => async (folder: string) => {
    const path = join(folder, 'config.json')
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }))
  }
  const reader = await copy(config({ architectures: ['BertForQuestionAnswering'] }))
  await expect(open(reader)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
  const sentiment = await copy(config({ id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' } }))
  await expect(open(sentiment)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
  const empty = await copy((folder) => rm(join(folder, 'onnx'), { recursive: true }))
  await expect(open(empty)).rejects.toMatchObject({ code: 'MODEL_CORRUPT', message: expect.stringContaining('onnx/') })
  const broken = await copy((folder) => writeFile(join(folder, 'onnx/model.onnx'), 'no graph'))
  await expect(open(broken)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
  await expect(open(join(reader, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_CORRUPT' })
})
