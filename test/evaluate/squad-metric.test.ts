import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  applyThreshold,
  findBestThresholds,
  normalizeAnswer,
  scoreAnswer,
  scoreQuestions,
  toReaderScore,
} from '../../src/evaluate/squad-metric.js'
import type { SquadExample } from '../../src/text/squad.js'

// What the official scorers print; scripts/fixtures/squad-scorer.py made it.
const fixture = (name: string) => JSON.parse(readFileSync(`test/fixtures/squad-scorer/${name}.json`, 'utf8'))

interface AnswerRow {
  golds: string[]
  prediction: string
  normalized: string
  v1: { exact: number; f1: number }
  v2: { exact: number; f1: number }
}

interface WholeFile {
  questions: { id: string; golds: string[] }[]
  predictions: Record<string, string>
  noAnswerScores: Record<string, number>
}

const examplesOf = ({ questions }: WholeFile): SquadExample[] =>
  questions.map(({ id, golds }) => ({
    id,
    title: '',
    question: '',
    context: '',
    answers: golds.map((text) => ({ text, start: 0 })),
    isImpossible: golds.length === 0,
  }))

describe('the SQuAD metric', () => {
  const rows: AnswerRow[] = fixture('answers')

  it('normalizes answers as the official scorers do', () => {
    expect(rows.map(({ prediction }) => normalizeAnswer(prediction))).toEqual(rows.map(({ normalized }) => normalized))
  })

  it('scores every answer as the official 1.1 scorer does', () => {
    expect(rows.map(({ golds, prediction }) => scoreAnswer(golds, prediction, '1.1'))).toEqual(rows.map(({ v1 }) => v1))
  })

  it('scores every answer as the official 2.0 scorer does', () => {
    expect(rows.map(({ golds, prediction }) => scoreAnswer(golds, prediction, '2.0'))).toEqual(rows.map(({ v2 }) => v2))
  })

  it('gives a SQuAD 1.1 file the totals of the official scorer', () => {
    const file: WholeFile & { v1: { exact_match: number; f1: number } } = fixture('squad1')
    const questions = scoreQuestions(examplesOf(file), new Map(Object.entries(file.predictions)), '1.1')
    expect(toReaderScore(questions)).toEqual({ n: 120, exactMatch: file.v1.exact_match, f1: file.v1.f1 })
  })

  it('gives a SQuAD 2.0 file the totals, the breakdown and the best thresholds of the official scorer', () => {
    const file: WholeFile & { v2: Record<string, number>[] } = fixture('squad2')
    const noAnswerScores = new Map(Object.entries(file.noAnswerScores))
    const raw = scoreQuestions(examplesOf(file), new Map(Object.entries(file.predictions)), '2.0')
    for (const official of file.v2) {
      const questions = applyThreshold(raw, noAnswerScores, official.threshold as number)
      const best = findBestThresholds(raw, noAnswerScores)
      const has = toReaderScore(questions.filter(({ hasAnswer }) => hasAnswer))
      const no = toReaderScore(questions.filter(({ hasAnswer }) => !hasAnswer))
      const { n, exactMatch, f1 } = toReaderScore(questions)
      expect({
        threshold: official.threshold,
        exact: exactMatch,
        f1,
        total: n,
        HasAns_exact: has.exactMatch,
        HasAns_f1: has.f1,
        HasAns_total: has.n,
        NoAns_exact: no.exactMatch,
        NoAns_f1: no.f1,
        NoAns_total: no.n,
        best_exact: best.bestExact,
        best_exact_thresh: best.bestExactThreshold,
        best_f1: best.bestF1,
        best_f1_thresh: best.bestF1Threshold,
      }).toEqual(official)
    }
  })

  it('counts a question without prediction as answered with nothing', () => {
    const [answerable, unanswerable] = [
      { id: 'a', golds: ['x'] },
      { id: 'b', golds: [] },
    ]
    const examples = examplesOf({ questions: [answerable, unanswerable], predictions: {}, noAnswerScores: {} })
    expect(scoreQuestions(examples, new Map(), '2.0').map(({ f1 }) => f1)).toEqual([0, 1])
  })

  it('gives nothing the score 0', () => {
    expect(toReaderScore([])).toEqual({ n: 0, exactMatch: 0, f1: 0 })
  })
})
