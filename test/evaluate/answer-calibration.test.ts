import { describe, expect, it } from 'vitest'
import { decide, type PassagePlace } from '../../src/answer/decision.js'
import { type AskedQuestion, fitAnswerCalibration } from '../../src/evaluate/answer-calibration.js'
import { type Decision, expectedCalibrationError } from '../../src/evaluate/confidence-metrics.js'
import { type Candidate, sigmoid } from '../../src/read/confidence.js'

/**
 * Questions whose answer is likelier the nearer the best passage is and the better its span reads, and whose words are
 * right as often as their share says.
 */
function ask(count: number, seed: number): AskedQuestion[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, number): AskedQuestion => {
    const similarity = random()
    const margin = 12 * random() - 6
    const gap = 5 * random()
    const hasAnswer = random() < sigmoid(-3 + 0.3 * margin + 6 * similarity)
    const isExact = random() < sigmoid(-0.3 + 0.7 * gap)
    const place = (text: string, cosine: number): PassagePlace => ({
      ...{ text, documentId: `${number} ${text}`, documentVersion: 1, start: 0, score: cosine, similarity: cosine },
    })
    const candidates: Candidate[] = [
      { passage: 0, start: 0, end: 5, margin },
      { passage: 0, start: 6, end: 11, margin: margin - gap },
      // A far passage that reads a little better misleads.
      { passage: 1, start: 0, end: 5, margin: margin + 1 },
    ]
    const golds = hasAnswer ? [isExact ? 'right' : 'other'] : []
    return { golds, passages: [place('right wrong', similarity), place('false', similarity - 0.6)], candidates }
  })
}

describe('fitAnswerCalibration', () => {
  const calibration = fitAnswerCalibration(ask(2000, 3))
  const decide2 = ({ passages, candidates }: AskedQuestion) =>
    decide({
      reading: { candidates, spans: [], noAnswerProbability: 0 },
      passages,
      calibration,
      noAnswerThreshold: 0,
    })

  it('finds what nearness is worth', () => {
    const { answerable } = calibration
    expect(answerable.margin).toBeGreaterThan(0.25)
    expect(answerable.margin).toBeLessThan(0.35)
    expect(answerable.similarity).toBeGreaterThan(5)
    expect(answerable.similarity).toBeLessThan(7)
    const unseen = ask(200, 5)
    expect(unseen.every((question) => decide2(question).answers[0]?.passage === 0)).toBe(true)
  })

  it('makes the share of right answers what the confidence says, on questions that it was not fitted to', () => {
    const unseen = ask(2000, 11)
    const decisions = unseen.map((question): Decision => {
      const [answer] = decide2(question).answers
      return { confidence: answer?.confidence ?? 0, isRight: question.golds[0] === 'right' }
    })
    expect(expectedCalibrationError(decisions)).toBeLessThan(0.04)
    const abstentions = unseen.map((question): Decision => {
      return { confidence: decide2(question).noAnswerProbability, isRight: question.golds.length === 0 }
    })
    expect(expectedCalibrationError(abstentions)).toBeLessThan(0.04)
  })

  it('gives who asks for a precision that precision', () => {
    for (const minConfidence of [0.5, 0.7]) {
      const given = ask(4000, 13).flatMap((question) => {
        const [answer] = decide2(question).answers
        return answer && answer.confidence >= minConfidence ? [question.golds[0] === 'right'] : []
      })
      expect(given.length).toBeGreaterThan(100)
      expect(given.filter(Boolean).length / given.length).toBeGreaterThanOrEqual(minConfidence)
    }
  })

  it('needs both kinds of questions, and one whose passages hold nothing is no decision', () => {
    const empty = (golds: string[]): AskedQuestion => ({ golds, passages: [], candidates: [] })
    expect(() => fitAnswerCalibration([])).toThrow(/needs/)
    expect(() => fitAnswerCalibration([empty(['a'])])).toThrow(/unanswerable/)
    const withEmpty = fitAnswerCalibration([...ask(2000, 3), empty([]), empty(['a'])])
    expect(withEmpty).toEqual(calibration)
  })
})

/** Park & Miller 1988. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
