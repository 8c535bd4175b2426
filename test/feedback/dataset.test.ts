import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DocumentVersion } from '../../src/domain.js'
import { buildDataset, readDataset } from '../../src/feedback/dataset.js'
import { Feedback } from '../../src/feedback/feedback.js'
import { addCollection, addDocument, addInteraction, openScratch, paragraphs, passage, type Scratch } from './seed.js'

describe('a dataset', () => {
  let scratch: Scratch
  let folder: string
  let version: DocumentVersion

  beforeEach(async () => {
    scratch = await openScratch()
    folder = join(scratch.folder, 'datasets')
    const topics = Array.from({ length: 12 }, (_, index) =>
      ['alpha', 'beta', 'gamma', 'delta', 'kappa', 'omega'].map((word) => `${word}${index}`).join(' '),
    )
    const text = topics.map((words, index) => `🍰 ${words} is topic number ${index}.`).join('\n\n')
    version = await addDocument(scratch.store, await addCollection(scratch.store), text)
  })
  afterEach(() => scratch[Symbol.asyncDispose]())

  /** One accepted correction for each paragraph given: its topic number, or that there is none. */
  async function teach(numbers: readonly number[], question = 'Which number?', noAnswer = false): Promise<void> {
    const feedback = new Feedback(scratch)
    for (const number of numbers) {
      const { start, end } = paragraphs(version.canonicalText)[number] as { start: number; end: number }
      const { id: interactionId } = await addInteraction(scratch.store, question, [passage(version, start, end)])
      const correction = { documentId: version.documentId, text: `number ${number}`, end: end - 1 }
      const { id } = await feedback.submit(
        noAnswer ? { interactionId, verdict: 'NO_ANSWER' } : { interactionId, verdict: 'CORRECTED', correction },
      )
      await feedback.review(id, 'ACCEPT')
    }
  }
  const build = (dataFile?: string) => buildDataset({ store: scratch.store, folder, dataFile, reservedFiles: [] })

  it('has true spans in both files, counted in code points as SQuAD does', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await teach([10, 11], 'Which number?', true)
    const dataset = await build()
    expect(dataset).toMatchObject({ trainCount: 9, heldOutCount: 3 })
    const { train, heldOut } = await readDataset(folder, dataset.id)
    for (const { context, answers } of [...train, ...heldOut]) {
      for (const { text, start } of answers) expect(context.slice(start, start + text.length)).toBe(text)
    }
    expect([...train, ...heldOut].filter(({ isImpossible }) => isImpossible)).toHaveLength(2)
    const file = JSON.parse(await readFile(join(folder, dataset.id, 'train.json'), 'utf8'))
    const { context, qas } = file.data[0].paragraphs[0]
    const { text, answer_start } = qas[0].answers[0] ?? file.data[0].paragraphs[1].qas[0].answers[0]
    expect([...context].slice(answer_start, answer_start + [...text].length).join('')).toMatch(/^number \d/)
  })

  it('is the same for the same labels, and is kept once', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const first = await build()
    const second = await build()
    expect(second.id).toBe(first.id)
    expect(await readdir(folder)).toEqual([first.id])
    await teach([9])
    expect((await build()).id).not.toBe(first.id)
  })

  it('counts the newest of labels that ask the same of the same passage', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8])
    await teach([0], ' which NUMBER ', true)
    const { train, heldOut } = await readDataset(folder, (await build()).id)
    const about = [...train, ...heldOut].filter(({ context }) => context.includes('alpha0 '))
    expect(about).toMatchObject([{ question: ' which NUMBER ', isImpossible: true }])
  })

  it('leaves out what was taught from a document that was deleted', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8])
    await scratch.store.transact(({ documents }) => documents.remove(version.documentId))
    await expect(build()).rejects.toThrow(/there are 0 usable labels/)
  })

  it('is refused where there are too few labels, and nothing is kept', async () => {
    await teach([0, 1, 2])
    const refused = build()
    await expect(refused).rejects.toMatchObject({ code: 'TOO_FEW_LABELS' })
    await expect(refused).rejects.toThrow(/there are 3 usable labels in 3 groups .* needs at least 8 in at least 2/)
    expect(await readdir(folder)).toEqual([])
  })

  it('takes a SQuAD file, split by context', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const made = await build()
    const file = join(scratch.folder, 'mine.json')
    const paragraph = (index: number) => ({
      context: ['one', 'two', 'three', 'four', 'five'].map((word) => `${word}${index}`).join(' '),
      qas: [0, 1].map((part) => ({
        id: `${index}-${part}`,
        question: 'Which?',
        answers: [{ text: `one${index}`, answer_start: 0 }],
      })),
    })
    await writeFile(file, JSON.stringify({ data: [{ title: 't', paragraphs: [0, 1, 2, 3, 4, 5].map(paragraph) }] }))
    const dataset = await build(file)
    expect(dataset.id).not.toBe(made.id)
    const { train, heldOut } = await readDataset(folder, dataset.id)
    expect(train.length + heldOut.length).toBe(12)
    const held = new Set(heldOut.map(({ context }) => context))
    expect(train.some(({ context }) => held.has(context))).toBe(false)
  })

  it('names the file and the row that is wrong', async () => {
    const file = join(scratch.folder, 'mine.json')
    const question = { id: 'q1', question: '?', answers: [{ text: 'two', answer_start: 1 }] }
    const wrong = { data: [{ title: 't', paragraphs: [{ context: 'one two', qas: [question] }] }] }
    for (const [text, message] of [
      [JSON.stringify(wrong), /mine\.json.*q1/],
      ['{"data"', /mine\.json is not JSON/],
    ] as const) {
      await writeFile(file, text)
      await expect(build(file)).rejects.toMatchObject({
        code: 'INVALID_DATASET',
        message: expect.stringMatching(message),
      })
    }
    await expect(build(join(scratch.folder, 'none.json'))).rejects.toThrow(/none\.json cannot be read/)
  })

  it('is refused when a byte of it was changed', async () => {
    await teach([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const { id } = await build()
    const path = join(folder, id, 'held-out.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('Which', 'What'))
    await expect(readDataset(folder, id)).rejects.toMatchObject({ code: 'INVALID_DATASET' })
  })
})
