/**
 * Kind `unpack`: an uploaded container becomes the uploads of what it holds, all in its batch. Each is accepted by itself
 * and known again when an interrupted job begins anew; one that cannot be accepted is a failed job, and fails no other.
 */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Job, JsonObject } from '../domain.js'
import { asDocentError, type SerializedError } from '../errors.js'
import type { Documents } from '../ingest/documents.js'
import { CONTAINERS } from '../ingest/formats.js'
import type { Originals } from '../ingest/originals.js'
import type { Preparer } from '../ingest/preparer.js'
import { DEFAULT_COLLECTION } from '../ingest/register-upload.js'
import type { Member } from '../ingest/unpack.js'
import { findCollection } from '../store/find-collection.js'
import { queuedJob } from '../store/queued-job.js'
import type { Store } from '../store/store.js'
import type { JobContext, JobKindHandler } from './kind.js'

const NAMES_AT_ONCE = 100

const payloadSchema = z.object({
  originalHash: z.string(),
  mediaType: z.enum(CONTAINERS),
  fileName: z.string().nullable(),
  /** What the uploader calls the container: its members are called after it. */
  externalId: z.string().nullable(),
  collection: z.string().nullable(),
  metadata: z.custom<JsonObject>(),
})
type Payload = z.output<typeof payloadSchema>

export class UnpackJobs implements JobKindHandler {
  readonly kind = 'unpack'
  readonly concurrency = 1
  readonly retries = true
  readonly #store: Store
  readonly #documents: () => Documents
  readonly #originals: Originals
  readonly #preparer: () => Promise<Preparer>
  readonly #folder: string

  constructor(options: {
    store: Store
    documents: () => Documents
    originals: Originals
    preparer: () => Promise<Preparer>
    /** Where members lie until they are accepted; may be deleted at any time. */
    folder: string
  }) {
    this.#store = options.store
    this.#documents = options.documents
    this.#originals = options.originals
    this.#preparer = options.preparer
    this.#folder = options.folder
  }

  async run(job: Job, { signal, progress }: JobContext): Promise<void> {
    const payload = payloadSchema.parse(job.payload)
    const { originalHash, mediaType } = payload
    const folder = join(this.#folder, job.id)
    await rm(folder, { recursive: true, force: true })
    try {
      await progress(0, 0, 'unpacking')
      const preparer = await this.#preparer()
      const members = await preparer.unpack({ path: this.#originals.path(originalHash), mediaType }, folder, signal)
      for (const [index, member] of members.entries()) {
        signal.throwIfAborted()
        await this.#accept(job, payload, member)
        await progress(index + 1, members.length, 'accepting')
      }
      await this.#removeOthers(payload, members)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #accept(job: Job, payload: Payload, member: Member): Promise<void> {
    const { name, title, metadata, path, error } = member
    if (path === null) return this.#reject(job, payload, name, error as SerializedError)
    const container = payload.externalId ?? payload.fileName ?? 'archive'
    try {
      await this.#documents().add({
        content: createReadStream(path),
        // A record of JSON Lines is a text, whatever its id looks like.
        ...(payload.mediaType === 'application/zip' ? { fileName: name } : { mediaType: 'text/plain' }),
        ...(title !== null && { title }),
        externalId: `${container}/${name}`,
        metadata: { ...payload.metadata, ...metadata },
        ...(payload.collection !== null && { collection: payload.collection }),
        ...(job.batchId !== null && { batch: { id: job.batchId, mayRepeat: true } }),
      })
    } catch (thrown) {
      const rejected = asDocentError(thrown)
      // Nothing of the file's own: the whole job is tried again, or fails.
      if (rejected.status >= 500) throw thrown
      await this.#reject(job, payload, name, rejected.toJSON())
    }
  }

  /** What an earlier upload of the container held and this one does not. */
  async #removeOthers({ externalId, collection }: Payload, members: readonly Member[]): Promise<void> {
    const { collections, documents } = this.#store.reader
    const idOrName = collection ?? DEFAULT_COLLECTION
    const known = await findCollection(collections, idOrName)
    if (externalId === null || !known) return
    const prefix = `${externalId}/`
    const held = new Set(members.map(({ name }) => prefix + name))
    for (let after: string | undefined; ; ) {
      const page = await documents.names(known.id, { first: NAMES_AT_ONCE, after, prefix })
      for (const { name } of page.items) if (!held.has(name)) await this.#documents().removeName(known.id, name)
      if (page.nextCursor === null) return
      after = page.nextCursor
    }
  }

  /** A row that says what became of it, once. */
  async #reject({ batchId }: Job, { originalHash }: Payload, fileName: string, error: SerializedError): Promise<void> {
    await this.#store.transact(async ({ jobs }) => {
      if (batchId !== null && (await jobs.ofUpload(batchId, { originalHash, fileName }))) return
      const row = queuedJob('ingest', { originalHash, fileName }, { batchId })
      await jobs.insert({ ...row, status: 'FAILED', error, finishedAt: new Date() })
    })
  }
}
