/**
 * Which documents of a collection say nearly the same? Enters: the collections that are asked about. Leaves: documents,
 * newest first, each with the older ones that it repeats, and the places that show it. Called by graphql/.
 *
 * Derived from the store, as the vector index is, and held by a thread of its own: each question first brings the sketches
 * up to date with the current versions, so that the first one about a collection reads all its texts and a later one only
 * what changed. A sketch only proposes; what is reported was compared word by word, and is current at that moment.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Mutex } from 'async-mutex'
import type { Page } from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { Logger } from '../../log.js'
import { cursorOf, idOfCursor, type Reader } from '../../store/store.js'
import { Thread } from '../../thread.js'
import type { Candidates, DocumentVersionId } from './buckets.js'
import type { Comparison } from './comparison.js'
import type { CandidateRequest } from './near-documents-thread.js'

const THREAD = 'index/near-documents/near-documents-thread.js'
/** Longer texts (a book of two thousand pages) are not compared: their shingles would fill the thread's memory. */
export const MAX_COMPARED_LENGTH = 5_000_000
/** Below this the bands miss more than one pair in eight. */
export const MIN_SHARE = 0.5
const DEFAULT_MIN_SHARE = 0.8
const CANDIDATES_AT_ONCE = 20
const PROGRESS_INTERVAL_MS = 500

export interface NearMatch extends DocumentVersionId, Comparison {}

export interface NearDocument extends DocumentVersionId {
  /** Older documents of the same collection, nearest first. */
  readonly matches: readonly NearMatch[]
}

export interface NearRequest {
  readonly collectionIds: readonly string[]
  readonly minShare?: number | undefined
  readonly first: number
  readonly after?: string | undefined
}

/** Of the documents whose texts have to be read first. */
export interface SketchProgress {
  readonly done: number
  readonly total: number
}

export class NearDocuments implements AsyncDisposable {
  readonly #reader: Reader
  readonly #log: Logger
  readonly #sketching = new Mutex()
  #thread: Thread | undefined
  #closing = false

  constructor({ reader, log }: { reader: Reader; log: Logger }) {
    this.#reader = reader
    this.#log = log
  }

  /** Brings the sketches of the collections up to date, which `page` would do first, and says how far it is. */
  async *prepare(collectionIds: readonly string[]): AsyncGenerator<SketchProgress, void> {
    let progress: SketchProgress = { done: 0, total: 0 }
    let hasEnded = false
    const sketching = this.#sketch(collectionIds, (now) => {
      progress = now
    }).finally(() => {
      hasEnded = true
    })
    // Whoever stops watching is not told of a failure, and holds nobody up.
    sketching.catch(() => undefined)
    while (!hasEnded) {
      yield progress
      await Promise.race([sketching, delay(PROGRESS_INTERVAL_MS)])
    }
    yield progress
  }

  /** Newest first. @throws INVALID_INPUT for a share out of range, or a cursor that is none. */
  async page({ collectionIds, minShare = DEFAULT_MIN_SHARE, first, after }: NearRequest): Promise<Page<NearDocument>> {
    if (!(minShare >= MIN_SHARE && minShare <= 1)) {
      throw new DocentError('INVALID_INPUT', `minShare: ${minShare} is not between ${MIN_SHARE} and 1`)
    }
    let before = after === undefined ? undefined : idOfCursor(after)
    await this.#sketch(collectionIds)
    const items: NearDocument[] = []
    for (;;) {
      const request: CandidateRequest = { collectionIds, minShare, before, limit: CANDIDATES_AT_ONCE }
      const proposed = await this.#livingThread().request<Candidates[]>('candidates', request)
      for (const candidates of proposed) {
        before = candidates.documentId
        const near = await this.#compared(candidates, minShare)
        if (!near) continue
        if (items.length === first) return { items, nextCursor: cursorOf({ id: items.at(-1)?.documentId as string }) }
        items.push(near)
      }
      if (proposed.length < CANDIDATES_AT_ONCE) return { items, nextCursor: null }
    }
  }

  /** The thread ends after what it was asked; who waits for more is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    await this.#thread?.end()
  }

  #sketch(collectionIds: readonly string[], onProgress: (progress: SketchProgress) => void = () => {}): Promise<void> {
    return this.#sketching.runExclusive(async () => {
      const thread = this.#livingThread()
      const missing: (DocumentVersionId & { collectionId: string })[] = []
      for (const collectionId of collectionIds) {
        const current = await this.#reader.documents.currentVersions(collectionId)
        const unknown = await thread.request<DocumentVersionId[]>('missing', { collectionId, current })
        for (const document of unknown) missing.push({ ...document, collectionId })
      }
      for (const [done, document] of missing.entries()) {
        onProgress({ done, total: missing.length })
        if (this.#closing) throw new DocentError('CANCELLED', 'the process is shutting down')
        const text = await this.#textOf(document)
        if (text !== undefined) await thread.request('add', { ...document, text })
      }
      onProgress({ done: missing.length, total: missing.length })
    })
  }

  async #compared(candidates: Candidates, minShare: number): Promise<NearDocument | undefined> {
    const { documentId, version, others } = candidates
    const here = await this.#textOf({ documentId, version })
    if (here === undefined) return undefined
    const there: string[] = []
    // What is gone by now is as near as an empty text.
    for (const other of others) there.push((await this.#textOf(other)) ?? '')
    const comparisons = await this.#livingThread().request<Comparison[]>('compare', { here, there })
    const matches: NearMatch[] = []
    for (const [at, other] of others.entries()) {
      const comparison = comparisons[at] as Comparison
      if (comparison.share >= minShare && (await this.#isCurrent(other))) matches.push({ ...other, ...comparison })
    }
    if (matches.length === 0 || !(await this.#isCurrent(candidates))) return undefined
    return { documentId, version, matches: matches.sort((a, b) => b.share - a.share) }
  }

  /** Undefined when it is gone; empty, so that it is near to nothing, when it is too long to be compared. */
  async #textOf({ documentId, version }: DocumentVersionId): Promise<string | undefined> {
    const text = await this.#reader.documents.slice(documentId, version, 0, MAX_COMPARED_LENGTH + 1)
    return text !== undefined && text.length > MAX_COMPARED_LENGTH ? '' : text
  }

  async #isCurrent({ documentId, version }: DocumentVersionId): Promise<boolean> {
    const document = await this.#reader.documents.get(documentId)
    return document !== undefined && document.status !== 'DELETED' && document.currentVersion === version
  }

  /** A thread that died has forgotten everything: the next question reads it all again. */
  #livingThread(): Thread {
    if (this.#closing) throw new DocentError('CANCELLED', 'the process is shutting down')
    const failure = this.#thread?.failure
    if (failure) this.#log.error({ err: failure }, 'the thread that compares documents has died; another is started')
    if (failure || !this.#thread) this.#thread = new Thread(THREAD, {}, 'INDEX_THREAD_ENDED')
    return this.#thread
  }
}
