import type { Command } from 'commander'
import { finish, numberOption, objectOption } from '../command.js'
import { type AnswerView, answerLines } from '../text.js'

const QUERY = `query($question: String!, $collections: [ID!], $filter: DocumentFilter, $topK: Int, $perDocument: Int, $maxAnswers: Int, $minConfidence: Float) {
  ask(question: $question, collections: $collections, filter: $filter, topK: $topK, perDocument: $perDocument, maxAnswers: $maxAnswers, minConfidence: $minConfidence) {
    interactionId abstained noAnswerProbability modelVersion notices
    answers {
      id text confidence start end documentVersion context contextStart
      document { id title externalId }
      location { label page sheet slide row headingPath }
    }
    timings { embedMs retrieveMs readMs totalMs }
  }
}`

const NOTICES = {
  NO_DOCUMENTS: 'there is no document to ask: add some with `docent ingest`',
  NOTHING_MATCHES_FILTER: 'no document passes the filter',
  DOCUMENTS_WAITING: 'documents are still being ingested: ask again in a while',
}

interface Result {
  readonly ask: {
    readonly interactionId: string
    readonly abstained: boolean
    readonly noAnswerProbability: number
    readonly notices: readonly (keyof typeof NOTICES)[]
    readonly answers: readonly AnswerView[]
  }
}

export function addAsk(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('ask')
    .argument('<question>', 'the question')
    .description(
      'Answer a question by quoting the documents, or say that they do not answer it (exit status 0 as well).',
    )
    .option('--collection <name...>', 'ids or names of the collections to ask; all unless told')
    .option('--filter <json>', 'only documents that pass: {"tags":["hr"],"metadata":[{"key":"year","gt":2023}]}')
    .option('--top-k <n>', 'passages to read, 1 to 50')
    .option('--per-document <n>', 'passages of one document at most, while others have any; no limit unless told')
    .option('--max-answers <n>', 'answers at most, 1 to 20')
    .option('--min-confidence <p>', 'leave out answers below this, 0 to 1')
  interface Options {
    readonly collection?: string[]
    readonly filter?: string
    readonly topK?: string
    readonly perDocument?: string
    readonly maxAnswers?: string
    readonly minConfidence?: string
  }
  finish<Options & { json?: boolean }>(
    command,
    environment,
    [
      'docent ask "How long do I have to wait before I can file another appeal?"',
      'docent ask "Who pays?" --collection policies --filter \'{"language":"en"}\' --json',
    ],
    async (session, options, [question]) => {
      await using client = await session.connect()
      const { ask } = await client.graphql<Result>(QUERY, {
        question,
        collections: options.collection,
        filter: objectOption('--filter', options.filter),
        topK: numberOption('--top-k', options.topK),
        perDocument: numberOption('--per-document', options.perDocument),
        maxAnswers: numberOption('--max-answers', options.maxAnswers),
        minConfidence: numberOption('--min-confidence', options.minConfidence),
      })
      session.print(ask, () => {
        // The id also where nothing was found: that the documents do answer is the correction worth most.
        const found = ask.abstained ? 'Not found in the documents.' : ask.answers.map(answerLines).join('\n\n')
        for (const notice of ask.notices) session.note(NOTICES[notice])
        return `${found}\n\ninteraction ${ask.interactionId}`
      })
    },
  )
}
