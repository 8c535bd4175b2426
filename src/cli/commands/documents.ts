import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { choiceOption, finish, numberOption } from '../command.js'
import { moment, moreLine, type PageInfo, table } from '../text.js'

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

export function addDocuments(program: Command, environment: NodeJS.ProcessEnv): void {
  const documents = program.command('documents').description('List, show and delete documents.')

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
    .description('One document; with --text also what was read from it.')
    .option('--text', 'print the canonical text of the current version')
  finish<{ json?: boolean; text?: boolean }>(
    show,
    environment,
    ['docent documents show 0192… --text'],
    async (session, { text }, [id]) => {
      await using client = await session.connect()
      const { document } = await client.graphql<{ document: (DocumentView & { text?: string | null }) | null }>(
        `query($id: ID!, $text: Boolean!) { document(id: $id) { ${FIELDS} text @include(if: $text) } }`,
        { id, text: Boolean(text) },
      )
      if (!document) throw new DocentError('DOCUMENT_NOT_FOUND', `there is no document ${id}`)
      session.print(document, () => {
        const { title, status, currentVersion, chunkCount, collection, externalId, updatedAt } = document
        const lines = [
          title || '(deleted)',
          `  id          ${document.id}`,
          `  status      ${status}, version ${currentVersion}, ${chunkCount} chunks`,
          `  collection  ${collection.name}${externalId === null ? '' : `, as ${externalId}`}`,
          `  changed     ${moment(updatedAt)}`,
        ]
        return text ? `${lines.join('\n')}\n\n${document.text ?? '(no text)'}` : lines.join('\n')
      })
    },
  )

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
