import type { Command } from 'commander'
import { finish, numberOption, objectOption } from '../command.js'
import { oneLine } from '../text.js'

const QUERY = `query($query: String!, $collections: [ID!], $filter: DocumentFilter, $first: Int, $perDocument: Int, $rerank: Boolean) {
  search(query: $query, collections: $collections, filter: $filter, first: $first, perDocument: $perDocument, rerank: $rerank) {
    text start end documentVersion headingPath score denseRank denseScore lexicalRank lexicalScore matchedTerms rerankScore
    document { id title externalId }
    location { label page sheet slide row }
  }
}`

interface Hit {
  readonly text: string
  readonly score: number
  readonly denseScore: number | null
  readonly lexicalScore: number | null
  readonly rerankScore: number | null
  readonly matchedTerms: readonly string[]
  readonly location: { readonly label: string }
}

const SHOWN_CHARACTERS = 300

export function addSearch(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('search')
    .argument('<query>', 'words or a question')
    .description('Find passages without reading them: what `ask` would read.')
    .option('--collection <name...>', 'ids or names of the collections; all unless told')
    .option('--filter <json>', 'only documents that pass, as `docent ask` takes it')
    .option('--first <n>', 'passages at most, 1 to 50')
    .option('--per-document <n>', 'passages of one document at most, while others have any; no limit unless told')
    .option('--rerank', 'order them by whether they answer the question: slower, and better for questions')
  interface Options {
    readonly json?: boolean
    readonly collection?: string[]
    readonly filter?: string
    readonly first?: string
    readonly perDocument?: string
    readonly rerank?: boolean
  }
  finish<Options>(
    command,
    environment,
    ['docent search "parental leave"', 'docent search "appeal" --first 3 --json'],
    async (session, { collection, filter, first, perDocument, rerank }, [query]) => {
      await using client = await session.connect()
      const narrowed = { collections: collection, filter: objectOption('--filter', filter) }
      const counts = {
        first: numberOption('--first', first),
        perDocument: numberOption('--per-document', perDocument),
      }
      const variables = { query, ...narrowed, ...counts, rerank }
      const { search } = await client.graphql<{ search: Hit[] }>(QUERY, variables)
      session.print(search, () => (search.length === 0 ? 'No passage found.' : search.map(hitLines).join('\n\n')))
    },
  )
}

function hitLines({ text, location, ...hit }: Hit, at: number): string {
  const line = oneLine(text)
  const shown = line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
  return `${at + 1}. ${location.label}\n   ${reasonOf(hit)}\n   ${shown}`
}

/** Why it was found. */
function reasonOf({
  score,
  denseScore,
  lexicalScore,
  matchedTerms,
  rerankScore,
}: Omit<Hit, 'text' | 'location'>): string {
  const parts = [`score ${score.toFixed(3)}`]
  if (rerankScore !== null) parts.unshift(`reranked ${rerankScore.toFixed(3)}`)
  if (denseScore !== null) parts.push(`cosine ${denseScore.toFixed(3)}`)
  if (lexicalScore !== null) parts.push(`BM25 ${lexicalScore.toFixed(1)} (${matchedTerms.join(', ')})`)
  return parts.join(' · ')
}
