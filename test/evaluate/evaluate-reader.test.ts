import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { fitCalibration } from '../../src/evaluate/calibration.js'
import {
  decisionsOf,
  evaluateReader,
  predictionsFile,
  readExamples,
  scoreReadings,
} from '../../src/evaluate/evaluate-reader.js'
import { DEFAULT_READER_SETTINGS } from '../../src/read/reader.js'
import type { ReaderHost } from '../../src/read/windows.js'
import { contextKey, parseSquad, type SquadExample } from '../../src/text/squad.js'
import { Tokenizer } from '../../src/text/tokenizer.js'
import { keywordHost } from '../read/hosts.js'

const settings = DEFAULT_READER_SETTINGS
const calibration = { temperature: 1, noAnswerThreshold: 0 }
const contexts = [
  'The director 😀 is Anna Keller. She has led the house since 2011.',
  'Books are sold in the morning, from nine.',
]
const example = (number: number, context: string, answer: string | null): SquadExample => ({
  id: `q${number}`,
  title: '',
  question: 'Who?',
  context,
  answers: answer === null ? [] : [{ text: answer, start: context.indexOf(answer) }],
  isImpossible: answer === null,
})
/** 40 questions, so that several batches are needed: every other one asks the passage without Anna. */
const answerable = Array.from({ length: 40 }, (_, number) =>
  example(number, contexts[number % 2] as string, number % 2 ? 'nine' : 'Anna Keller'),
)
const mixed = answerable.map((row, number) => (number % 2 ? example(number, row.context, null) : row))

let tokenizer: Tokenizer
let host: ReaderHost
beforeAll(async () => {
  tokenizer = await Tokenizer.open('test/fixtures/tiny-model')
  host = await keywordHost(tokenizer, 'anna', 'keller')
})

describe('evaluateReader', () => {
  it('never abstains on SQuAD 1.1, whatever the threshold', async () => {
    const evaluation = await evaluateReader({
      host,
      tokenizer,
      settings,
      examples: answerable,
      calibration: { temperature: 1, noAnswerThreshold: -100 },
    })
    expect(evaluation).toMatchObject({ squadVersion: '1.1', n: 40, exactMatch: 50, f1: 50 })
    expect(evaluation.best).toBeUndefined()
    expect(Object.values(predictionsFile(evaluation.questions)).every((text) => text !== '')).toBe(true)
  })

  it('abstains on SQuAD 2.0 above the threshold and reports both kinds of questions and the best threshold', async () => {
    const evaluation = await evaluateReader({ host, tokenizer, settings, examples: mixed, calibration })
    expect(evaluation).toMatchObject({
      squadVersion: '2.0',
      n: 40,
      exactMatch: 100,
      f1: 100,
      f1Interval: [100, 100],
      hasAnswer: { n: 20, exactMatch: 100, f1: 100 },
      noAnswer: { n: 20, exactMatch: 100, f1: 100 },
      best: { bestExact: 100, bestF1: 100 },
    })
    expect(predictionsFile(evaluation.questions)).toMatchObject({ q0: 'Anna Keller', q1: '' })
    expect(evaluation.confidence.riskCoverage.at(-1)).toMatchObject({ coverage: 1, risk: 0 })
    const always = await evaluateReader({
      host,
      tokenizer,
      settings,
      examples: mixed,
      calibration: { temperature: 1, noAnswerThreshold: 100 },
    })
    expect(always).toMatchObject({ f1: 50, noAnswer: { f1: 0 }, best: { bestF1: 100 } })
  })

  it('gives readings that calibrate, and that can be scored again under the fitted threshold', async () => {
    const readings = await readExamples({ host, tokenizer, settings, examples: mixed })
    const { noAnswerThreshold } = fitCalibration(readings)
    expect(scoreReadings(mixed, readings, noAnswerThreshold).f1).toBe(100)
  })

  it('is as sure of a span as it is that the span is right, and of an abstention that nothing is', async () => {
    const readings = await readExamples({ host, tokenizer, settings, examples: mixed })
    const decisions = decisionsOf(scoreReadings(mixed, readings, 0), readings, calibration)
    // Of the keyword reader's margins of 10 and -8.
    expect(decisions[0]).toEqual({ confidence: expect.closeTo(1, 1), isRight: true })
    expect(decisions[1]).toEqual({ confidence: expect.closeTo(1, 1), isRight: true })
    const eager = { temperature: 1, noAnswerThreshold: 100 }
    const [, wrong] = decisionsOf(scoreReadings(mixed, readings, 100), readings, eager)
    expect(wrong).toEqual({ confidence: expect.closeTo(0, 1), isRight: false })
  })

  it('tells how far it is and stops when asked to', async () => {
    const seen: number[] = []
    const controller = new AbortController()
    const evaluation = evaluateReader({
      host,
      tokenizer,
      settings,
      examples: mixed,
      calibration,
      signal: controller.signal,
      onProgress: (done, total) => {
        seen.push(done, total)
        if (done > 16) controller.abort()
      },
    })
    await expect(evaluation).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(seen).toEqual([16, 40, 32, 40])
  })

  it('hands on what the host fails with', async () => {
    const broken: ReaderHost = { run: () => Promise.reject(new Error('the session died')) }
    const evaluation = evaluateReader({ host: broken, tokenizer, settings, examples: mixed, calibration })
    await expect(evaluation).rejects.toThrow('the session died')
  })
})

describe('the general set', () => {
  const file = JSON.parse(readFileSync('resources/general-set.json', 'utf8'))
  const examples = parseSquad(file, 'general-set.json')

  it('has 400 questions, a quarter of them unanswerable, over some 240 contexts', () => {
    expect(examples).toHaveLength(400)
    expect(examples.filter(({ isImpossible }) => isImpossible)).toHaveLength(100)
    expect(new Set(examples.map(({ context }) => contextKey(context))).size).toBeGreaterThan(200)
  })

  it('names the licence of every source and of every article', () => {
    for (const { licence, attribution } of file.sources) expect(file.licence).toContain(`${attribution} (${licence})`)
    const names = file.sources.map(({ name }: { name: string }) => name)
    for (const article of file.data) {
      expect(names).toContain(article.source)
      expect(article.licence).toMatch(/^(CC BY|MIT)/)
    }
  })
})
