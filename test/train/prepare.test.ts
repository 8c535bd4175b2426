import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { type SquadExample, toSquad } from '../../src/text/squad.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { prepare } from '../../src/train/prepare.js'
import { parseTrainingSettings } from '../../src/train/settings.js'

let tokenizer: Tokenizer
let folder: string
let file: string

beforeAll(async () => {
  tokenizer = await Tokenizer.open(path.join(packageRoot, 'test/fixtures/tiny-model'))
})
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'docent-prepare-'))
  file = path.join(folder, 'train.json')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Two questions on each of forty passages of three sentences. */
const examples = Array.from({ length: 80 }, (_, index): SquadExample => {
  const number = Math.floor(index / 2)
  const context =
    `Library ${number} opened in ${1800 + number} near the old harbour of the town. It has always held ${50 + number} ` +
    `maps of the coast and of the islands. Readers may borrow a book there for ${number + 2} weeks and renew it twice.`
  const answer = index % 2 === 0 ? `${1800 + number}` : `${50 + number} maps`
  const question = index % 2 === 0 ? `When was Library ${number} first opened?` : `What does Library ${number} hold?`
  const answers = [{ text: answer, start: context.indexOf(answer) }]
  return { id: `q${index}`, title: 'Libraries', question, context, answers, isImpossible: false }
})

const prepared = (changes: object = {}, replayPath: string | null = null) => {
  const settings = parseTrainingSettings({ maxSequenceLength: 256, ...changes })
  return prepare({ datasetPaths: [file], replayPath, tokenizer, settings })
}

test('whole passages are set aside to be watched, the same ones for the same seed', async () => {
  await writeFile(file, JSON.stringify(toSquad(examples)))
  expect(await prepared()).toMatchObject({ exampleCount: 80, windows: { length: 80 }, validation: [] })
  const { exampleCount, windows, validation } = await prepared({ validationShare: 0.3 })
  expect(windows).toHaveLength(exampleCount)
  expect(validation).toHaveLength(80 - exampleCount)
  expect(validation.length % 2).toBe(0)
  expect(validation.length).toBeGreaterThan(8)
  expect(validation.length).toBeLessThan(44)
  expect((await prepared({ validationShare: 0.3 })).validation).toEqual(validation)
  expect((await prepared({ validationShare: 0.3, seed: 2 })).validation).not.toEqual(validation)
})

test('unanswerable questions and changed copies are added to what is learnt, and never to what is watched', async () => {
  await writeFile(file, JSON.stringify(toSquad(examples)))
  const plain = await prepared({ validationShare: 0.2 })
  const more = await prepared({ validationShare: 0.2, negativesShare: 0.25, augmentationShare: 0.5 })
  expect(more.validation).toEqual(plain.validation)
  const unanswerable = more.windows.filter(({ start, end }) => start === 0 && end === 0)
  const copies = Math.round(plain.exampleCount / 2)
  // Three ways make a quarter each and two a third of that, as far as they find something to change.
  expect(unanswerable.length).toBeGreaterThan(plain.exampleCount / 2)
  expect(unanswerable.length).toBeLessThanOrEqual(4 * Math.round(plain.exampleCount / 4))
  expect(more.exampleCount).toBe(plain.exampleCount + copies + unanswerable.length)
})

test('what was learnt before is seen again, as much of it as is asked for and as there is', async () => {
  await writeFile(file, JSON.stringify(toSquad(examples.slice(0, 20))))
  const replayPath = path.join(folder, 'replay.json')
  await writeFile(replayPath, JSON.stringify(toSquad(examples.slice(20))))
  const counts = [0, 0.5, 2, 10].map(async (replayRatio) => (await prepared({ replayRatio }, replayPath)).exampleCount)
  expect(await Promise.all(counts)).toEqual([20, 30, 60, 80])
  await expect(prepared({ replayRatio: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('a dataset without a question is refused', async () => {
  await writeFile(file, JSON.stringify({ version: '1.1', data: [] }))
  await expect(prepared()).rejects.toMatchObject({ code: 'INVALID_DATASET' })
})
