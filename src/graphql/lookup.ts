/** Rows that another row names, so that they must exist. */
import type { Document } from '../domain.js'
import { DocentError } from '../errors.js'
import type { GraphqlContext } from './context.js'

/** A deleted document is found too: its tombstone. */
export async function documentOf(id: string, { services }: GraphqlContext): Promise<Document> {
  const document = await services.store.reader.documents.get(id)
  if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
  return document
}
