/**
 * Questions with the passages that retrieval found for them among many: what a calibration of answers is fitted on. Made
 * once for an embedder and retrieval settings (scripts/data/make-retrieved-set.mjs for the set that ships); any reader can
 * read it, so that a new version is calibrated without an index.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { PassagePlace } from '../answer/decision.js'
import { DocentError } from '../errors.js'
import { toCandidates } from '../read/candidates.js'
import type { Candidate } from '../read/confidence.js'
import { runWindows } from '../read/windows.js'
import type { AnswerCalibrationFile } from '../registry/answer-calibrations.js'
import { decodeSpans } from '../text/spans.js'
import type { SquadExample } from '../text/squad.js'
import { makeWindows } from '../text/windows.js'
import { type AskedQuestion, fitAnswerCalibration } from './answer-calibration.js'
import type { EvaluationOptions } from './evaluate-reader.js'

const retrievedSetSchema = z.object({
  source: z.string(),
  licence: z.string(),
  embedder: z.string(),
  retrieval: z.record(z.string(), z.union([z.string(), z.number()])),
  contexts: z.array(z.string()),
  questions: z.array(
    z.object({
      question: z.string(),
      /** Empty: no context answers it, or what does was taken out of the passages. */
      golds: z.array(z.string()),
      /** In the order of retrieval; UTF-16 offsets into the context. */
      passages: z.array(
        z.object({
          context: z.number().int(),
          start: z.number().int(),
          end: z.number().int(),
          score: z.number(),
          similarity: z.number().nullable(),
        }),
      ),
    }),
  ),
})

export type RetrievedSet = z.infer<typeof retrievedSetSchema>
export type RetrievedQuestion = RetrievedSet['questions'][number]

/** As many as the largest fit chooses from. */
const PASSAGES = 8
/** As many as a search gives: more than enough when those of one context are taken out. */
const SEARCHED = 50

export interface RetrieveQuestionsOptions {
  readonly examples: readonly SquadExample[]
  /** Number of the context that an example is asked of. */
  readonly contextOf: (example: SquadExample) => number
  readonly search: (question: string, topK: number) => Promise<readonly RetrievedQuestion['passages'][number][]>
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Questions that were paired with another passage are left out: among all contexts, their own answers them. Every second
 * answerable question is asked again without what was found of its own context.
 */
export async function retrieveQuestions(options: RetrieveQuestionsOptions): Promise<RetrievedQuestion[]> {
  const { contextOf, search, onProgress } = options
  const examples = options.examples.filter(({ id }) => !id.endsWith('-elsewhere'))
  const asked: RetrievedQuestion[] = []
  let answerable = 0
  for (const [at, example] of examples.entries()) {
    const { question, answers, isImpossible } = example
    const found = await search(question, SEARCHED)
    const golds = [...new Set(answers.map(({ text }) => text))]
    asked.push({ question, golds, passages: found.slice(0, PASSAGES) })
    if (!isImpossible && answerable++ % 2 === 1) {
      const others = found.filter(({ context }) => context !== contextOf(example))
      asked.push({ question, golds: [], passages: others.slice(0, PASSAGES) })
    }
    onProgress?.(at + 1, examples.length)
  }
  return asked
}

/** @throws INVALID_DATASET */
export async function readRetrievedSet(path: string): Promise<RetrievedSet> {
  const parsed = retrievedSetSchema.safeParse(JSON.parse(await readFile(path, 'utf8')))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DocentError('INVALID_DATASET', `${path}: ${issue?.path.join('.')}: ${issue?.message}`)
}

type ReadOptions = Omit<EvaluationOptions, 'calibration' | 'examples'> & {
  readonly set: { readonly contexts: readonly string[]; readonly questions: readonly RetrievedQuestion[] }
}

/** What the reader makes of every passage. A passage that is read for the same question twice is read once. */
export async function readRetrieved(options: ReadOptions): Promise<AskedQuestion[]> {
  const { set, onProgress, signal } = options
  const asked: AskedQuestion[] = []
  let known = { question: '', candidates: new Map<string, Promise<Omit<Candidate, 'passage'>[]>>() }
  for (const { question, golds, passages } of set.questions) {
    if (signal?.aborted) throw new DocentError('CANCELLED', 'the calibration was cancelled')
    if (known.question !== question) known = { question, candidates: new Map() }
    const places = passages.map(({ context, start, end, score, similarity }): PassagePlace => {
      const text = (set.contexts[context] as string).slice(start, end)
      return { text, documentId: String(context), documentVersion: 1, start, score, similarity }
    })
    const candidates = await Promise.all(
      places.map(async ({ text, documentId, start }, passage): Promise<Candidate[]> => {
        const key = `${documentId}:${start}`
        const reading = known.candidates.get(key) ?? readPassage(options, question, text)
        known.candidates.set(key, reading)
        return (await reading).map((candidate) => ({ ...candidate, passage }))
      }),
    )
    asked.push({ golds, passages: places, candidates: candidates.flat() })
    onProgress?.(asked.length, set.questions.length)
  }
  return asked
}

/** How many passages an answer may be chosen from: a fit for each. */
const FITTED_TOP_K = [1, 2, 4, 8]

/** The same readings serve every number of passages: the first of them are the passages of a smaller `topK`. */
export function fitForEachTopK(asked: readonly AskedQuestion[]): AnswerCalibrationFile['fits'] {
  return FITTED_TOP_K.map((topK) => ({
    topK,
    calibration: fitAnswerCalibration(
      asked.map(({ golds, passages, candidates }) => ({
        golds,
        passages: passages.slice(0, topK),
        candidates: candidates.filter(({ passage }) => passage < topK),
      })),
    ),
  }))
}

async function readPassage({ host, tokenizer, settings }: ReadOptions, question: string, text: string) {
  const [asked, passage] = await Promise.all([tokenizer.encode(question), tokenizer.encode(text)])
  const windows = makeWindows(asked, passage, tokenizer, settings)
  return toCandidates(text, decodeSpans(windows, await runWindows(host, windows), settings))
}
