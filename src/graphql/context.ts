/**
 * graphql/: enters a GraphQL operation, leaves its result. One file per noun; resolvers translate and nothing else, the
 * work is done by the services below. Called by server/ (over HTTP) and by app.ts (for the CLI when no server runs).
 */
import type { Answering } from '../answer/answering.js'
import type { Feedback } from '../feedback/feedback.js'
import type { NearDocuments } from '../index/near-documents/near-documents.js'
import type { VectorIndex } from '../index/vector-index.js'
import type { Documents } from '../ingest/documents.js'
import type { JobQueue } from '../jobs/queue.js'
import type { RebuildIndexJobs } from '../jobs/rebuild-index.js'
import type { Training } from '../jobs/training.js'
import type { Logger } from '../log.js'
import type { ServedForm } from '../registry/manifest.js'
import type { Models } from '../registry/models.js'
import type { Registry } from '../registry/registry.js'
import type { Store } from '../store/store.js'
import type { EmbedderState, SystemHealth } from './health.js'

/** What resolvers and routes may use: built by hand in app.ts. */
export interface Services {
  readonly store: Store
  readonly documents: Documents
  readonly answering: Answering
  readonly feedback: Feedback
  readonly training: Training
  readonly jobs: JobQueue
  readonly models: Models
  readonly registry: Registry
  readonly index: VectorIndex
  readonly indexRebuilds: RebuildIndexJobs
  readonly nearDocuments: NearDocuments
  readonly log: Logger
  embedderState(): Promise<EmbedderState>
  health(): Promise<SystemHealth>
  /** The form in which the version answers; undefined while it is not open. */
  servedForm(modelVersion: string): ServedForm | undefined
}

export interface GraphqlContext {
  readonly services: Services
  readonly requestId: string
}
