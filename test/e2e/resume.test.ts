/** A run that was cancelled goes on, over HTTP and on the command line, against a real server and a real training process. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { priceTag } from '../jobs/reader-lab.js'
import { endedJob } from '../support/jobs.js'
import { docent, type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

const START = 'mutation($input: TrainingInput) { startTraining(input: $input) { id run { id } } }'

let folders: Folders
let server: TestServer
let dataFile: string

beforeAll(async () => {
  folders = await makeFolders(['tiny-1'])
  dataFile = join(folders.folder, 'prices.json')
  const paragraphs = Array.from({ length: 12 }, (_, index) => {
    const { context, price } = priceTag(index)
    const answers = [{ text: price, answer_start: context.indexOf(price) }]
    return { context, qas: [{ id: `q${index}`, question: 'How much?', answers }] }
  })
  await writeFile(dataFile, JSON.stringify({ data: [{ title: 'prices', paragraphs }] }))
  server = await startServer(folders)
})
afterAll(async () => {
  await server?.stop()
  await folders?.remove()
})

async function start(input: Any): Promise<{ jobId: string; runId: string }> {
  const { startTraining } = await server.client.graphql<Any>(START, { input })
  return { jobId: startTraining.id, runId: startTraining.run.id }
}

/** Cancels when the curve has come to `step`. @returns the last step made */
async function cancelAt(step: number, { jobId, runId }: { jobId: string; runId: string }): Promise<number> {
  const curve = server.client.subscribe<Any>('subscription($id: ID!) { trainingProgress(runId: $id) { step } }', {
    id: runId,
  })
  for await (const { trainingProgress } of curve) if (trainingProgress.step >= step) break
  await server.client.graphql('mutation($id: ID!) { cancelJob(id: $id) { id } }', { id: jobId })
  expect(await endedJob(server.client, jobId)).toMatchObject({ status: 'CANCELLED' })
  return (await stepsOf(runId)).at(-1) as number
}

async function stepsOf(runId: string): Promise<number[]> {
  const { run } = await server.client.graphql<Any>('query($id: ID!) { run(id: $id) { steps { step } } }', { id: runId })
  return run.steps.map(({ step }: Any) => step)
}

test('a cancelled run is resumed by GraphQL, cancelled again, and finished by `docent train --resume`', async () => {
  const first = await start({
    dataFile,
    force: true,
    preset: 'none',
    epochs: 100,
    maxSteps: 100_000,
    batchSize: 4,
    autoPromote: false,
  })
  const firstEnd = await cancelAt(3, first)
  const second = await start({ resumeRun: first.runId, autoPromote: false })
  const secondEnd = await cancelAt(firstEnd + 3, second)
  expect((await stepsOf(second.runId))[0]).toBeGreaterThan(3)
  expect(await readdir(join(folders.folder, 'data', 'runs'))).toEqual([second.runId])

  const finishing = ['--max-steps', String(secondEnd + 2), '--no-promote', '--json']
  const { status, stdout } = await docent(['train', '--resume', second.runId, ...finishing], folders.environment)
  expect(status).toBe(0)
  const run = JSON.parse(stdout)
  expect(run).toMatchObject({ status: 'SUCCEEDED', parentVersion: 'tiny-1' })
  const steps = await stepsOf(run.id)
  expect(steps[0]).toBeGreaterThan(firstEnd)
  expect(steps.at(-1)).toBe(secondEnd + 2)
  expect(await readdir(join(folders.folder, 'data', 'runs'))).toEqual([])
}, 180_000)

test('what cannot be resumed is refused with the reason', async () => {
  const resume = async (...args: string[]) => {
    const { status, stderr } = await docent(['train', '--json', '--resume', ...args], folders.environment)
    return [status, JSON.parse(stderr).error.code]
  }
  expect(await resume('none')).toEqual([1, 'RUN_NOT_FOUND'])
  const { runs } = await server.client.graphql<Any>('{ runs(first: 10) { edges { node { id status } } } }')
  const [finished, , first] = runs.edges.map(({ node }: Any) => node)
  expect([finished.status, first.status]).toEqual(['SUCCEEDED', 'CANCELLED'])
  expect(await resume(finished.id)).toEqual([1, 'INVALID_INPUT'])
  expect(await resume(first.id)).toEqual([1, 'NO_CHECKPOINT'])
  expect(await resume(first.id, '--data', dataFile)).toEqual([1, 'INVALID_INPUT'])
})
