/**
 * One decision from the spans of all passages: retriever and reader weighed together.
 *
 * - The **fused score** of a span is its margin + w * the score of its passage in retrieval, and w their exchange rate as the
 *   calibration has it: a passage about something else must read much better. How sure the answer is, is told from the
 *   similarity, the cosine of question and passage: other than the score it means the same in a collection of any size.
 * - Of spans that overlap in the document the best one stays.
 * - Spans with the same words in several places are one answer. It stands where the best of them is, and its weight is the
 *   sum of theirs, exp(fused score): passages that agree strengthen it, and the more so the better each of them reads.
 * - Answers are ordered by weight. The first one is the decision; **noAnswerProbability**, of the question, is that of the
 *   logistic map of its margin and similarity, and its confidence (1 - noAnswerProbability) * the probability that it is
 *   exactly right: a logistic map of the log-odds of its weight among all candidates, its margin and its similarity.
 * - Confidences of further answers are computed alike, and exceed neither a better one's nor what those leave
 *   of 1.
 *
 * Without a calibration for these passages retrieval counts nothing, and what the reader says of each span is taken;
 * the confidences of spans that agree are added.
 */
import type { Passage } from '../domain.js'
import { type Candidate, sigmoid } from '../read/confidence.js'
import type { ReadResult } from '../read/reader.js'
import type { AnswerCalibration } from '../registry/answer-calibrations.js'

/** What is known of the passage that a span stands in. */
export interface PassagePlace {
  readonly text: string
  readonly documentId: string
  readonly documentVersion: number
  /** Where it begins in the canonical text. */
  readonly start: number
  /** Of retrieval: only what it is above that of another passage of the question counts. */
  readonly score: number
  /** Cosine; null: it was found by its words alone. */
  readonly similarity: number | null
}

/** What a calibration sees of an answer. */
export interface AnswerFeatures {
  readonly margin: number
  readonly similarity: number
  /** Log-odds of its weight among all candidates. */
  readonly shareLogOdds: number
  /** Places that say the same, itself among them. */
  readonly agreeing: number
}

export interface ProposedAnswer {
  readonly passage: number
  readonly start: number
  readonly end: number
  readonly features: AnswerFeatures
  readonly confidence: number
  /** False: there is more for an abstention than for it. */
  readonly passes: boolean
}

export interface Decision {
  readonly noAnswerProbability: number
  /** Best first, those that do not pass among them. */
  readonly answers: readonly ProposedAnswer[]
}

interface Place extends Candidate {
  readonly similarity: number
  readonly fused: number
}

/** An answer before anything is said of how sure it is. */
export interface Group {
  readonly best: Candidate
  readonly members: readonly Candidate[]
  readonly features: AnswerFeatures
}

export interface DecideOptions {
  readonly reading: Pick<ReadResult, 'candidates' | 'spans' | 'noAnswerProbability'>
  readonly passages: readonly PassagePlace[]
  readonly calibration: AnswerCalibration | undefined
  /** Of the reader: used where there is no calibration. */
  readonly noAnswerThreshold: number
}

export function decide({ reading, passages, calibration, noAnswerThreshold }: DecideOptions): Decision {
  const groups = groupAnswers(reading.candidates, passages, calibration ? exchangeRate(calibration) : 0)
  const [first] = groups
  if (!first) return { noAnswerProbability: 1, answers: [] }
  const noAnswerProbability = calibration
    ? sigmoid(-answerLogOdds(first.features, calibration))
    : reading.noAnswerProbability
  const ofReader = new Map(reading.spans.map((span) => [keyOf(span), span.confidence]))
  let left = 1 - noAnswerProbability
  let atMost = 1
  const answers = groups.map(({ best, members, features }): ProposedAnswer => {
    const wanted = calibration
      ? (1 - noAnswerProbability) * sigmoid(exactLogOdds(features, calibration))
      : members.reduce((sum, member) => sum + (ofReader.get(keyOf(member)) ?? 0), 0)
    const confidence = Math.max(0, Math.min(wanted, left, atMost))
    left -= confidence
    atMost = confidence
    const passes = calibration
      ? answerLogOdds(features, calibration) >= calibration.minLogOdds
      : -features.margin <= noAnswerThreshold
    const { passage, start, end } = best
    return { passage, start, end, features, confidence, passes }
  })
  return { noAnswerProbability, answers }
}

export function toPlace({ chunk, text, score, denseScore }: Passage): PassagePlace {
  const { documentId, version: documentVersion, start } = chunk
  return { text, documentId, documentVersion, start, score, similarity: denseScore }
}

/** @param candidates of all passages, in any order @param rate of a passage's score in margins @returns the heaviest first */
export function groupAnswers(
  candidates: readonly Candidate[],
  passages: readonly PassagePlace[],
  rate: number,
): Group[] {
  const similarities = similaritiesOf(passages)
  const places = candidates
    .map((candidate): Place => {
      const similarity = similarities[candidate.passage] as number
      const { score } = passages[candidate.passage] as PassagePlace
      return { ...candidate, similarity, fused: candidate.margin + rate * score }
    })
    .sort((left, right) => right.fused - left.fused || left.passage - right.passage || left.start - right.start)
  const top = places[0]?.fused ?? 0
  const weightOf = ({ fused }: Place): number => Math.exp(fused - top)
  const total = places.reduce((sum, place) => sum + weightOf(place), 0)
  const groups = new Map<string, Place[]>()
  for (const place of withoutOverlaps(places, passages)) {
    const words = wordsOf((passages[place.passage] as PassagePlace).text.slice(place.start, place.end))
    // What has no words (an emoji) agrees with nothing.
    const key = words || keyOf(place)
    const group = groups.get(key)
    if (group) group.push(place)
    else groups.set(key, [place])
  }
  return [...groups.values()]
    .map((members) => ({ members, weight: members.reduce((sum, place) => sum + weightOf(place), 0) }))
    .sort((left, right) => right.weight - left.weight)
    .map(({ members, weight }) => {
      const best = members[0] as Place
      const { margin, similarity } = best
      const features = { margin, similarity, shareLogOdds: logOddsOf(weight, total), agreeing: members.length }
      return { best, members, features }
    })
}

export const answerLogOdds = (
  { margin, similarity }: Pick<AnswerFeatures, 'margin' | 'similarity'>,
  { answerable }: Pick<AnswerCalibration, 'answerable'>,
): number => answerable.bias + answerable.margin * margin + answerable.similarity * similarity

const exactLogOdds = ({ margin, similarity, shareLogOdds }: AnswerFeatures, { exact }: AnswerCalibration): number =>
  exact.bias + exact.share * shareLogOdds + exact.margin * margin + exact.similarity * similarity

export const exchangeRate = ({ answerable }: Pick<AnswerCalibration, 'answerable'>): number =>
  answerable.similarity / answerable.margin

/** A passage that is not among the nearest is at most as near as the last of them. */
function similaritiesOf(passages: readonly PassagePlace[]): number[] {
  const known = passages.flatMap(({ similarity }) => (similarity === null ? [] : [similarity]))
  const least = known.length === 0 ? 0 : Math.min(...known)
  return passages.map(({ similarity }) => similarity ?? least)
}

/** By offsets into the document, so that passages may overlap. `places` is sorted, best first. */
function withoutOverlaps(places: readonly Place[], passages: readonly PassagePlace[]): Place[] {
  const kept: Place[] = []
  const taken = new Map<string, [start: number, end: number][]>()
  for (const place of places) {
    const { documentId, documentVersion, start: offset } = passages[place.passage] as PassagePlace
    const document = `${documentId}@${documentVersion}`
    const ranges = taken.get(document) ?? []
    if (ranges.some(([start, end]) => start < offset + place.end && offset + place.start < end)) continue
    taken.set(document, [...ranges, [offset + place.start, offset + place.end]])
    kept.push(place)
  }
  return kept
}

const keyOf = ({ passage, start, end }: Omit<Candidate, 'margin'>): string => `${passage}:${start}:${end}`

/** Of one case, form and spacing, without the marks around it. What is inside stays: "-3" is not "3". */
const wordsOf = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/^[\s"'“”«»()[\]]+|[\s"'“”«»()[\].!?]+$/gu, '')
    .replaceAll(/\s+/gu, ' ')

const MAX_LOG_ODDS = 12

function logOddsOf(weight: number, total: number): number {
  const logOdds = Math.log(weight / Math.max(total - weight, 0))
  return Math.max(-MAX_LOG_ODDS, Math.min(MAX_LOG_ODDS, logOdds))
}
