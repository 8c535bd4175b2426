import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SquadExample, toSquad } from '../../src/text/squad.js'
import { SourceFolder } from '../jobs/import/source-folder.js'
import { priceTag } from '../jobs/reader-lab.js'
import { startHub } from '../support/hub-server.js'
import { docent, type Folders, makeFolders, startServer } from '../support/start-server.js'

let folders: Folders
let sources: string
beforeAll(async () => {
  folders = await makeFolders()
  sources = await mkdtemp(join(tmpdir(), 'docent-sources-'))
})
afterAll(() => folders?.remove())

async function json(...args: string[]) {
  const { status, stdout, stderr } = await docent([...args, '--json'], folders.environment)
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** Both measure on the whole general set. */
const LONG_MS = 400_000

test('a model is imported beside a server that answers, and takes over when it is promoted', {
  timeout: LONG_MS,
}, async () => {
  await using server = await startServer(folders)
  await server.client.graphql(
    'mutation { addDocument(input: { title: "Ferry", text: "The last boat leaves at nine in the evening." }) { id } }',
  )
  const { path } = await SourceFolder.of('roberta', sources)
  const imported = await docent(['models', 'import', path, '--id', 'published-1'], folders.environment)
  expect(imported).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('published-1: RobertaForQuestionAnswering'),
  })
  expect(imported.stdout).toContain('docent models promote published-1')
  expect(imported.stderr).toContain('import: measuring 50 %')
  const listed = await json('models', 'list')
  expect(listed.map(({ id, current }: { id: string; current: boolean }) => [id, current])).toEqual([
    ['published-1', false],
    ['tiny-1', true],
  ])
  await json('models', 'promote', 'published-1')
  expect((await json('ask', 'When does the last boat leave?')).modelVersion).toBe('published-1')
  const again = await docent(['models', 'import', path, '--id', 'published-1', '--json'], folders.environment)
  expect([again.status, JSON.parse(again.stderr).error.code]).toEqual([1, 'MODEL_EXISTS'])
})

test('an encoder of the hub without a head is trained from before it can answer', { timeout: LONG_MS }, async () => {
  const source = await SourceFolder.of('distilbert', sources)
  await source.changeWeights((weights) => new Map([...weights].filter(([name]) => !name.startsWith('qa_outputs'))))
  await using hub = await startHub('someone/encoder', source.path)
  const environment = { ...folders.environment, HF_ENDPOINT: hub.url }
  const imported = await docent(['models', 'import', 'someone/encoder'], environment)
  expect(imported).toMatchObject({ status: 0, stdout: expect.stringContaining('docent train --from encoder') })
  const refused = await docent(['models', 'promote', 'encoder', '--json'], folders.environment)
  expect([refused.status, JSON.parse(refused.stderr).error.code]).toEqual([1, 'HEAD_UNTRAINED'])

  const data = join(sources, 'squad.json')
  await writeFile(data, JSON.stringify(toSquad(priceQuestions(40))))
  const run = await json(
    ...['train', '--from', 'encoder', '--data', data, '--max-steps', '3', '--no-promote'],
    ...['--set', 'maxSequenceLength=96', '--set', 'stride=16'],
  )
  expect(run).toMatchObject({ status: 'SUCCEEDED', parentVersion: 'encoder' })
  expect((await json('models', 'promote', run.candidateVersion)).current).toBe(true)
  const absent = await docent(['train', '--from', 'absent', '--data', data, '--json'], folders.environment)
  expect([absent.status, JSON.parse(absent.stderr).error.code]).toEqual([1, 'MODEL_NOT_FOUND'])
})

function priceQuestions(count: number): SquadExample[] {
  return Array.from({ length: count }, (_, index) => {
    const { context, price } = priceTag(index)
    const answers = [{ text: price, start: context.indexOf(price) }]
    return {
      id: `q${index}`,
      title: `tag ${index}`,
      question: 'How much does it cost?',
      context,
      answers,
      isImpossible: false,
    }
  })
}
