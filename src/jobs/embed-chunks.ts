/** A pass over the chunks that have no vector of an embedder: each page of them is embedded and stored before the next. */
import type { Chunk, EmbedderRecord } from '../domain.js'
import type { Embedder } from '../embed/embedder.js'
import { embeddingText } from '../ingest/embedding-text.js'
import type { ChunkVector, Store } from '../store/store.js'
import { type KeyedVector, keyTexts } from './embed-new-texts.js'
import type { JobContext } from './kind.js'

/** A second or two of work: what a kill costs. */
const PAGE_CHUNKS = 64

export interface EmbedChunksOptions {
  readonly store: Store
  readonly record: EmbedderRecord
  readonly embedder: Pick<Embedder, 'embed'>
  readonly context: Pick<JobContext, 'signal' | 'progress'>
}

/** Resolves when it has passed the last chunk; what is ingested behind it is the next pass's. */
export async function embedChunks({ store, record, embedder, context }: EmbedChunksOptions): Promise<void> {
  const { chunks } = store.reader
  const { signal, progress } = context
  const missing = await chunks.countWithoutVector(record.id)
  if (missing === 0) return
  const total = await chunks.count()
  const startedAt = performance.now()
  for (let done = 0, after = 0; ; ) {
    await progress(total - missing + done, total, `embedding${paceOf(done, missing, performance.now() - startedAt)}`)
    const page = await chunks.withoutVector(record.id, after, PAGE_CHUNKS)
    const last = page.at(-1)
    if (!last) return
    const texts = await textsOf(store, page)
    const vectors = await embedNew(texts, { store, record, embedder, signal })
    signal.throwIfAborted()
    await store.transact((transactor) => transactor.chunks.addVectors(record, vectors))
    done = Math.min(missing, done + page.length)
    after = last.seq
  }
}

interface ChunkText {
  readonly chunk: Chunk
  readonly text: string
}

/** The string that ingest embeds for each; of those that were deleted a moment ago, none. */
async function textsOf({ reader: { documents } }: Store, chunks: readonly Chunk[]): Promise<ChunkText[]> {
  const titles = new Map<string, string>()
  for (const id of new Set(chunks.map(({ documentId }) => documentId))) {
    titles.set(id, (await documents.get(id))?.title ?? '')
  }
  const texts: ChunkText[] = []
  for (const chunk of chunks) {
    const { documentId, version, start, end, headingPath, tableHeader } = chunk
    const slice = await documents.slice(documentId, version, start, end)
    if (slice === undefined) continue
    texts.push({ chunk, text: embeddingText(titles.get(documentId) ?? '', headingPath, slice, tableHeader) })
  }
  return texts
}

async function embedNew(
  texts: readonly ChunkText[],
  { store, record, embedder, signal }: Omit<EmbedChunksOptions, 'context'> & { readonly signal: AbortSignal },
): Promise<ChunkVector[]> {
  const { chunks } = store.reader
  const embed = (missing: readonly string[]) => embedder.embed(missing, { priority: 'bulk', signal })
  const vectors: ChunkVector[] = []
  for (const collectionId of new Set(texts.map(({ chunk }) => chunk.collectionId))) {
    const ofCollection = texts.filter(({ chunk }) => chunk.collectionId === collectionId)
    const keyed = await keyTexts(
      ofCollection.map(({ text }) => text),
      { chunks, collectionId, embedderVersion: record.name, embed },
    )
    for (const [at, { chunk }] of ofCollection.entries())
      vectors.push({ seq: chunk.seq, ...(keyed[at] as KeyedVector) })
  }
  return vectors
}

/** How fast, and for how long still: ` (52 a second, 4 min left)`. */
function paceOf(done: number, missing: number, tookMs: number): string {
  if (done === 0) return ''
  const perSecond = (1000 * done) / tookMs
  const secondsLeft = (missing - done) / perSecond
  const left = secondsLeft < 90 ? `${Math.ceil(secondsLeft)} s` : `${Math.round(secondsLeft / 60)} min`
  return ` (${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} a second, ${left} left)`
}
