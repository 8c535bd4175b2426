import { byScore, DEFAULT_SPAN_SETTINGS, decodeSpans, type SpanSettings } from '../text/spans.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { DEFAULT_WINDOW_SETTINGS, makeWindows, type WindowSettings } from '../text/windows.js'
import { toCandidates } from './candidates.js'
import { type Calibration, type Candidate, toConfidences } from './confidence.js'
import { checkSpan } from './span-text.js'
import { type ReaderHost, runWindows } from './windows.js'

export interface ReaderSettings extends WindowSettings, SpanSettings {}

export const DEFAULT_READER_SETTINGS: ReaderSettings = { ...DEFAULT_WINDOW_SETTINGS, ...DEFAULT_SPAN_SETTINGS }

export interface ReadSpan {
  /** Index of the passage it stands in. */
  readonly passage: number
  /** UTF-16 offsets into that passage. */
  readonly start: number
  readonly end: number
  /** `passages[passage].text.slice(start, end)`. */
  readonly text: string
  /** Start logit + end logit - null score of the passage: what spans are ordered by. */
  readonly margin: number
  /** 0..1, the probability that it is exactly right; see confidence.ts. */
  readonly confidence: number
}

export interface ReadResult {
  /** Everything that was weighed, best first: up to `nBest` of each passage, and they may overlap. */
  readonly candidates: readonly Candidate[]
  /** Best first; no two overlap in the same passage. */
  readonly spans: readonly ReadSpan[]
  readonly noAnswerProbability: number
  /** In every passage the null score exceeds the best span by more than the threshold, or there is no span at all. */
  readonly abstains: boolean
}

export interface ReaderOptions {
  readonly host: ReaderHost
  readonly tokenizer: Tokenizer
  readonly settings: ReaderSettings
  readonly calibration: Calibration
}

/** Reads passages with one version of a model in one form. */
export class Reader {
  constructor(private readonly options: ReaderOptions) {}

  async read(question: string, passages: readonly { readonly text: string }[]): Promise<ReadResult> {
    const candidates = await this.#candidates(question, passages)
    const { calibration } = this.options
    const { noAnswerProbability, spans: confident } = toConfidences(candidates, calibration)
    const spans = confident.map(({ candidate, confidence }) => {
      const { passage, start, end, margin } = candidate
      const source = (passages[passage] as { text: string }).text
      const span = { passage, start, end, text: source.slice(start, end), margin, confidence }
      checkSpan(source, span)
      return span
    })
    const best = spans[0]
    return {
      candidates,
      spans,
      noAnswerProbability,
      abstains: best === undefined || -best.margin > calibration.noAnswerThreshold,
    }
  }

  /** Best first. All windows of all passages go to the host at once: it decides what runs side by side. */
  async #candidates(question: string, passages: readonly { readonly text: string }[]): Promise<Candidate[]> {
    const { host, tokenizer, settings } = this.options
    const asked = await tokenizer.encode(question)
    const encodings = await Promise.all(passages.map(({ text }) => tokenizer.encode(text)))
    const windows = encodings.map((encoding) => makeWindows(asked, encoding, tokenizer, settings))
    const logits = await runWindows(host, windows.flat())
    let done = 0
    const candidates = windows.flatMap((ofPassage, passage) => {
      const decoded = decodeSpans(ofPassage, logits.slice(done, done + ofPassage.length), settings)
      done += ofPassage.length
      const { text } = passages[passage] as { text: string }
      return toCandidates(text, decoded).map((candidate) => ({ passage, ...candidate }))
    })
    return candidates.sort(byMargin)
  }
}

const byMargin = (left: Candidate, right: Candidate): number =>
  byScore({ ...left, score: left.margin }, { ...right, score: right.margin }) || left.passage - right.passage
