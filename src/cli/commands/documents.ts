import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { choiceOption, finish, numberOption } from '../command.js'
import { requireSuccess, waitForJob } from '../jobs.js'
import { moment, moreLine, type PageInfo, table } from '../text.js'
import { addDuplicates } from './documents-duplicates.js'

const FIELDS = `id externalId title mediaType status currentVersion chunkCount metadata createdAt updatedAt
  collection { id name }`

const STATUSES = ['PROCESSING', 'READY', 'FAILED', 'DELETED'] as const

interface DocumentView {
  readonly id: string
  readonly externalId: string | null
  readonly title: string
  readonly status: string
  readonly currentVersion: number
  readonly chunkCount: number
  readonly updatedAt: string
  readonly collection: { readonly name: string }
}

interface VersionView {
  readonly version: number
  readonly createdAt: string
  readonly mediaType: string
  readonly originalHash: string
  readonly isCurrent: boolean
}

interface DocumentDetails extends DocumentView {
  readonly names: readonly string[]
  readonly versions: readonly VersionView[]
  readonly text?: string | null
}

export function addDocuments(program: Command, environment: NodeJS.ProcessEnv): void {
  const documents = program.command('documents').description('List, show, compare, restore and delete documents.')

  const list = documents
    .command('list')
    .description('Documents, newest first.')
    .option('--first <n>', 'how many, 1 to 100')
    .option('--after <cursor>', 'go on after this cursor')
    .option('--status <status>', 'PROCESSING, READY, FAILED or DELETED')
  finish<{ json?: boolean; first?: string; after?: string; status?: string }>(
    list,
    environment,
    ['docent documents list', 'docent documents list --status FAILED --json'],
    async (session, { first, after, status }) => {
      await using client = await session.connect()
      const { documents: page } = await client.graphql<{
        documents: { edges: { node: DocumentView }[]; pageInfo: PageInfo }
      }>(
        `query($first: Int, $after: String, $status: DocumentStatus) {
          documents(first: $first, after: $after, status: $status) {
            edges { node { ${FIELDS} } } pageInfo { hasNextPage endCursor }
          }
        }`,
        { first: numberOption('--first', first), after, status: choiceOption('--status', status, STATUSES) },
      )
      session.print(page, () => {
        const rows = page.edges.map(({ node }) => [
          ...[node.id, node.status, node.currentVersion, node.chunkCount, node.collection.name, node.title],
        ])
        return table(['id', 'status', 'version', 'chunks', 'collection', 'title'], rows) + moreLine(page.pageInfo)
      })
    },
  )

  const show = documents
    .command('show')
    .argument('<id>')
    .description('One document and its versions; with --text also what was read from it.')
    .option('--text', 'print the canonical text of the current version')
  finish<{ json?: boolean; text?: boolean }>(
    show,
    environment,
    ['docent documents show 0192… --text'],
    async (session, { text }, [id]) => {
      await using client = await session.connect()
      const { document } = await client.graphql<{ document: DocumentDetails | null }>(
        `query($id: ID!, $text: Boolean!) {
          document(id: $id) {
            ${FIELDS} names versions { version createdAt mediaType originalHash isCurrent }
            text @include(if: $text)
          }
        }`,
        { id, text: Boolean(text) },
      )
      if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
      session.print(document, () => {
        const { title, status, currentVersion, chunkCount, collection, names, versions, updatedAt } = document
        const lines = [
          title || '(deleted)',
          `  id          ${document.id}`,
          `  status      ${status}, version ${currentVersion}, ${chunkCount} chunks`,
          `  collection  ${collection.name}${names.length === 0 ? '' : `, as ${names.join(', ')}`}`,
          `  changed     ${moment(updatedAt)}`,
          ...versions.map(
            ({ version, createdAt, mediaType, originalHash, isCurrent }) =>
              `  version ${version}   ${moment(createdAt)}, ${mediaType}, ${originalHash.slice(0, 12)}${isCurrent ? ' (current)' : ''}`,
          ),
        ]
        return text ? `${lines.join('\n')}\n\n${document.text ?? '(no text)'}` : lines.join('\n')
      })
    },
  )

  addDuplicates(documents, environment)

  const restore = documents
    .command('restore')
    .argument('<id>')
    .argument('<version>')
    .description(
      'Read the file of an earlier version again and make it the next version; waits until questions find it.',
    )
  finish(restore, environment, ['docent documents restore 0192… 3'], async (session, _, [id, version]) => {
    await using client = await session.connect({ runJobs: true })
    const { restoreDocument } = await client.graphql<{ restoreDocument: { id: string } }>(
      'mutation($id: ID!, $version: Int!) { restoreDocument(id: $id, version: $version) { id } }',
      { id, version: numberOption('VERSION', version) },
    )
    const job = requireSuccess(await waitForJob(client, restoreDocument.id, session, 'restore'))
    session.print(job, () => `version ${version} of document ${id} is current again`)
  })

  const remove = documents
    .command('delete')
    .argument('<id>')
    .description('Remove its texts and chunks for good; a tombstone stays for old citations.')
  finish(remove, environment, ['docent documents delete 0192…'], async (session, _, [id]) => {
    await using client = await session.connect()
    const { deleteDocument } = await client.graphql<{ deleteDocument: { id: string; document: { status: string } } }>(
      'mutation($id: ID!) { deleteDocument(id: $id) { id document { status } } }',
      { id },
    )
    session.print(deleteDocument, () => `document ${deleteDocument.id} is deleted`)
  })
}
