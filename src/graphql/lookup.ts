/** Rows that another row names, so that they must exist. */
import type { Collection, Document } from '../domain.js'
import { DocentError } from '../errors.js'
import { requireCollection } from '../store/find-collection.js'
import type { GraphqlContext } from './context.js'

/** A deleted document is found too: its tombstone. */
export async function documentOf(id: string, { services }: GraphqlContext): Promise<Document> {
  const document = await services.store.reader.documents.get(id)
  if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
  return document
}

/** The one of this id or name; all where none is named. @throws COLLECTION_NOT_FOUND */
export async function collectionsOf(
  idOrName: string | null | undefined,
  { services }: GraphqlContext,
): Promise<Collection[]> {
  const { collections } = services.store.reader
  return idOrName == null ? collections.all() : [await requireCollection(collections, idOrName)]
}
