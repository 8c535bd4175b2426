/**
 * answer/: enters a question, leaves verbatim quotes of documents or an abstention, and the interaction that says how they
 * came about. Retrieval finds passages, the reader finds spans in them; here it is decided what is said. Called by graphql/.
 */
import { v7 as uuidv7 } from 'uuid'
import type { Answer, Interaction, Passage, PassageRecord } from '../domain.js'
import { DocentError } from '../errors.js'
import type { ServedReading, ServingReader } from '../read/serving-reader.js'
import type { AnswerCalibrations, ChosenCalibration } from '../registry/answer-calibrations.js'
import type { CrossEncoder } from '../retrieve/cross-encoder.js'
import { RETRIEVAL_SETTINGS } from '../retrieve/retriever.js'
import type { ServingEmbedder } from '../retrieve/serving-embedder.js'
import type { Store } from '../store/store.js'
import { type Decision, decide, type ProposedAnswer, toPlace } from './decision.js'
import { type AskNotice, noticesOf } from './notices.js'
import { RERANK_DEPTH, rerank, scoresByReader } from './rerank.js'
import { resolveHistory } from './resolve-history.js'
import { type AskInput, type AskRequest, collectionIdsOf, parseAsk, parseSearch, type SearchInput } from './settings.js'

export interface AnsweringOptions {
  readonly store: Store
  readonly retriever: Pick<ServingEmbedder, 'retrieve'>
  readonly servingReader: Pick<ServingReader, 'read'>
  readonly calibrations: Pick<AnswerCalibrations, 'choose'>
  /** Reranks searches in place of the served reader. */
  readonly crossEncoder?: Pick<CrossEncoder, 'score'> | undefined
  /** Told of every interaction once it is stored. */
  readonly onAsked?: (interaction: Interaction) => void
}

export interface AskResult {
  readonly interaction: Interaction
  readonly passages: readonly Passage[]
  readonly notices: readonly AskNotice[]
}

export class Answering {
  readonly #options: AnsweringOptions

  constructor(options: AnsweringOptions) {
    this.#options = options
  }

  /**
   * Abstains when no answer passes the calibrated threshold and `minConfidence`.
   * @throws INVALID_INPUT, COLLECTION_NOT_FOUND
   */
  async ask(input: AskInput): Promise<AskResult> {
    const startedAt = performance.now()
    const request = parseAsk(input)
    const considered = await this.#consider(request)
    const { passages, decision, served, embedderVersion, calibrationId, timings } = considered
    const answers = await this.#answersOf(decision, passages, request)
    const { question, history, topK, perDocument, maxAnswers, minConfidence } = request
    const { collectionIds, filter, resolvedQuestion } = considered
    const interaction: Interaction = {
      id: uuidv7(),
      ...{ question, resolvedQuestion, history, collectionIds, filter },
      settings: { topK, ...(perDocument !== undefined && { perDocument }), maxAnswers, minConfidence },
      passages: passages.map(toRecord),
      answers,
      abstained: answers.length === 0,
      noAnswerProbability: decision.noAnswerProbability,
      decision: { calibration: calibrationId, features: decision.answers[0]?.features ?? null },
      readerVersion: served.version.id,
      embedderVersion,
      timings: { ...timings, totalMs: performance.now() - startedAt },
      createdAt: new Date(),
    }
    await this.#options.store.transact(({ interactions }) => interactions.insert(interaction))
    this.#options.onAsked?.(interaction)
    const notices = await noticesOf(this.#options.store.reader, {
      filter,
      passageCount: passages.length,
      abstained: interaction.abstained,
    })
    return { interaction, passages, notices }
  }

  /**
   * What `ask` decides by, with the answers that do not pass: for measuring. Nothing is stored.
   * @throws INVALID_INPUT, COLLECTION_NOT_FOUND
   */
  async consider(input: AskInput): Promise<{ passages: readonly Passage[]; decision: Decision }> {
    return this.#consider(parseAsk(input))
  }

  async #consider(request: AskRequest) {
    const { store, retriever, servingReader } = this.#options
    const collectionIds = await collectionIdsOf(store.reader.collections, request.collectionIds)
    const resolvedQuestion = resolveHistory(request.question, request.history)
    const { filter, topK, perDocument } = request
    const { passages, embedderVersion, embedMs, retrieveMs } = await retriever.retrieve(resolvedQuestion, {
      collectionIds,
      filter,
      topK,
      perDocument,
    })
    const readFrom = performance.now()
    const served = await servingReader.read(resolvedQuestion, passages)
    const readMs = performance.now() - readFrom
    const chosen = await this.#calibrationFor(served, embedderVersion, request)
    const decision = decide({
      reading: served,
      passages: passages.map(toPlace),
      calibration: chosen?.calibration,
      noAnswerThreshold: served.calibration.noAnswerThreshold,
    })
    const timings = { embedMs, retrieveMs, readMs }
    const calibrationId = chosen?.id ?? null
    const found = { collectionIds, filter, resolvedQuestion, passages, embedderVersion }
    return { ...found, served, decision, calibrationId, timings }
  }

  /**
   * What `ask` would read; with `rerank`, the first of them in the order of a model that saw them. Nothing is stored.
   * @throws INVALID_INPUT, COLLECTION_NOT_FOUND
   */
  async search(query: string, options: Omit<SearchInput, 'query'> = {}): Promise<readonly Passage[]> {
    const request = parseSearch({ ...options, query })
    const { store, retriever } = this.#options
    const { first, filter, perDocument } = request
    const collectionIds = await collectionIdsOf(store.reader.collections, request.collectionIds)
    const topK = request.rerank ? Math.max(first, RERANK_DEPTH) : first
    const { passages } = await retriever.retrieve(request.query, { collectionIds, filter, topK, perDocument })
    if (!request.rerank) return passages
    const scores = await this.#rerankScores(request.query, passages.slice(0, RERANK_DEPTH))
    return rerank(passages, scores).slice(0, first)
  }

  async #rerankScores(query: string, passages: readonly Passage[]): Promise<number[]> {
    const { servingReader, crossEncoder } = this.#options
    if (!crossEncoder) return scoresByReader(passages, await servingReader.read(query, passages))
    const texts = passages.map(({ text }) => text)
    return crossEncoder.score(query, texts)
  }

  #calibrationFor(
    { version, form }: ServedReading,
    embedder: string,
    { topK }: AskRequest,
  ): Promise<ChosenCalibration | undefined> {
    const key = { reader: version.id, form, embedder, retrieval: RETRIEVAL_SETTINGS }
    return this.#options.calibrations.choose(key, topK)
  }

  async #answersOf(
    { answers: proposed }: Decision,
    passages: readonly Passage[],
    { maxAnswers, minConfidence }: AskRequest,
  ): Promise<Answer[]> {
    const answers: Answer[] = []
    // The first one is the decision: where it does not pass, none does.
    if (!proposed[0]?.passes) return answers
    for (const one of proposed) {
      if (answers.length === maxAnswers) break
      if (!one.passes || one.confidence < minConfidence) continue
      const answer = await this.#verified(one, passages[one.passage] as Passage)
      if (answer) answers.push(answer)
    }
    return answers
  }

  /** Undefined when the document was deleted while it was read. @throws INTERNAL when it is not a verbatim slice. */
  async #verified(proposed: ProposedAnswer, { chunk, text: context }: Passage): Promise<Answer | undefined> {
    const start = chunk.start + proposed.start
    const end = chunk.start + proposed.end
    const text = context.slice(proposed.start, proposed.end)
    const stored = await this.#options.store.reader.documents.slice(chunk.documentId, chunk.version, start, end)
    if (stored === undefined) return undefined
    if (stored !== text) {
      throw new DocentError('INTERNAL', `an answer is not what document ${chunk.documentId} has at ${start} to ${end}`)
    }
    return {
      id: uuidv7(),
      text,
      confidence: proposed.confidence,
      documentId: chunk.documentId,
      documentVersion: chunk.version,
      start,
      end,
      context,
      contextStart: chunk.start,
    }
  }
}

function toRecord({ chunk, denseRank, denseScore, lexicalRank, lexicalScore, score }: Passage): PassageRecord {
  return {
    chunkSeq: chunk.seq,
    documentId: chunk.documentId,
    documentVersion: chunk.version,
    start: chunk.start,
    end: chunk.end,
    denseRank,
    denseScore,
    lexicalRank,
    lexicalScore,
    score,
  }
}
