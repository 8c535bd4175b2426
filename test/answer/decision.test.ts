import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DecideOptions, decide, type PassagePlace } from '../../src/answer/decision.js'
import { type Candidate, toConfidences } from '../../src/read/confidence.js'
import type { AnswerCalibration } from '../../src/registry/answer-calibrations.js'

const calibration: AnswerCalibration = {
  answerable: { bias: -2, margin: 0.3, similarity: 5 },
  exact: { bias: -0.5, share: 0.8, margin: 0.1, similarity: 1 },
  minLogOdds: 0,
}

const passage = (text: string, similarity: number | null, documentId = text, start = 0): PassagePlace => ({
  ...{ text, documentId, documentVersion: 1, start, score: similarity ?? 0, similarity },
})

/** The words of a passage as a candidate of that margin. */
function candidate(passages: readonly PassagePlace[], at: number, words: string, margin: number): Candidate {
  const start = (passages[at] as PassagePlace).text.indexOf(words)
  return { passage: at, start, end: start + words.length, margin }
}

function decideOn(
  passages: readonly PassagePlace[],
  candidates: readonly Candidate[],
  options: Partial<DecideOptions> = {},
) {
  const sorted = candidates.toSorted((left, right) => right.margin - left.margin)
  const { noAnswerProbability, spans } = toConfidences(sorted, { temperature: 1 })
  const reading = {
    candidates: sorted,
    noAnswerProbability,
    spans: spans.map(({ candidate: span, confidence }) => ({
      ...span,
      confidence,
      text: passages[span.passage]?.text.slice(span.start, span.end) as string,
    })),
  }
  return decide({ reading, passages, calibration, noAnswerThreshold: 0, ...options })
}

describe('a decision', () => {
  it('weighs how near a passage is against how well a span reads', () => {
    const passages = [passage('It opens at nine.', 0.8), passage('It closes at ten.', 0.3)]
    const candidates = [candidate(passages, 0, 'nine', 3), candidate(passages, 1, 'ten', 5)]
    // 3 + 0.8 * 5 / 0.3 is more than 5 + 0.3 * 5 / 0.3.
    expect(decideOn(passages, candidates).answers[0]).toMatchObject({ passage: 0, features: { margin: 3 } })
    expect(decideOn(passages, candidates, { calibration: undefined }).answers[0]).toMatchObject({ passage: 1 })
  })

  it('has one probability of no answer, which the best span decides', () => {
    const passages = [passage('It opens at nine.', 0.5), passage('It closes at ten.', 0.2)]
    const candidates = [candidate(passages, 0, 'nine', 4), candidate(passages, 1, 'ten', -6)]
    const { noAnswerProbability } = decideOn(passages, candidates)
    expect(noAnswerProbability).toBeCloseTo(1 / (1 + Math.exp(-2 + 0.3 * 4 + 5 * 0.5)), 12)
    expect(decideOn(passages.slice(0, 1), candidates.slice(0, 1)).noAnswerProbability).toBe(noAnswerProbability)
  })

  it.each([
    ['calibrated', calibration],
    ['by the reader alone', undefined],
  ])('is strengthened by passages that say the same, in other letters too, %s', (_name, used) => {
    const passages = [
      passage('It opens at Nine.', 0.5),
      passage('From nine on.', 0.5),
      passage('It shuts at ten.', 0.5),
    ]
    const candidates = [
      candidate(passages, 0, 'Nine', 3),
      candidate(passages, 1, 'nine', 2.9),
      candidate(passages, 2, 'ten', 3.2),
    ]
    const agreed = decideOn(passages, candidates, { calibration: used }).answers
    expect(agreed.map((answer) => answer.passage)).toEqual([0, 2])
    expect(agreed[0]?.features.agreeing).toBe(2)
    const alone = decideOn(passages, [candidates[0] as Candidate, candidates[2] as Candidate], { calibration: used })
    const nineAlone = alone.answers.find((answer) => answer.passage === 0)
    expect(agreed[0]?.confidence).toBeGreaterThan(nineAlone?.confidence as number)
  })

  it('does not take -3 for 3', () => {
    const passages = [passage('It was -3 degrees.', 0.5), passage('It was 3 degrees.', 0.5)]
    const { answers } = decideOn(passages, [candidate(passages, 0, '-3', 3), candidate(passages, 1, '3', 3)])
    expect(answers).toHaveLength(2)
  })

  it('gives one answer where passages overlap in the document', () => {
    const text = 'The director is Anna Keller of Bern.'
    const passages = [passage(text, 0.5, 'a'), passage(text.slice(4), 0.5, 'a', 4), passage(text.slice(4), 0.5, 'b', 4)]
    const { answers } = decideOn(passages, [
      candidate(passages, 0, 'Anna Keller', 4),
      candidate(passages, 1, 'Keller of Bern', 3),
      candidate(passages, 2, 'Keller of Bern', 2),
    ])
    expect(answers.map((answer) => answer.passage)).toEqual([0, 2])
  })

  it('takes a passage that was found by its words alone for as near as the last of the others', () => {
    const passages = [passage('nine', 0.7), passage('ten', 0.4), passage('eight', null)]
    const { answers } = decideOn(passages, [candidate(passages, 2, 'eight', 1)])
    expect(answers[0]?.features.similarity).toBe(0.4)
    const unknown = [passage('eight', null)]
    expect(decideOn(unknown, [candidate(unknown, 0, 'eight', 1)]).answers[0]?.features.similarity).toBe(0)
  })

  it('prefers the passage that retrieval puts higher, and is as sure as the cosine says', () => {
    const high = { ...passage('nine', 0.3), score: 0.9 }
    const passages = [{ ...passage('ten', 0.6), score: 0.6 }, high]
    const candidates = [candidate(passages, 0, 'ten', 2), candidate(passages, 1, 'nine', 0)]
    const [first, second] = decideOn(passages, candidates, { calibration }).answers
    // 0.9 - 0.6 are worth 5 / 0.3 each: 5 units of margin.
    expect([first?.passage, second?.passage]).toEqual([1, 0])
    expect(first?.features.similarity).toBe(0.3)
    const without = decideOn(passages, candidates, { calibration: undefined }).answers
    expect(without.map((answer) => answer.passage)).toEqual([0, 1])
  })

  it('abstains for certain where there is nothing to quote', () => {
    expect(decideOn([], [])).toEqual({ noAnswerProbability: 1, answers: [] })
    expect(decideOn([passage('', 0.9)], [])).toEqual({ noAnswerProbability: 1, answers: [] })
  })

  it('passes what is above the threshold, of the calibration or of the reader', () => {
    const passages = [passage('nine', 0.4)]
    const passes = (margin: number, used?: AnswerCalibration) =>
      decideOn(passages, [candidate(passages, 0, 'nine', margin)], { calibration: used }).answers[0]?.passes
    expect([passes(0.1), passes(-0.1)]).toEqual([true, false])
    // -2 + 0.3 * m + 5 * 0.4 is 0 at a margin of 0.
    expect([passes(0.1, calibration), passes(-0.1, calibration)]).toEqual([true, false])
    expect(passes(0.1, { ...calibration, minLogOdds: 0.5 })).toBe(false)
  })

  it('never gives more probability than there is, nor a further answer more than a better one', () => {
    const words = ['nine', 'ten', '中文', 'שלום', '😀', 'cafe\u0301', 'Nine.']
    const texts = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 }).map((list) => list.join(' '))
    const places = fc.array(
      fc.record({
        text: texts,
        score: fc.double({ min: -1, max: 2, noNaN: true }),
        similarity: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
        documentId: fc.constantFrom('a', 'b'),
        start: fc.nat(30),
      }),
      { minLength: 1, maxLength: 4 },
    )
    const spans = fc.array(
      fc.record({
        passage: fc.nat(3),
        start: fc.nat(30),
        length: fc.nat(9),
        margin: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(places, spans, fc.boolean(), (made, list, isCalibrated) => {
        const passages = made.map((place) => ({ ...place, documentVersion: 1 }))
        const candidates = list.flatMap(({ passage: at, start, length, margin }): Candidate[] => {
          const { text } = passages[at % passages.length] as PassagePlace
          const end = Math.min(start + length + 1, text.length)
          return start < end ? [{ passage: at % passages.length, start, end, margin }] : []
        })
        const { noAnswerProbability, answers } = decideOn(passages, candidates, {
          calibration: isCalibrated ? calibration : undefined,
        })
        const total = answers.reduce((sum, { confidence }) => sum + confidence, noAnswerProbability)
        expect(total).toBeLessThanOrEqual(1 + 1e-9)
        for (const [index, { confidence }] of answers.entries()) {
          expect(confidence).toBeGreaterThanOrEqual(0)
          expect(confidence).toBeLessThanOrEqual(answers[index - 1]?.confidence ?? 1)
        }
        const offsets = answers.map(({ passage: at, start, end }) => {
          const { documentId, start: from } = passages[at] as PassagePlace
          return { documentId, start: from + start, end: from + end }
        })
        for (const [index, one] of offsets.entries()) {
          for (const other of offsets.slice(index + 1)) {
            const overlap = one.documentId === other.documentId && one.start < other.end && other.start < one.end
            expect(overlap).toBe(false)
          }
        }
      }),
    )
  })
})
