/** The tables as rows of columns (migrations/ creates them), and how values become columns. */
import type { Generated } from 'kysely'
import type {
  BlockKind,
  DocumentStatus,
  JobKind,
  JobStatus,
  Promotion,
  ReviewStatus,
  RunStatus,
  Verdict,
} from '../../domain.js'

export const toJson = (value: unknown): string => JSON.stringify(value)
/** What {@link toJson} wrote into the same column. */
export const fromJson = <T>(json: string): T => JSON.parse(json) as T

export const toTime = (date: Date): number => date.getTime()
export const fromTime = (milliseconds: number): Date => new Date(milliseconds)
/** For nullable columns: null stays null. */
export const orNull = <A, B>(value: A | null, convert: (value: A) => B): B | null =>
  value === null ? null : convert(value)
/** For changes: what is left out stays left out, and kysely leaves an undefined column as it is. */
export const ifGiven = <A, B>(value: A | undefined, convert: (value: A) => B): B | undefined =>
  value === undefined ? undefined : convert(value)

export interface CollectionRow {
  id: string
  name: string
  created_at: number
}
export interface DocumentRow {
  id: string
  collection_id: string
  title: string
  media_type: string
  metadata: string
  given_title: string | null
  given_metadata: string
  current_version: number
  status: DocumentStatus
  created_at: number
  updated_at: number
}
export interface DocumentVersionRow {
  document_id: string
  version: number
  text_hash: string
  original_hash: string
  media_type: string
  file_name: string | null
  own_title: string | null
  own_metadata: string
  sections: string
  created_at: number
}
export interface DocumentNameRow {
  id: Generated<number>
  collection_id: string
  name: string
  document_id: string
}
export interface OriginalRow {
  hash: string
  document_id: string
}
export interface TextPieceRow {
  document_id: string
  version: number
  start: number
  text: string
}
export interface PlaceRow {
  document_id: string
  version: number
  start: number
  end: number
  kind: BlockKind
  page: number | null
  sheet: string | null
  slide: number | null
  row: number | null
  is_header: number
  box: string | null
}
export interface ChunkRow {
  seq: Generated<number>
  document_id: string
  version: number
  collection_id: string
  ordinal: number
  start: number
  end: number
  token_count: number
  heading_path: string
  table_header: string | null
}
export interface ChunkVectorRow {
  seq: number
  embedder_id: number
  embedding_key: string | null
  vector: Uint8Array
}
/** FTS5: `rowid` is the chunk's seq. The columns can be written and matched, not read. */
export interface ChunkWordsRow {
  rowid: number
  title: string
  headings: string
  body: string
}
export interface InteractionRow {
  id: string
  question: string
  resolved_question: string
  history: string
  collection_ids: string
  filter: string
  settings: string
  passages: string
  answers: string
  abstained: number
  no_answer_probability: number
  decision: string
  reader_version: string
  embedder_version: string
  timings: string
  created_at: number
}
/** One row for each document that an answer of the interaction quotes. */
export interface CitationRow {
  document_id: string
  interaction_id: string
}
export interface CorrectionRow {
  id: string
  interaction_id: string
  answer_id: string | null
  verdict: Verdict
  span: string | null
  comment: string | null
  idempotency_key: string | null
  status: ReviewStatus
  review_reason: string | null
  created_at: number
  reviewed_at: number | null
}
export interface LabelRow {
  id: string
  correction_id: string
  question: string
  document_id: string
  document_version: number
  context_start: number
  context_end: number
  answer: string | null
  created_at: number
}
export interface DatasetRow {
  id: string
  train_count: number
  held_out_count: number
  created_at: number
}
export interface JobRow {
  id: string
  kind: JobKind
  status: JobStatus
  payload: string
  progress: string
  error: string | null
  attempts: number
  deaths: number
  cancel_requested: number
  batch_id: string | null
  subject: string | null
  is_large: number
  run_after: number | null
  created_at: number
  started_at: number | null
  heartbeat_at: number | null
  finished_at: number | null
}
export interface BatchRow {
  id: string
  idempotency_key: string | null
  created_at: number
}
export interface RunRow {
  id: string
  job_id: string
  dataset_id: string
  parent_version: string
  settings: string
  status: RunStatus
  candidate_version: string | null
  evaluation: string | null
  created_at: number
  finished_at: number | null
}
export interface TrainingStepRow {
  run_id: string
  step: number
  total_steps: number
  loss: number
  learning_rate: number
  gradient_norm: number
  tokens_per_second: number
  validation_loss: number | null
  memory_mb: number | null
  seconds_left: number | null
  at: number
}
export interface EmbedderRow {
  id: Generated<number>
  name: string
  dimensions: number
  weights_hash: string
  created_at: number
}
export interface EmbedderSwitchRow {
  id: Generated<number>
  embedder_id: number
  created_at: number
}
export interface IndexBaseRow {
  collection_id: string
  embedder_id: number
  folder: string
  last_seq: number
  count: number
  created_at: number
}
export interface PromotionRow {
  id: Generated<number>
  model_version: string
  kind: Promotion['kind']
  reason: string
  created_at: number
}

export interface Schema {
  collections: CollectionRow
  documents: DocumentRow
  document_versions: DocumentVersionRow
  document_names: DocumentNameRow
  originals: OriginalRow
  text_pieces: TextPieceRow
  places: PlaceRow
  chunks: ChunkRow
  chunk_vectors: ChunkVectorRow
  chunk_words: ChunkWordsRow
  interactions: InteractionRow
  citations: CitationRow
  corrections: CorrectionRow
  labels: LabelRow
  datasets: DatasetRow
  batches: BatchRow
  jobs: JobRow
  runs: RunRow
  training_steps: TrainingStepRow
  embedders: EmbedderRow
  embedder_switches: EmbedderSwitchRow
  index_bases: IndexBaseRow
  promotions: PromotionRow
}
