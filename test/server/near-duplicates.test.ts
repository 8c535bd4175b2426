import { afterAll, beforeAll, expect, test } from 'vitest'
import { endedJob } from '../support/jobs.js'
import { docent, type Folders, makeFolders, startServer, type TestServer } from '../support/start-server.js'
import { upload } from '../support/upload.js'

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

let folders: Folders
let server: TestServer

beforeAll(async () => {
  folders = await makeFolders()
  server = await startServer(folders)
})
afterAll(async () => {
  await server?.stop()
  await folders?.remove()
})

const rules = (of: string) =>
  Array.from({ length: 30 }, (_, at) => `Rule ${at} of ${of} holds from day ${at} on.`).join('\n')

/** One after another, so that it is certain which is older. */
async function add(name: string, content: string, collection: string): Promise<string> {
  const { body } = await upload(server.url, [{ name, content }], { externalId: name, collection })
  const [job] = body.jobs
  expect(await endedJob(server.client, job?.id ?? '')).toMatchObject({ status: 'SUCCEEDED' })
  return job?.payload.documentId ?? ''
}

const QUERY = `query($collection: ID, $minShare: Float) {
  nearDuplicates(collection: $collection, minShare: $minShare, first: 10) {
    edges { node {
      document { externalId text }
      matches {
        document { externalId text } documentVersion share
        common { here { start end text } there { start end text } }
        onlyHere { start end text } onlyThere { start end text }
      }
    } }
    pageInfo { hasNextPage }
  }
}`

const nearDuplicates = async (variables: object = {}): Promise<Any[]> =>
  (await server.client.graphql<Any>(QUERY, { ...variables })).nearDuplicates.edges.map(({ node }: Any) => node)

test('near duplicates are reported within a collection, with what differs, until one is replaced or deleted', async () => {
  const older = await add('2023.txt', rules('leave'), 'policies')
  const newer = await add('2024.txt', rules('leave').replace('day 7 on', 'day 70 on'), 'policies')
  await add('travel.txt', rules('travel'), 'policies')
  await add('2025.txt', rules('leave').replace('day 8 on', 'day 80 on'), 'elsewhere')

  const progress: Any[] = []
  for await (const each of server.client.subscribe<Any>('subscription { nearDuplicatesProgress { done total } }', {})) {
    progress.push(each.nearDuplicatesProgress)
  }
  expect(progress.at(-1)).toEqual({ done: 4, total: 4 })

  const [found, ...others] = await nearDuplicates()
  expect(others).toEqual([])
  const [match, ...further] = found.matches
  expect(further).toEqual([])
  expect([found.document.externalId, match.document.externalId]).toEqual(['2024.txt', '2023.txt'])
  expect(match.share).toBeGreaterThan(0.9)
  expect(match.share).toBeLessThan(1)
  expect([match.onlyHere, match.onlyThere]).toMatchObject([[{ text: '70' }], [{ text: '7' }]])
  for (const { start, end, text } of [...match.onlyHere, ...match.common.map(({ here }: Any) => here)]) {
    expect(found.document.text.slice(start, end)).toBe(text)
  }
  for (const { start, end, text } of [...match.onlyThere, ...match.common.map(({ there }: Any) => there)]) {
    expect(match.document.text.slice(start, end)).toBe(text)
  }

  const human = await docent(['documents', 'duplicates', '--collection', 'policies'], folders.environment)
  expect(human.stdout).toContain(`${Math.round(match.share * 100)} % as `)
  expect(human.stdout).toContain(` 2023.txt (${older})\n    + 70\n    - 7\n`)
  const json = await docent(['documents', 'duplicates', '--min-share', '0.9', '--json'], folders.environment)
  expect(JSON.parse(json.stdout)).toMatchObject([{ document: { id: newer }, matches: [{ document: { id: older } }] }])

  await add('2023.txt', rules('parking'), 'policies')
  expect(await nearDuplicates()).toEqual([])
  await add('2023.txt', rules('leave'), 'policies')
  expect(await nearDuplicates()).toMatchObject([{ matches: [{ documentVersion: 3 }] }])
  await server.client.graphql('mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id: newer })
  expect(await nearDuplicates()).toEqual([])
}, 120_000)

test('a share that is out of range and a collection that is not there are refused', async () => {
  await expect(nearDuplicates({ minShare: 0.1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(nearDuplicates({ collection: 'none' })).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' })
  const { status, stderr } = await docent(['documents', 'duplicates', '--min-share', 'many'], folders.environment)
  expect([status, stderr]).toEqual([1, expect.stringContaining('--min-share must be a number')])
})
