/** A collection as people name it: by its id, or by its name. */
import type { Collection } from '../domain.js'
import { DocentError } from '../errors.js'
import type { CollectionReader } from './store.js'

export async function findCollection(collections: CollectionReader, idOrName: string): Promise<Collection | undefined> {
  return (await collections.get(idOrName)) ?? (await collections.byName(idOrName))
}

/** @throws COLLECTION_NOT_FOUND */
export async function requireCollection(collections: CollectionReader, idOrName: string): Promise<Collection> {
  const collection = await findCollection(collections, idOrName)
  if (!collection) throw new DocentError('COLLECTION_NOT_FOUND', `there is no collection ${idOrName}`)
  return collection
}
