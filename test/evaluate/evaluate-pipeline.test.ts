import { describe, expect, it } from 'vitest'
import type { Decision, ProposedAnswer } from '../../src/answer/decision.js'
import type { Passage } from '../../src/domain.js'
import { evaluatePipeline, type Pipeline } from '../../src/evaluate/evaluate-pipeline.js'
import { contextKey, type SquadExample } from '../../src/text/squad.js'

const contexts = ['Otters hold hands.', 'Zebras have stripes.', 'Walruses eat clams.']
const documentIds = new Map(contexts.map((context, at) => [contextKey(context), `d${at}`]))
const example = (id: string, at: number, answer: string | null): SquadExample => {
  const context = contexts[at] as string
  const answers = answer === null ? [] : [{ text: answer, start: context.indexOf(answer) }]
  return { id, title: '', context, question: id, answers, isImpossible: answer === null }
}
const passage = (document: number, text = contexts[document] as string) =>
  ({ text, chunk: { documentId: `d${document}` }, duplicates: [] as readonly string[] }) as Passage

/** Finds the documents in this order, and proposes these words of the first one. */
function pipelineOf(found: Record<string, { order: number[]; words: string | null; passes?: boolean }>): Pipeline {
  const of = (question: string) => found[question] as { order: number[]; words: string | null; passes?: boolean }
  return {
    search: async (question) => of(question).order.map((document) => passage(document)),
    consider: async (question) => {
      const { order, words, passes = true } = of(question)
      const passages = order.map((document) => passage(document))
      const start = words === null ? 0 : (passages[0] as Passage).text.indexOf(words)
      const proposed = { passage: 0, start, end: start + (words?.length ?? 0), passes } as ProposedAnswer
      return { passages, decision: { answers: words === null ? [] : [proposed] } as unknown as Decision }
    },
  }
}

describe('evaluatePipeline', () => {
  it('ranks documents, not passages, and counts the question’s own context alone', async () => {
    const pipeline = pipelineOf({
      // Two passages of one document before the right one: it is the second document.
      a: { order: [1, 1, 0], words: 'Zebras' },
      b: { order: [1], words: 'stripes' },
      c: { order: [0, 1], words: 'hands' },
    })
    const examples = [example('a', 0, 'hands'), example('b', 1, 'stripes'), example('c', 2, 'clams')]
    const found = await evaluatePipeline({ pipeline, examples, documentIds })
    expect(found.questions.map(({ rank }) => rank)).toEqual([2, 1, null])
    expect(found.recallAt1).toBeCloseTo(100 / 3)
    expect(found.recallAt5).toBeCloseTo(200 / 3)
    expect(found.recallAt20).toBeCloseTo(200 / 3)
    expect(found.exactMatch).toBeCloseTo(100 / 3)
  })

  it('takes the best span of SQuAD 1.1 even where it would abstain, and of 2.0 only what passes', async () => {
    const pipeline = pipelineOf({
      a: { order: [0], words: 'hands', passes: false },
      b: { order: [1], words: 'stripes', passes: false },
    })
    const answerable = [example('a', 0, 'hands')]
    const all = await evaluatePipeline({ pipeline, examples: answerable, documentIds })
    expect(all).toMatchObject({ squadVersion: '1.1', n: 1, f1: 100, abstained: 100 })
    const mixed = await evaluatePipeline({ pipeline, examples: [...answerable, example('b', 1, null)], documentIds })
    expect(mixed).toMatchObject({ squadVersion: '2.0', n: 2, f1: 50, abstained: 100, recallAt1: 100 })
  })
})
