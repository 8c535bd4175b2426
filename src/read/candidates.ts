/** Decoded spans of one passage as quotes: tidied, none twice, with margins. Serving and evaluation see the same ones. */
import type { TextSpan } from '../text/sentences.js'
import type { DecodedSpans } from '../text/spans.js'
import { tidySpan } from './span-text.js'

export interface PassageCandidate extends TextSpan {
  /** Start logit + end logit - null score of the passage. */
  readonly margin: number
}

/** Best first. */
export function toCandidates(text: string, { spans, nullScore }: DecodedSpans): PassageCandidate[] {
  const candidates = new Map<string, PassageCandidate>()
  for (const span of spans) {
    const tidy = tidySpan(text, span)
    const key = `${tidy?.start}:${tidy?.end}`
    if (tidy && !candidates.has(key)) candidates.set(key, { ...tidy, margin: span.score - nullScore })
  }
  return [...candidates.values()]
}
