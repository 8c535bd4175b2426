import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endedJob } from '../support/jobs.js'
import { docent, type Folders, makeFolders, startServer } from '../support/start-server.js'
import { alterInt8Canary, alterManifest } from '../support/tiny-models.js'
import { upload } from '../support/upload.js'

let folders: Folders
beforeAll(async () => {
  folders = await makeFolders(['tiny-1', 'tiny-2'])
  await alterManifest(join(folders.folder, 'models/reader/tiny-1'), alterInt8Canary)
})
afterAll(() => folders?.remove())

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's
type Any = any

test('a server says in which form its reader answers: in the log, over GraphQL and on the command line', async () => {
  await using server = await startServer(folders)
  const logged = server.log().split('\n')
  expect(logged.find((line) => line.includes('this machine computes the int8 graph otherwise'))).toContain('"warn"')
  expect(logged.find((line) => line.includes('the reader and the embedder are open'))).toContain('"form":"fp32"')

  const { body } = await upload(server.url, [{ name: 'a.txt', content: 'The library is open from nine to six.' }])
  await endedJob(server.client, body.jobs[0]?.id ?? '')
  const { ask } = await server.client.graphql<Any>('{ ask(question: "When is it open?") { modelVersion abstained } }')
  expect(ask).toEqual({ modelVersion: 'tiny-1', abstained: false })

  const formsOf = async () => (await server.client.graphql<Any>('{ modelVersions { id servedForm } }')).modelVersions
  expect(await formsOf()).toEqual([
    { id: 'tiny-1', servedForm: 'FP32' },
    { id: 'tiny-2', servedForm: null },
  ])
  const shown = await docent(['models', 'show', 'tiny-1', '--json'], folders.environment)
  expect(JSON.parse(shown.stdout)).toMatchObject({ servedForm: 'FP32' })

  await server.client.graphql('mutation { promoteModel(id: "tiny-2") { id } }')
  expect(await formsOf()).toEqual([
    { id: 'tiny-1', servedForm: null },
    { id: 'tiny-2', servedForm: 'INT8' },
  ])
})
