/** Documents, their versions, and what they are called. */
import type { JsonObject } from './json.js'

export type DocumentStatus = 'PROCESSING' | 'READY' | 'FAILED' | 'DELETED'

/** A deleted document keeps its row as a tombstone (title emptied, texts gone), so that old citations still resolve. */
export interface Document {
  readonly id: string
  readonly collectionId: string
  /**
   * The uploader's own name for it, unique in the collection: uploading it again makes the next version. A document that
   * was uploaded under several names (docs/decisions/0017-duplicates.md) has the oldest of them here.
   */
  readonly externalId: string | null
  readonly title: string
  /** What its uploader calls it, which outranks what it calls itself and becomes its title when the next job ends. */
  readonly givenTitle: string | null
  readonly mediaType: string
  /** What its file says of itself, and above that `givenMetadata`. */
  readonly metadata: JsonObject
  /** What its uploader says of it. */
  readonly givenMetadata: JsonObject
  /** 0 until the first version is ingested; afterwards the version that answers questions. */
  readonly currentVersion: number
  readonly status: DocumentStatus
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What a version is read from: the same again is the same version. */
export interface UploadSource {
  /** sha256 (hex) of the uploaded bytes, also their name in the originals folder. */
  readonly originalHash: string
  readonly mediaType: string
  readonly fileName: string | null
}

/** Immutable. Numbered from 1. */
export interface DocumentVersion extends UploadSource {
  readonly documentId: string
  readonly version: number
  readonly canonicalText: string
  /** sha256 (hex) of the canonical text as UTF-8. */
  readonly textHash: string
  /** What the file calls itself, and says of itself. */
  readonly ownTitle: string | null
  readonly ownMetadata: JsonObject
  readonly sections: readonly Section[]
  readonly createdAt: Date
}

/** A version without what may be long. */
export type VersionSummary = Omit<DocumentVersion, 'canonicalText' | 'sections'>

/** One name of a document. */
export interface DocumentName {
  readonly name: string
  readonly documentId: string
  /** Of the newest upload that was accepted and has not failed: what the document holds, or will; null: nothing. */
  readonly originalHash: string | null
}

/** A heading and the text under it, up to the next heading of any level. Together they cover the canonical text. */
export interface Section {
  readonly start: number
  readonly end: number
  /** From the outermost heading to this one; empty before the first heading. */
  readonly headingPath: readonly string[]
}
