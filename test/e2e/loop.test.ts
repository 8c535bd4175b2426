/**
 * The whole loop over HTTP against a real server process, with a tiny reader: what it answers means nothing, but every
 * step is the real one, from the question to the swapped reader and back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/cli/client.js'
import { endedJob } from '../support/jobs.js'
import { type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'
import { upload } from '../support/upload.js'

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

/** Nothing of one is near to another: rows that say almost the same would all go to one side of the split. */
const FACTS = [
  {
    text: 'The lighthouse on Gull Rock was rebuilt after the storm of 1847.',
    question: 'When did a storm hit Gull Rock?',
    answer: '1847',
  },
  { text: 'Visitors leave their coats with Marta in the cellar.', question: 'Who looks after coats?', answer: 'Marta' },
  {
    text: 'Copper pipes are joined with silver solder, never with glue.',
    question: 'What joins copper pipes?',
    answer: 'silver solder',
  },
  {
    text: 'Our bakery opens at half past five, except in winter.',
    question: 'At what time can I buy bread?',
    answer: 'half past five',
  },
  {
    text: 'Every invoice goes to the finance office before Friday.',
    question: 'Where are invoices sent?',
    answer: 'the finance office',
  },
  {
    text: 'Bees visit the orchard until the end of September.',
    question: 'How long do bees come?',
    answer: 'the end of September',
  },
  { text: 'A broken badge is replaced for nine euros.', question: 'What does a new badge cost?', answer: 'nine euros' },
  {
    text: 'Snow closed the mountain pass for eleven weeks.',
    question: 'How long could nobody cross the mountains?',
    answer: 'eleven weeks',
  },
  {
    text: 'The choir rehearses in the old town hall.',
    question: 'Where do singers practise?',
    answer: 'the old town hall',
  },
  {
    text: 'Doctor Okafor answers questions about vaccines.',
    question: 'Whom do I ask about vaccines?',
    answer: 'Doctor Okafor',
  },
  {
    text: 'Passwords must have at least fourteen characters.',
    question: 'How long is a password?',
    answer: 'fourteen characters',
  },
  {
    text: 'Tram number six stops beside the harbour museum.',
    question: 'Which tram goes to the museum?',
    answer: 'number six',
  },
]

const fileName = (index: number) => `fact-${index}.txt`

const ASK = `query($question: String!) { ask(question: $question) {
  interactionId abstained modelVersion answers { id text start end document { id } documentVersion } } }`

let folders: Folders
let server: TestServer
let client: Client
/** By file name: uploads are accepted in whichever order their bytes are stored. */
const documentIds = new Map<string, string>()

beforeAll(async () => {
  folders = await makeFolders(['tiny-1'])
  server = await startServer(folders)
  client = server.client
  const files = FACTS.map(({ text }, index) => ({ name: fileName(index), content: text }))
  const { body } = await upload(server.url, files)
  for (const job of body.jobs) {
    expect(await endedJob(client, job.id)).toMatchObject({ status: 'SUCCEEDED' })
    documentIds.set(job.fileName, job.payload.documentId)
  }
})
afterAll(async () => {
  await server?.stop()
  await folders?.remove()
})

test('a correction becomes a label, a dataset, a trained and measured reader that serves, and can be taken back', async () => {
  for (const index of FACTS.keys()) await correctAndAccept(index)
  const { corrections } = await client.graphql<Any>(
    '{ corrections(first: 20, status: ACCEPTED) { edges { node { span { text } } } } }',
  )
  expect(corrections.edges.map((edge: Any) => edge.node.span.text).sort()).toEqual(
    FACTS.map(({ answer }) => answer).sort(),
  )

  const { startTraining } = await client.graphql<Any>(
    'mutation($input: TrainingInput) { startTraining(input: $input) { id run { id parentVersion } } }',
    { input: { preset: 'none', epochs: 3, learningRate: 5e-4, batchSize: 4, autoPromote: false } },
  )
  const runId = startTraining.run.id
  const losses: number[] = []
  const curve = client.subscribe<Any>('subscription($id: ID!) { trainingProgress(runId: $id) { step loss } }', {
    id: runId,
  })
  for await (const { trainingProgress } of curve) losses.push(trainingProgress.loss)
  expect(await endedJob(client, startTraining.id)).toMatchObject({ status: 'SUCCEEDED' })
  expect(losses.length).toBeGreaterThan(3)
  expect(losses.every(Number.isFinite)).toBe(true)

  const { run } = await client.graphql<Any>(
    `query($id: ID!) { run(id: $id) { status candidateVersion steps { step } evaluation { decision reason
      heldOut { serving { n f1 } candidate { n f1 } } general { serving { n } candidate { n } } } } }`,
    { id: runId },
  )
  expect(run.status).toBe('SUCCEEDED')
  expect(run.steps).toHaveLength(losses.length)
  const { decision, reason, heldOut, general } = run.evaluation
  expect(heldOut.candidate.n).toBeGreaterThanOrEqual(3)
  expect(heldOut.serving.n).toBe(heldOut.candidate.n)
  expect(general.candidate.n).toBe(400)
  expect(reason).not.toBe('')
  if (decision === 'PROMOTE') expect(heldOut.candidate.f1).toBeGreaterThan(heldOut.serving.f1)

  const candidate = run.candidateVersion
  const meanwhile = askUntilStopped()
  await client.graphql('mutation($id: ID!) { promoteModel(id: $id, reason: "looks right") { id current } }', {
    id: candidate,
  })
  await expect.poll(async () => (await ask(0)).modelVersion).toBe(candidate)
  const servedBy = await meanwhile()
  expect(new Set(servedBy)).toEqual(new Set(['tiny-1', candidate]))

  const { rollbackModel } = await client.graphql<Any>('mutation { rollbackModel(reason: "a test") { id current } }')
  expect(rollbackModel).toEqual({ id: 'tiny-1', current: true })
  await expect.poll(async () => (await ask(0)).modelVersion).toBe('tiny-1')
  const { promotions } = await client.graphql<Any>('{ promotions { modelVersion kind reason } }')
  expect(promotions.map((row: Any) => [row.modelVersion, row.kind])).toEqual([
    ['tiny-1', 'ROLLBACK'],
    [candidate, 'MANUAL'],
    ['tiny-1', 'INITIAL'],
  ])
}, 180_000)

async function ask(index: number): Promise<Any> {
  const { ask: result } = await client.graphql<Any>(ASK, { question: FACTS[index]?.question })
  for (const answer of result.answers) {
    const response = await fetch(`${server.url}/documents/${answer.document.id}/text?version=${answer.documentVersion}`)
    expect((await response.text()).slice(answer.start, answer.end)).toBe(answer.text)
  }
  return result
}

async function correctAndAccept(index: number): Promise<void> {
  const { interactionId } = await ask(index)
  const { submitFeedback } = await client.graphql<Any>(
    'mutation($input: FeedbackInput!) { submitFeedback(input: $input) { id status span { start end } } }',
    {
      input: {
        interactionId,
        verdict: 'CORRECTED',
        correction: { documentId: documentIds.get(fileName(index)), text: FACTS[index]?.answer },
      },
    },
  )
  expect(submitFeedback.status).toBe('PENDING')
  const { reviewCorrection } = await client.graphql<Any>(
    'mutation($id: ID!) { reviewCorrection(id: $id, decision: ACCEPT) { status } }',
    { id: submitFeedback.id },
  )
  expect(reviewCorrection.status).toBe('ACCEPTED')
}

/** Three people who ask without a pause; any failed request fails the test. Resolves with the version of each answer. */
function askUntilStopped(): () => Promise<string[]> {
  let stopped = false
  const versions: string[] = []
  const person = async (first: number) => {
    for (let at = first; !stopped; at++) versions.push((await ask(at % FACTS.length)).modelVersion)
  }
  const people = Promise.all([person(0), person(4), person(8)])
  people.catch(() => {}) // thrown where it is awaited
  return async () => {
    stopped = true
    await people
    return versions
  }
}
