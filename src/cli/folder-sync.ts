/** What to do so that a collection holds of a folder what the folder holds: its files' hashes against the server's. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { asDocentError, DocentError } from '../errors.js'
import { BY_EXTENSION, isContainer } from '../ingest/formats.js'
import { DEFAULT_COLLECTION } from '../ingest/register-upload.js'
import type { Client } from './client.js'
import { type DocumentFile, folderPrefix } from './document-files.js'

export interface SyncPlan {
  readonly collection: string
  readonly added: readonly DocumentFile[]
  readonly changed: readonly DocumentFile[]
  readonly unchanged: readonly DocumentFile[]
  /** Names that the server has and the folder has not. */
  readonly removed: readonly string[]
  /** Those of `removed` whose bytes the folder has under no other name. */
  readonly lost: readonly string[]
  /** How many names of the folder the server knew. */
  readonly known: number
}

/** Of fewer documents than this, any number may go unasked: what a mistake costs is uploaded again in a minute. */
const FEW_DOCUMENTS = 10

/** @param files of the folder, by the names that `findFiles` gave them */
export async function planSync(
  client: Client,
  folder: string,
  files: readonly DocumentFile[],
  collection = DEFAULT_COLLECTION,
): Promise<SyncPlan> {
  const known = await knownNames(client, collection, folderPrefix(folder))
  const added: DocumentFile[] = []
  const changed: DocumentFile[] = []
  const unchanged: DocumentFile[] = []
  const hashes = new Set<string>()
  // What an archive holds has names of its own below the archive's: whoever unpacks it removes what it holds no more.
  const archives = files.filter(({ path }) => isArchive(path)).map(({ externalId }) => `${externalId}/`)
  const archiveOf = (name: string) => archives.find((archive) => name.startsWith(archive))
  const knownArchives = new Set([...known.keys()].map(archiveOf))
  for (const file of files) {
    const hash = await sha256(file.path)
    hashes.add(hash)
    // Nobody remembers an archive's bytes: it is unpacked again, and what did not change in it is not read.
    if (knownArchives.has(`${file.externalId}/`)) changed.push(file)
    else if (!known.has(file.externalId)) added.push(file)
    else if (known.get(file.externalId) === hash) unchanged.push(file)
    else changed.push(file)
  }
  const present = new Set(files.map(({ externalId }) => externalId))
  const removed = [...known.keys()].filter((name) => !present.has(name) && archiveOf(name) === undefined)
  const lost = removed.filter((name) => !hashes.has(known.get(name) ?? ''))
  return { collection, added, changed, unchanged, removed, lost, known: known.size }
}

/** @throws SYNC_REFUSED when more than half of what was known would be gone: a disk that is not mounted looks like that */
export function requireMostKept({ lost, known }: SyncPlan): void {
  if (known <= FEW_DOCUMENTS || lost.length * 2 <= known) return
  throw new DocentError('SYNC_REFUSED', `${lost.length} of the ${known} known documents are not in the folder`)
}

/** Those that somebody else removed meanwhile are no failure. */
export async function removeNames(client: Client, { collection, removed }: SyncPlan): Promise<void> {
  const mutation = `mutation($collection: ID!, $name: String!) {
    deleteDocumentName(collection: $collection, name: $name) { document { id } }
  }`
  for (const name of removed) {
    await client.graphql(mutation, { collection, name }).catch((thrown: unknown) => {
      if (asDocentError(thrown).code !== 'DOCUMENT_NOT_FOUND') throw thrown
    })
  }
}

interface NamePage {
  readonly documentNames: {
    readonly edges: readonly { readonly node: { readonly name: string; readonly originalHash: string | null } }[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
  }
}

/** Name -> hash of what it stands for. A collection that is not there yet knows none. */
async function knownNames(client: Client, collection: string, prefix: string): Promise<Map<string, string | null>> {
  const query = `query($collection: ID!, $prefix: String!, $after: String) {
    documentNames(collection: $collection, prefix: $prefix, first: 100, after: $after) {
      edges { node { name originalHash } } pageInfo { hasNextPage endCursor }
    }
  }`
  const known = new Map<string, string | null>()
  for (let after: string | undefined; ; ) {
    const page = await client
      .graphql<NamePage>(query, { collection, prefix, after })
      .catch((thrown: unknown): undefined => {
        if (asDocentError(thrown).code !== 'COLLECTION_NOT_FOUND') throw thrown
      })
    if (!page) return known
    for (const { node } of page.documentNames.edges) known.set(node.name, node.originalHash)
    if (!page.documentNames.pageInfo.hasNextPage) return known
    after = page.documentNames.pageInfo.endCursor
  }
}

function isArchive(path: string): boolean {
  const mediaType = BY_EXTENSION.get(extname(path).toLowerCase())
  return mediaType !== undefined && isContainer(mediaType)
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
