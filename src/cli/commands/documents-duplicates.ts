import type { Command } from 'commander'
import type { Client } from '../client.js'
import { finish, numberOption, type Session } from '../command.js'
import { oneLine, percent } from '../text.js'

interface SpanView {
  readonly start: number
  readonly end: number
  readonly text: string
}

interface DocumentView {
  readonly id: string
  readonly title: string
  readonly externalId: string | null
}

interface MatchView {
  readonly document: DocumentView
  readonly share: number
  readonly onlyHere: readonly SpanView[]
  readonly onlyThere: readonly SpanView[]
  readonly common: readonly { readonly here: SpanView }[]
}

interface DuplicateView {
  readonly document: DocumentView & { readonly collection: { readonly name: string } }
  readonly matches: readonly MatchView[]
}

interface DuplicatePage {
  readonly nearDuplicates: {
    readonly edges: readonly { readonly node: DuplicateView }[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
  }
}

interface Options {
  readonly json?: boolean
  readonly collection?: string
  readonly minShare?: string
}

const PROGRESS = 'subscription($collection: ID) { nearDuplicatesProgress(collection: $collection) { done total } }'
const QUERY = `query($collection: ID, $minShare: Float, $after: String) {
  nearDuplicates(collection: $collection, minShare: $minShare, first: 100, after: $after) {
    edges { node {
      document { id title externalId collection { name } } documentVersion
      matches {
        document { id title externalId } documentVersion share
        common { here { start end text } there { start end text } }
        onlyHere { start end text } onlyThere { start end text }
      }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`

const SHOWN_CHARACTERS = 100

export function addDuplicates(documents: Command, environment: NodeJS.ProcessEnv): void {
  const command = documents
    .command('duplicates')
    .description('Documents of a collection that say nearly the same, each with the older ones that it repeats.')
    .option('--collection <name>', 'id or name; each collection by itself unless told')
    .option('--min-share <share>', 'of the runs of three words, what both must have: 0.5 to 1; 0.8 unless told')
  finish<Options>(
    command,
    environment,
    ['docent documents duplicates', 'docent documents duplicates --collection policies --min-share 0.6 --json'],
    async (session, { collection, minShare }) => {
      const share = numberOption('--min-share', minShare)
      await using client = await session.connect()
      await watchProgress(client, collection, session)
      const found = await allDuplicates(client, { collection, minShare: share })
      session.print(found, () => (found.length === 0 ? 'No near duplicates.' : found.map(duplicateLines).join('\n\n')))
    },
  )
}

async function watchProgress(client: Client, collection: string | undefined, session: Session): Promise<void> {
  const watch = client.subscribe<{ nearDuplicatesProgress: { done: number; total: number } }>(PROGRESS, { collection })
  for await (const { nearDuplicatesProgress: progress } of watch) {
    if (progress.total > 0) session.note(`${progress.done} of ${progress.total} documents read`)
  }
}

async function allDuplicates(client: Client, variables: Record<string, unknown>): Promise<DuplicateView[]> {
  const found: DuplicateView[] = []
  for (let after: string | undefined; ; ) {
    const { nearDuplicates: page } = await client.graphql<DuplicatePage>(QUERY, { ...variables, after })
    found.push(...page.edges.map(({ node }) => node))
    if (!page.pageInfo.hasNextPage) return found
    after = page.pageInfo.endCursor
  }
}

function duplicateLines({ document, matches }: DuplicateView): string {
  return [`${nameOf(document)} (${document.id}, ${document.collection.name})`, ...matches.flatMap(matchLines)].join(
    '\n',
  )
}

function matchLines({ document, share, onlyHere, onlyThere, common }: MatchView): string[] {
  const differing = onlyHere.length + onlyThere.length > 0
  return [
    `  ${percent(share)} as ${nameOf(document)} (${document.id})`,
    ...onlyHere.map(({ text }) => `    + ${shortened(text)}`),
    ...onlyThere.map(({ text }) => `    - ${shortened(text)}`),
    ...(differing ? [] : common.slice(0, 1).map(({ here }) => `    = ${shortened(here.text)}`)),
  ]
}

const nameOf = ({ title, externalId }: DocumentView): string =>
  externalId === null || externalId === title ? title : `${title} [${externalId}]`

function shortened(text: string): string {
  const line = oneLine(text)
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
}
