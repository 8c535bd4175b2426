import type { Command } from 'commander'
import { finish, numberOption } from '../command.js'
import { type AnswerView, answerLines } from '../text.js'

const QUERY = `query($question: String!, $collections: [ID!], $topK: Int, $maxAnswers: Int, $minConfidence: Float) {
  ask(question: $question, collections: $collections, topK: $topK, maxAnswers: $maxAnswers, minConfidence: $minConfidence) {
    interactionId abstained noAnswerProbability modelVersion
    answers {
      id text confidence start end documentVersion context contextStart
      document { id title externalId }
      location { label page sheet slide row headingPath }
    }
    timings { embedMs retrieveMs readMs totalMs }
  }
}`

interface Result {
  readonly ask: {
    readonly interactionId: string
    readonly abstained: boolean
    readonly noAnswerProbability: number
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
    .option('--top-k <n>', 'passages to read, 1 to 50')
    .option('--max-answers <n>', 'answers at most, 1 to 20')
    .option('--min-confidence <p>', 'leave out answers below this, 0 to 1')
  interface Options {
    readonly collection?: string[]
    readonly topK?: string
    readonly maxAnswers?: string
    readonly minConfidence?: string
  }
  finish<Options & { json?: boolean }>(
    command,
    environment,
    ['docent ask "How long do I have to wait before I can file another appeal?"', 'docent ask "Who pays?" --json'],
    async (session, options, [question]) => {
      await using client = await session.connect()
      const { ask } = await client.graphql<Result>(QUERY, {
        question,
        collections: options.collection,
        topK: numberOption('--top-k', options.topK),
        maxAnswers: numberOption('--max-answers', options.maxAnswers),
        minConfidence: numberOption('--min-confidence', options.minConfidence),
      })
      session.print(ask, () => {
        // The id also where nothing was found: that the documents do answer is the correction worth most.
        const found = ask.abstained ? 'Not found in the documents.' : ask.answers.map(answerLines).join('\n\n')
        return `${found}\n\ninteraction ${ask.interactionId}`
      })
    },
  )
}
