/** Thread program: the sketches of every collection that was asked for, and the comparison of texts. */

import { wordsOf } from '../../text/words.js'
import { serveThread } from '../../thread.js'
import { Buckets, type Candidates, type DocumentVersionId } from './buckets.js'
import { type Comparison, compareTexts } from './comparison.js'
import { shinglesOf } from './shingles.js'
import { sketchOf } from './sketch.js'

export interface CandidateRequest {
  readonly collectionIds: readonly string[]
  readonly minShare: number
  /** Only documents older than this one (by id). */
  readonly before: string | undefined
  readonly limit: number
}

serveThread(() => {
  const collections = new Map<string, Buckets>()
  const bucketsOf = (collectionId: string) => {
    const buckets = collections.get(collectionId) ?? new Buckets()
    collections.set(collectionId, buckets)
    return buckets
  }
  return {
    handlers: {
      missing: ({ collectionId, current }: { collectionId: string; current: DocumentVersionId[] }) =>
        bucketsOf(collectionId).keepOnly(current),
      add: ({ collectionId, text, ...document }: DocumentVersionId & { collectionId: string; text: string }) =>
        bucketsOf(collectionId).add(document, sketchOf(shinglesOf(wordsOf(text)))),
      /** Documents that older ones may be near to, newest first. */
      candidates: ({ collectionIds, minShare, before, limit }: CandidateRequest): Candidates[] => {
        const ids = collectionIds.flatMap((collectionId) =>
          [...bucketsOf(collectionId).ids()].map((id) => ({ id, collectionId })),
        )
        const found: Candidates[] = []
        for (const { id, collectionId } of ids
          .filter(({ id }) => before === undefined || id < before)
          .sort((a, b) => (a.id < b.id ? 1 : -1))) {
          const candidates = bucketsOf(collectionId).candidatesOf(id, minShare)
          if (candidates) found.push(candidates)
          if (found.length === limit) break
        }
        return found
      },
      compare: ({ here, there }: { here: string; there: readonly string[] }): Comparison[] => compareTexts(here, there),
    },
  }
})
