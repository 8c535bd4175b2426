/** What a person should know who got no answer: that there was nothing to find it in, or not yet. */
import { type DocumentFilter, isEmptyFilter } from '../domain.js'
import type { Reader } from '../store/store.js'

export type AskNotice = 'NO_DOCUMENTS' | 'NOTHING_MATCHES_FILTER' | 'DOCUMENTS_WAITING'

export async function noticesOf(
  { jobs }: Pick<Reader, 'jobs'>,
  { filter, passageCount, abstained }: { filter: DocumentFilter; passageCount: number; abstained: boolean },
): Promise<AskNotice[]> {
  const notices: AskNotice[] = []
  if (passageCount === 0) notices.push(isEmptyFilter(filter) ? 'NO_DOCUMENTS' : 'NOTHING_MATCHES_FILTER')
  if (!abstained) return notices
  const unfinished = (['QUEUED', 'RUNNING'] as const).flatMap((status) =>
    (['ingest', 'unpack'] as const).map((kind) => jobs.page({ first: 1, kind, status })),
  )
  const pages = await Promise.all(unfinished)
  if (pages.some(({ items }) => items.length > 0)) notices.push('DOCUMENTS_WAITING')
  return notices
}
