/**
 * answer/: enters a question, leaves verbatim quotes of documents or an abstention, and the interaction that says how they
 * came about. Retrieval finds passages, the reader finds spans in them; here it is decided what is said. Called by graphql/.
 */
import { v7 as uuidv7 } from 'uuid'
import type { Answer, Interaction, Passage, PassageRecord } from '../domain.js'
import { DocentError } from '../errors.js'
import type { ReadSpan } from '../read/reader.js'
import type { ServedReading, ServingReader } from '../read/serving-reader.js'
import type { Retriever } from '../retrieve/retriever.js'
import type { Store } from '../store/store.js'
import { resolveHistory } from './resolve-history.js'
import {
  type AskInput,
  type AskRequest,
  collectionIdsOf,
  parseAsk,
  parseSearch,
  type SearchInput,
  toFilter,
} from './settings.js'

export interface AnsweringOptions {
  readonly store: Store
  readonly retriever: Pick<Retriever, 'retrieve'>
  readonly servingReader: Pick<ServingReader, 'read'>
  readonly embedderVersion: string
  /** Told of every interaction once it is stored. */
  readonly onAsked?: (interaction: Interaction) => void
}

export interface AskResult {
  readonly interaction: Interaction
  readonly passages: readonly Passage[]
}

export class Answering {
  readonly #options: AnsweringOptions

  constructor(options: AnsweringOptions) {
    this.#options = options
  }

  /**
   * Abstains when no span passes the reader's calibrated threshold and `minConfidence`.
   * @throws INVALID_INPUT, COLLECTION_NOT_FOUND
   */
  async ask(input: AskInput): Promise<AskResult> {
    const startedAt = performance.now()
    const { store, retriever, servingReader } = this.#options
    const request = parseAsk(input)
    const collectionIds = await collectionIdsOf(store.reader.collections, request.collectionIds)
    const resolvedQuestion = resolveHistory(request.question, request.history)
    const filter = toFilter(request.filter)
    const found = await retriever.retrieve(resolvedQuestion, { collectionIds, filter, topK: request.topK })
    const readFrom = performance.now()
    const reading = await servingReader.read(resolvedQuestion, found.passages)
    const readMs = performance.now() - readFrom
    const answers = await this.#answersOf(reading, found.passages, request)
    const interaction: Interaction = {
      id: uuidv7(),
      question: request.question,
      resolvedQuestion,
      history: request.history,
      collectionIds,
      filter,
      settings: { topK: request.topK, maxAnswers: request.maxAnswers, minConfidence: request.minConfidence },
      passages: found.passages.map(toRecord),
      answers,
      abstained: answers.length === 0,
      noAnswerProbability: reading.noAnswerProbability,
      readerVersion: reading.version.id,
      embedderVersion: this.#options.embedderVersion,
      timings: {
        embedMs: found.embedMs,
        retrieveMs: found.retrieveMs,
        readMs,
        totalMs: performance.now() - startedAt,
      },
      createdAt: new Date(),
    }
    await store.transact(({ interactions }) => interactions.insert(interaction))
    this.#options.onAsked?.(interaction)
    return { interaction, passages: found.passages }
  }

  /** What `ask` would read. Nothing is stored. @throws INVALID_INPUT, COLLECTION_NOT_FOUND */
  async search(query: string, options: Omit<SearchInput, 'query'> = {}): Promise<readonly Passage[]> {
    const request = parseSearch({ ...options, query })
    const collectionIds = await collectionIdsOf(this.#options.store.reader.collections, request.collectionIds)
    const filter = toFilter(request.filter)
    const { passages } = await this.#options.retriever.retrieve(request.query, {
      collectionIds,
      filter,
      topK: request.first,
    })
    return passages
  }

  async #answersOf(
    reading: ServedReading,
    passages: readonly Passage[],
    { maxAnswers, minConfidence }: AskRequest,
  ): Promise<Answer[]> {
    const { noAnswerThreshold } = reading.calibration
    const answers: Answer[] = []
    for (const span of reading.spans) {
      if (answers.length === maxAnswers) break
      if (-span.margin > noAnswerThreshold || span.confidence < minConfidence) continue
      const answer = await this.#verified(span, passages[span.passage] as Passage)
      if (answer) answers.push(answer)
    }
    return answers
  }

  /** Undefined when the document was deleted while it was read. @throws INTERNAL when it is not a verbatim slice. */
  async #verified(span: ReadSpan, { chunk, text: context }: Passage): Promise<Answer | undefined> {
    const start = chunk.start + span.start
    const end = chunk.start + span.end
    const stored = await this.#options.store.reader.documents.slice(chunk.documentId, chunk.version, start, end)
    if (stored === undefined) return undefined
    if (stored !== span.text) {
      throw new DocentError('INTERNAL', `an answer is not what document ${chunk.documentId} has at ${start} to ${end}`)
    }
    return {
      id: uuidv7(),
      text: span.text,
      confidence: span.confidence,
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
