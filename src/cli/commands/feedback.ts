import type { Command } from 'commander'
import { choiceOption, finish, numberOption } from '../command.js'
import { moment, moreLine, oneLine, type PageInfo, table } from '../text.js'

const FIELDS = `id verdict status comment reviewReason createdAt reviewedAt
  span { document { id title } documentVersion start end text } interaction { id question }`

const VERDICTS = ['CORRECT', 'INCORRECT', 'NO_ANSWER', 'CORRECTED'] as const
const STATUSES = ['PENDING', 'ACCEPTED', 'REJECTED'] as const

interface CorrectionView {
  readonly id: string
  readonly verdict: string
  readonly status: string
  readonly createdAt: string
  readonly span: { readonly text: string } | null
  readonly interaction: { readonly question: string }
}

interface SubmitOptions {
  readonly json?: boolean
  readonly interaction: string
  readonly verdict: string
  readonly answer?: string
  readonly document?: string
  readonly documentVersion?: string
  readonly text?: string
  readonly start?: string
  readonly end?: string
  readonly comment?: string
  readonly key?: string
}

export function addFeedback(program: Command, environment: NodeJS.ProcessEnv): void {
  const feedback = program.command('feedback').description('Say what was right, and review what others said.')

  const submit = feedback
    .command('submit')
    .description('Judge an answer, or name the right span.')
    .requiredOption('--interaction <id>', 'the question that was asked; `docent ask` prints the ids')
    .requiredOption('--verdict <verdict>', 'CORRECT, INCORRECT, NO_ANSWER or CORRECTED')
    .option('--answer <id>', 'the answer that is meant; CORRECT needs it')
    .option('--document <id>', 'CORRECTED: the document with the right span')
    .option('--document-version <n>', 'unless told, the one that the interaction showed, else the current one')
    .option('--text <text>', 'CORRECTED: the right span, exactly as the document has it')
    .option('--start <n>', 'UTF-16 offset of the span; found by the text unless told')
    .option('--end <n>', 'where the span ends, exclusive')
    .option('--comment <text>')
    .option('--key <key>', 'sent again, nothing is stored twice')
  finish<SubmitOptions>(
    submit,
    environment,
    [
      'docent feedback submit --interaction 0192… --answer 0192… --verdict CORRECT',
      'docent feedback submit --interaction 0192… --verdict CORRECTED --document 0192… --text "six months"',
    ],
    async (session, options) => {
      const correction =
        options.document === undefined && options.text === undefined
          ? undefined
          : {
              documentId: options.document ?? '',
              documentVersion: numberOption('--document-version', options.documentVersion),
              text: options.text ?? '',
              start: numberOption('--start', options.start),
              end: numberOption('--end', options.end),
            }
      await using client = await session.connect()
      const { submitFeedback } = await client.graphql<{ submitFeedback: CorrectionView }>(
        `mutation($input: FeedbackInput!) { submitFeedback(input: $input) { ${FIELDS} } }`,
        {
          input: {
            interactionId: options.interaction,
            answerId: options.answer,
            verdict: choiceOption('--verdict', options.verdict, VERDICTS),
            correction,
            comment: options.comment,
            idempotencyKey: options.key,
          },
        },
      )
      session.print(submitFeedback, () => `correction ${submitFeedback.id} waits for review`)
    },
  )

  const list = feedback
    .command('list')
    .description('Corrections, newest first.')
    .option('--status <status>', 'PENDING, ACCEPTED or REJECTED')
    .option('--first <n>', 'how many, 1 to 100')
    .option('--after <cursor>', 'go on after this cursor')
  finish<{ json?: boolean; status?: string; first?: string; after?: string }>(
    list,
    environment,
    ['docent feedback list --status PENDING'],
    async (session, { status, first, after }) => {
      await using client = await session.connect()
      const { corrections } = await client.graphql<{
        corrections: { edges: { node: CorrectionView }[]; pageInfo: PageInfo }
      }>(
        `query($status: ReviewStatus, $first: Int, $after: String) {
          corrections(status: $status, first: $first, after: $after) {
            edges { node { ${FIELDS} } } pageInfo { hasNextPage endCursor }
          }
        }`,
        { status: choiceOption('--status', status, STATUSES), first: numberOption('--first', first), after },
      )
      session.print(corrections, () => {
        const rows = corrections.edges.map(({ node }) => [
          ...[node.id, node.status, node.verdict, moment(node.createdAt)],
          ...[oneLine(node.interaction.question), node.span ? oneLine(node.span.text) : null],
        ])
        return table(['id', 'status', 'verdict', 'at', 'question', 'span'], rows) + moreLine(corrections.pageInfo)
      })
    },
  )

  addReview(feedback, environment, 'accept', 'ACCEPT', 'Make it a label that training learns from. Final.')
  addReview(feedback, environment, 'reject', 'REJECT', 'Teach nothing from it. Final.')
}

function addReview(
  feedback: Command,
  environment: NodeJS.ProcessEnv,
  name: string,
  decision: 'ACCEPT' | 'REJECT',
  description: string,
): void {
  const command = feedback
    .command(name)
    .argument('<id>', 'the correction')
    .description(description)
    .option('--reason <text>')
  finish<{ json?: boolean; reason?: string }>(
    command,
    environment,
    [`docent feedback ${name} 0192…`],
    async (session, { reason }, [id]) => {
      await using client = await session.connect()
      const { reviewCorrection } = await client.graphql<{ reviewCorrection: CorrectionView }>(
        `mutation($id: ID!, $decision: ReviewDecision!, $reason: String) {
          reviewCorrection(id: $id, decision: $decision, reason: $reason) { ${FIELDS} }
        }`,
        { id, decision, reason },
      )
      session.print(reviewCorrection, () => `correction ${reviewCorrection.id} is ${reviewCorrection.status}`)
    },
  )
}
