import { type Kysely, sql } from 'kysely'
import type {
  Document,
  DocumentName,
  DocumentVersion,
  Page,
  Place,
  Section,
  UploadSource,
  VersionSummary,
} from '../../domain.js'
import { DocentError } from '../../errors.js'
import type { DocumentReader, DocumentWriter } from '../store.js'
import { removeChunksOf } from './chunks.js'
import { documentCondition } from './document-filter.js'
import { addName, documentOfName, namesOf, readLastUpload, readNames, removeName } from './names.js'
import { readPage } from './pages.js'
import { readPlaces, removePlaces, writePlaces } from './places.js'
import { emptyQuotesOf } from './quotes.js'
import {
  type DocumentRow,
  type DocumentVersionRow,
  fromJson,
  fromTime,
  ifGiven,
  type Schema,
  toJson,
  toTime,
} from './schema.js'
import { readSlice, readText, removeTexts, writeText } from './texts.js'

/** UTF-8 cannot hold one, so the text would come back as another. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** With the oldest of its names. */
const selectDocuments = (database: Kysely<Schema>) =>
  database
    .selectFrom('documents')
    .selectAll()
    .select(
      sql<string | null>`(select name from document_names where document_id = documents.id order by id limit 1)`.as(
        'external_id',
      ),
    )

const versionRows = (database: Kysely<Schema>, documentId: string) =>
  database.selectFrom('document_versions').selectAll().where('document_id', '=', documentId)

export class DocumentReads implements DocumentReader {
  constructor(protected readonly database: Kysely<Schema>) {}

  async get(id: string): Promise<Document | undefined> {
    const row = await selectDocuments(this.database).where('id', '=', id).executeTakeFirst()
    return row && fromRow(row)
  }

  async byExternalId(collectionId: string, externalId: string): Promise<Document | undefined> {
    const id = await documentOfName(this.database, collectionId, externalId)
    return id === undefined ? undefined : this.get(id)
  }

  namesOf(documentId: string): Promise<string[]> {
    return namesOf(this.database, documentId)
  }

  names(collectionId: string, request: Parameters<DocumentReader['names']>[1]): Promise<Page<DocumentName>> {
    return readNames(this.database, collectionId, request)
  }

  page({
    collectionId,
    status,
    filter = {},
    ...request
  }: Parameters<DocumentReader['page']>[0]): Promise<Page<Document>> {
    const condition = documentCondition(filter)
    let query = selectDocuments(this.database)
    if (collectionId !== undefined) query = query.where('collection_id', '=', collectionId)
    if (status !== undefined) query = query.where('status', '=', status)
    if (condition) query = query.where(sql<boolean>`${condition}`)
    return readPage(query, request, fromRow)
  }

  async version(documentId: string, version: number): Promise<DocumentVersion | undefined> {
    const row = await versionRows(this.database, documentId).where('version', '=', version).executeTakeFirst()
    if (!row) return undefined
    return {
      ...toSummary(row),
      canonicalText: await readText(this.database, documentId, version),
      sections: fromJson<Section[]>(row.sections),
    }
  }

  async currentVersions(collectionId: string): Promise<{ documentId: string; version: number }[]> {
    return this.database
      .selectFrom('documents')
      .select(['id as documentId', 'current_version as version'])
      .where('collection_id', '=', collectionId)
      .where('status', '!=', 'DELETED')
      .where('current_version', '>', 0)
      .orderBy('id')
      .execute()
  }

  async versions(documentId: string): Promise<VersionSummary[]> {
    return (await versionRows(this.database, documentId).orderBy('version', 'desc').execute()).map(toSummary)
  }

  async versionSummary(documentId: string, version: number): Promise<VersionSummary | undefined> {
    const row = await versionRows(this.database, documentId).where('version', '=', version).executeTakeFirst()
    return row && toSummary(row)
  }

  lastUpload(documentId: string): Promise<UploadSource | undefined> {
    return readLastUpload(this.database, documentId)
  }

  async holdersOf(collectionId: string, originalHash: string): Promise<Document[]> {
    const holders = this.database.selectFrom('originals').select('document_id').where('hash', '=', originalHash)
    const query = selectDocuments(this.database).where('collection_id', '=', collectionId).where('id', 'in', holders)
    return (await query.orderBy('id').execute()).map(fromRow)
  }

  async lastVersion(documentId: string): Promise<number> {
    const row = await this.database
      .selectFrom('document_versions')
      .select(({ fn }) => fn.max('version').as('last'))
      .where('document_id', '=', documentId)
      .executeTakeFirst()
    return row?.last ?? 0
  }

  slice(documentId: string, version: number, start: number, end: number): Promise<string | undefined> {
    return readSlice(this.database, documentId, version, start, end)
  }

  places(documentId: string, version: number, start: number, end: number): Promise<Place[]> {
    return readPlaces(this.database, documentId, version, start, end)
  }

  async headingPath(documentId: string, version: number, position: number): Promise<readonly string[]> {
    const row = await this.database
      .selectFrom('document_versions')
      .select('sections')
      .where('document_id', '=', documentId)
      .where('version', '=', version)
      .executeTakeFirst()
    const sections = row ? fromJson<Section[]>(row.sections) : []
    return sections.findLast(({ start }) => start <= position)?.headingPath ?? []
  }

  async originalsOf(documentId: string): Promise<string[]> {
    const query = this.database.selectFrom('originals').select('hash').where('document_id', '=', documentId)
    return (await query.orderBy('hash').execute()).map(({ hash }) => hash)
  }

  async unusedOriginals(hashes: readonly string[]): Promise<string[]> {
    if (hashes.length === 0) return []
    const held = this.database.selectFrom('originals').select('hash').distinct().where('hash', 'in', hashes)
    const unpacked = this.database
      .selectFrom('jobs')
      .select(sql<string>`payload ->> 'originalHash'`.as('hash'))
      .where('kind', '=', 'unpack')
      .where('status', 'in', ['QUEUED', 'RUNNING'])
    const used = new Set((await held.unionAll(unpacked).execute()).map(({ hash }) => hash))
    return hashes.filter((hash) => !used.has(hash))
  }
}

export class Documents extends DocumentReads implements DocumentWriter {
  async insert(document: Document): Promise<void> {
    await this.database
      .insertInto('documents')
      .values({
        id: document.id,
        collection_id: document.collectionId,
        title: document.title,
        given_title: document.givenTitle,
        media_type: document.mediaType,
        metadata: toJson(document.metadata),
        given_metadata: toJson(document.givenMetadata),
        current_version: document.currentVersion,
        status: document.status,
        created_at: toTime(document.createdAt),
        updated_at: toTime(document.updatedAt),
      })
      .execute()
    if (document.externalId !== null) await this.addName(document.id, document.externalId)
  }

  async update(id: string, changes: Parameters<DocumentWriter['update']>[1]): Promise<boolean> {
    const result = await this.database
      .updateTable('documents')
      .set({
        title: changes.title,
        given_title: changes.givenTitle,
        media_type: changes.mediaType,
        metadata: ifGiven(changes.metadata, toJson),
        given_metadata: ifGiven(changes.givenMetadata, toJson),
        current_version: changes.currentVersion,
        status: changes.status,
        updated_at: Date.now(),
      })
      .where('id', '=', id)
      .where('status', '!=', 'DELETED')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  }

  addName(documentId: string, name: string): Promise<void> {
    return addName(this.database, documentId, name)
  }

  removeName(collectionId: string, name: string): Promise<void> {
    return removeName(this.database, collectionId, name)
  }

  async holdOriginal(documentId: string, hash: string): Promise<void> {
    await this.database
      .insertInto('originals')
      .values({ hash, document_id: documentId })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  async insertVersion(version: DocumentVersion, places: readonly Place[] = []): Promise<void> {
    if (LONE_SURROGATE.test(version.canonicalText)) {
      throw new DocentError('INTERNAL', 'a canonical text must be well-formed Unicode')
    }
    await this.database
      .insertInto('document_versions')
      .values({
        document_id: version.documentId,
        version: version.version,
        text_hash: version.textHash,
        original_hash: version.originalHash,
        media_type: version.mediaType,
        file_name: version.fileName,
        own_title: version.ownTitle,
        own_metadata: toJson(version.ownMetadata),
        sections: toJson(version.sections),
        created_at: toTime(version.createdAt),
      })
      .execute()
    await this.holdOriginal(version.documentId, version.originalHash)
    await writeText(this.database, version.documentId, version.version, version.canonicalText)
    await writePlaces(this.database, version.documentId, version.version, places)
  }

  async remove(id: string): Promise<number[]> {
    const removed = await removeChunksOf(this.database, id)
    await removeTexts(this.database, id)
    await removePlaces(this.database, id)
    await emptyQuotesOf(this.database, id)
    await this.database.deleteFrom('originals').where('document_id', '=', id).execute()
    await this.database.deleteFrom('document_names').where('document_id', '=', id).execute()
    await this.database
      .updateTable('document_versions')
      .set({ sections: '[]', file_name: null, own_title: null, own_metadata: '{}' })
      .where('document_id', '=', id)
      .execute()
    await this.database
      .updateTable('documents')
      .set({
        status: 'DELETED',
        title: '',
        given_title: null,
        metadata: '{}',
        given_metadata: '{}',
        updated_at: Date.now(),
      })
      .where('id', '=', id)
      .where('status', '!=', 'DELETED')
      .execute()
    return removed
  }
}

function fromRow(row: DocumentRow & { external_id: string | null }): Document {
  return {
    id: row.id,
    collectionId: row.collection_id,
    externalId: row.external_id,
    title: row.title,
    givenTitle: row.given_title,
    mediaType: row.media_type,
    metadata: fromJson(row.metadata),
    givenMetadata: fromJson(row.given_metadata),
    currentVersion: row.current_version,
    status: row.status,
    createdAt: fromTime(row.created_at),
    updatedAt: fromTime(row.updated_at),
  }
}

const toSummary = (row: DocumentVersionRow): VersionSummary => ({
  documentId: row.document_id,
  version: row.version,
  textHash: row.text_hash,
  originalHash: row.original_hash,
  mediaType: row.media_type,
  fileName: row.file_name,
  ownTitle: row.own_title,
  ownMetadata: fromJson(row.own_metadata),
  createdAt: fromTime(row.created_at),
})
