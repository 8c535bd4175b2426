import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docent, type Folders, makeFolders, startServer } from '../support/start-server.js'

let folders: Folders
let documents: string

beforeAll(async () => {
  folders = await makeFolders()
  documents = join(folders.folder, 'documents')
  await mkdir(join(documents, 'below'), { recursive: true })
  await writeFile(join(documents, 'hours.md'), '# Hours\n\nThe library is open from nine to six.')
  await writeFile(join(documents, 'below', 'fees.txt'), 'A late book costs ten cents a day.')
  await writeFile(join(documents, 'picture.png'), 'x')
})
afterAll(() => folders?.remove())

// biome-ignore lint/suspicious/noExplicitAny: the shape is the command's
type Any = any

/** What is long says how far it is, a line at a time: on a busy machine that is more than on an idle one. */
const PROGRESS =
  /^.*(queued|reading|embedding|storing|skipped|done|running|rebuilding|questions|files|documents ingested).*\n/gm

async function json(...args: string[]): Promise<Any> {
  const { status, stdout, stderr } = await docent([...args, '--json'], folders.environment)
  expect([status, stderr.replace(PROGRESS, '')]).toEqual([0, ''])
  return JSON.parse(stdout)
}

test('without a server the commands do the work themselves: ingest, ask, search, list', async () => {
  const ingested = await docent(['ingest', documents], folders.environment)
  expect(ingested).toMatchObject({ status: 0, stdout: '2 of 2 documents ingested\n' })
  expect(ingested.stderr).toContain('skipped in')
  expect(ingested.stderr).toContain('picture.png')

  const answer = await json('ask', 'When is the library open?')
  expect(answer.answers[0].document.title).toBeTruthy()
  const human = await docent(['ask', 'When is the library open?'], folders.environment)
  expect(human.stdout).toContain(`»${answer.answers[0].text.replace(/\s+/g, ' ')}«`)
  expect(human.stdout).toContain('confidence')
  // What a correction has to name.
  expect(human.stdout).toContain(`document ${answer.answers[0].document.id}`)
  expect(human.stdout).toMatch(/\n\ninteraction \S+\n$/)

  const [hit] = await json('search', 'late book', '--first', '1')
  expect(hit.text).toBe('A late book costs ten cents a day.')

  expect(await json('search', 'late book', '--filter', '{"language":"fr"}')).toEqual([])
  const refused = await docent(['search', 'late book', '--filter', 'language'], folders.environment)
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('--filter must be a JSON object')])

  const { edges } = await json('documents', 'list')
  expect(edges.map(({ node }: Any) => [node.externalId, node.status])).toEqual([
    ['documents/hours.md', 'READY'],
    ['documents/below/fees.txt', 'READY'],
  ])
})

test('files of one name in two folders are two documents, and two folders of one name are not mixed up', async () => {
  const folder = (...names: string[]) => join(folders.folder, 'clash', ...names)
  for (const names of [['a'], ['b'], ['c', 'a']]) {
    await mkdir(folder(...names), { recursive: true })
    await writeFile(folder(...names, 'index.md'), `This is the page ${names.join(' ')}.`)
  }
  const nothing = { ...folders.environment, DOCENT_DATA_DIR: folder('data') }
  const both = await docent(['ingest', folder('a'), folder('b')], nothing)
  expect(both.stdout).toBe('2 of 2 documents ingested\n')
  const listed = JSON.parse((await docent(['documents', 'list', '--json'], nothing)).stdout)
  const versions = listed.edges.map(({ node }: Any) => [node.externalId, node.currentVersion])
  expect(versions.sort()).toEqual([
    ['a/index.md', 1],
    ['b/index.md', 1],
  ])
  const clash = await docent(['ingest', folder('a'), folder('c', 'a')], nothing)
  expect(clash.status).toBe(1)
  expect(clash.stderr).toContain('would both be the document a/index.md')
})

test('a folder is kept in step: added, changed, moved and removed files, and nothing sent for the others', async () => {
  const synced = await makeFolders()
  await using _server = await startServer(synced)
  const own = synced.environment
  const folder = join(synced.folder, 'synced')
  await mkdir(join(folder, 'below'), { recursive: true })
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  const sync = async (...args: string[]): Promise<Any> => {
    const { status, stdout, stderr } = await docent(['ingest', '--sync', folder, '--json', ...args], own)
    expect([status, stderr.replace(PROGRESS, '')]).toEqual([0, ''])
    return JSON.parse(stdout)
  }
  const listed = async () => {
    const { edges } = JSON.parse((await docent(['documents', 'list', '--json', '--first', '100'], own)).stdout)
    return new Map<string, Any>(edges.map(({ node }: Any) => [node.externalId, node]))
  }
  const twelve = Array.from({ length: 12 }, (_, at) => `${at}.md`)
  for (const name of twelve) await write(name, `# Page\n\nThis is page ${name}.`)
  const dry = await sync('--dry-run')
  expect(dry).toMatchObject({ dryRun: true, changed: [], removed: [], unchanged: [] })
  expect(dry.added).toHaveLength(12)
  expect((await listed()).size).toBe(0)
  expect((await sync()).added).toHaveLength(12)
  const before = await listed()
  const again = await sync()
  expect(again).toMatchObject({ added: [], changed: [], removed: [], failed: [] })
  expect(again.unchanged).toHaveLength(12)

  await write('0.md', '# Page\n\nThis is another page.')
  await rename(join(folder, '1.md'), join(folder, 'below', '1.md'))
  await rm(join(folder, '2.md'))
  await write('new.md', '# New')
  expect(await sync()).toMatchObject({
    added: ['synced/below/1.md', 'synced/new.md'],
    changed: ['synced/0.md'],
    removed: ['synced/1.md', 'synced/2.md'],
  })
  const after = await listed()
  expect(after.get('synced/0.md')).toMatchObject({ id: before.get('synced/0.md').id, currentVersion: 2 })
  expect(after.get('synced/below/1.md')).toMatchObject({ id: before.get('synced/1.md').id, currentVersion: 1 })
  expect([after.has('synced/1.md'), after.has('synced/2.md')]).toEqual([false, false])

  const { id } = after.get('synced/0.md')
  const restored = await docent(['documents', 'restore', id, '1'], own)
  expect(restored).toMatchObject({ status: 0, stdout: `version 1 of document ${id} is current again\n` })
  const shown = await docent(['documents', 'show', id, '--text'], own)
  expect(shown.stdout).toContain('This is page 0.md.')
  expect(shown.stdout).toMatch(/ version 3 .*\(current\)\n +version 2 .*\n +version 1 /)

  for (const name of twelve.slice(3)) await rm(join(folder, name))
  const refused = await docent(['ingest', '--sync', folder], own)
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toContain('SYNC_REFUSED: 9 of the 12 known documents are not in the folder')
  expect((await sync('--force')).removed).toHaveLength(9)
  expect((await sync()).unchanged).toHaveLength(3)
  const wrong = await docent(['ingest', documents, '--dry-run'], own)
  expect(wrong.stderr).toContain('INVALID_INPUT: --dry-run and --force need --sync')
}, 240_000)

test('with a server the same commands go through it', async () => {
  await using server = await startServer(folders)
  const { interactionId } = await json('ask', 'When is the library open?')
  const { interaction } = await server.client.graphql<Any>('query($id: ID!) { interaction(id: $id) { id } }', {
    id: interactionId,
  })
  expect(interaction.id).toBe(interactionId)
})

test('a correction goes from submit to accept', async () => {
  const { interactionId, answers } = await json('ask', 'What does a late book cost?')
  const { edges } = await json('documents', 'list')
  const fees = edges.find(({ node }: Any) => node.externalId.endsWith('fees.txt')).node
  const submitted = await json(
    ...['feedback', 'submit', '--interaction', interactionId, '--answer', answers[0].id],
    ...['--verdict', 'CORRECTED', '--document', fees.id, '--text', 'ten cents a day'],
  )
  expect(submitted.span.text).toBe('ten cents a day')
  expect((await json('feedback', 'accept', submitted.id)).status).toBe('ACCEPTED')
  expect((await json('feedback', 'list', '--status', 'accepted')).edges).toHaveLength(1)
  const unknown = await docent(['feedback', 'list', '--status', 'DONE'], folders.environment)
  expect(unknown.status).toBe(1)
  expect(unknown.stderr).toContain('INVALID_INPUT: --status must be PENDING, ACCEPTED, REJECTED, not "DONE"')
})

test('what was not found has an id as well, so that it can be corrected', async () => {
  const nothing = { ...folders.environment, DOCENT_DATA_DIR: join(folders.folder, 'no-documents') }
  const { stdout } = await docent(['ask', 'When is the library open?'], nothing)
  expect(stdout).toMatch(/^Not found in the documents\.\n\ninteraction \S+\n$/)
})

test('a list that goes on says how', async () => {
  const first = await docent(['documents', 'list', '--first', '1'], folders.environment)
  const cursor = /\n\nmore: --after (\S+)\n$/.exec(first.stdout)?.[1] ?? ''
  const second = await docent(['documents', 'list', '--first', '1', '--after', cursor], folders.environment)
  expect(first.stdout).toContain('Hours')
  expect(second.stdout).not.toContain('Hours')
  expect(second.stdout).not.toContain('more:')
})

test('models, indexes and jobs are shown and verified', async () => {
  expect(await json('models', 'list')).toMatchObject([{ id: 'tiny-1', current: true }])
  expect((await json('models', 'show', 'tiny-1')).manifest.architecture).toBe('BertForQuestionAnswering')
  expect(await json('models', 'verify')).toEqual({ verified: ['tiny-1'] })
  expect(await json('index', 'verify')).toMatchObject([{ live: 2, recallAt10: 1 }])
  expect(await json('index', 'rebuild')).toEqual({ rebuilt: 1 })
  const jobs = await json('jobs', 'list')
  expect(jobs.edges.map(({ node }: Any) => node.status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED'])
  expect((await json('jobs', 'show', jobs.edges[0].node.id)).kind).toBe('INDEX')
  expect((await json('runs', 'list')).edges).toEqual([])
})

test('train --repair moves answers to where they stand, in a copy that is named, and says which', async () => {
  const data = join(folders.folder, 'crooked.json')
  const context = 'The map hangs in the hall.'
  const answers = [{ text: 'hall', answer_start: 3 }]
  const qas = [{ id: 'crooked', question: 'Where does the map hang?', answers }]
  await writeFile(data, JSON.stringify({ data: [{ title: '', paragraphs: [{ context, qas }] }] }))
  const refused = await docent(['train', '--data', data], folders.environment)
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/INVALID_DATASET.*crooked/) })
  // One question is too few to train on, but the copy is there by then.
  const repaired = await docent(['train', '--data', data, '--repair'], folders.environment)
  expect(repaired).toMatchObject({ status: 1, stderr: expect.stringContaining('TOO_FEW_LABELS') })
  expect(repaired.stderr).toContain('crooked: "hall" moved from 3 to 21')
  const copy = JSON.parse(await readFile(data.replace('.json', '.repaired.json'), 'utf8'))
  expect(copy.data[0].paragraphs[0].qas[0].answers).toEqual([{ text: 'hall', answer_start: 21 }])
})

test('evaluate reader needs neither server nor store, and writes what the official scorer reads', async () => {
  const data = join(folders.folder, 'squad.json')
  const context = 'The library is open from nine to six.'
  const answer = { text: 'nine to six', answer_start: context.indexOf('nine') }
  const qas = [{ id: 'q1', question: 'When is the library open?', answers: [answer] }]
  await writeFile(
    data,
    JSON.stringify({ version: '1.1', data: [{ title: 'Library', paragraphs: [{ context, qas }] }] }),
  )
  const predictions = join(folders.folder, 'predictions.json')
  const scores = await json('evaluate', 'reader', '--data', data, '--predictions', predictions)
  expect(scores).toMatchObject({ model: 'tiny-1', n: 1, squadVersion: '1.1', f1: expect.any(Number) })
  const { q1 } = JSON.parse(await readFile(predictions, 'utf8'))
  expect(context).toContain(q1)
})

test('evaluate pipeline asks every question of all contexts, and leaves what is served alone', async () => {
  const paragraphs = ['Otters hold hands while they sleep.', 'Zebras have stripes.', 'Walruses eat clams.'].map(
    (context, at) => ({
      context,
      qas: [
        {
          id: `q${at}`,
          question: `What of ${context.split(' ')[0]}?`,
          answers: [{ text: context.slice(0, 6), answer_start: 0 }],
        },
      ],
    }),
  )
  const data = join(folders.folder, 'animals.json')
  await writeFile(data, JSON.stringify({ version: '1.1', data: [{ title: 'Animals', paragraphs }] }))
  const predictions = join(folders.folder, 'animals.predictions.json')
  const before = await json('documents', 'list')
  const args = ['--data', data, '--questions', '2', '--top-k', '3', '--predictions', predictions]
  const scores = await json('evaluate', 'pipeline', ...args)
  expect(scores).toMatchObject({
    model: 'tiny-1',
    documents: 3,
    n: 2,
    squadVersion: '1.1',
    recallAt5: 100,
    recallAt20: 100,
  })
  expect(scores.p95Ms).toBeGreaterThanOrEqual(scores.p50Ms)
  const written: Record<string, string> = JSON.parse(await readFile(predictions, 'utf8'))
  expect(Object.keys(written)).toEqual(['q0', 'q1'])
  const contexts = paragraphs.map(({ context }) => context)
  for (const text of Object.values(written)) expect(contexts.some((context) => context.includes(text))).toBe(true)
  expect(await json('documents', 'list')).toEqual(before)
  const { status, stderr } = await docent(
    ['evaluate', 'pipeline', '--data', data, '--questions', '0'],
    folders.environment,
  )
  expect(status).toBe(1)
  expect(stderr).toContain('--questions must be a whole number above 0')
})

test('a failure has its code and hint on stderr and status 1', async () => {
  const { status, stdout, stderr } = await docent(['jobs', 'show', 'nothing'], folders.environment)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe('JOB_NOT_FOUND: there is no job nothing\nSend the id of a job that this server returned.\n')
  const asJson = await docent(['ask', ' ', '--json'], folders.environment)
  expect(asJson.status).toBe(1)
  expect(JSON.parse(asJson.stderr).error.code).toBe('INVALID_INPUT')
})

test('a server that died without a word is no obstacle', async () => {
  const server = await startServer(folders)
  await server.kill()
  expect(await json('models', 'list')).toHaveLength(1)
})

test('a training setting that does not exist, or is no assignment, is named and nothing is started', async () => {
  for (const [set, code, part] of [
    ['layerDecy=0.8', 'INVALID_INPUT', 'layerDecy'],
    ['layerDecay', 'INVALID_INPUT', 'layerDecay'],
    ['layerDecay=7', 'UNSAFE_SETTINGS', 'layerDecay'],
  ] as const) {
    const { status, stderr } = await docent(['train', '--set', set, '--json'], folders.environment)
    expect(status).toBe(1)
    const { error } = JSON.parse(stderr.replace(PROGRESS, ''))
    expect(error).toMatchObject({ code, message: expect.stringContaining(part) })
  }
  expect((await json('runs', 'list')).edges).toEqual([])
})
