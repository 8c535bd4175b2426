/** A cross-encoder from a local folder, through a real server. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageRoot } from '../../src/child.js'
import { type Folders, makeFolders, startServer } from '../support/start-server.js'
import { upload } from '../support/upload.js'

const fixture = join(packageRoot, 'test/fixtures/cross-encoder')
const SEARCH = `query($query: String!, $rerank: Boolean) {
  search(query: $query, rerank: $rerank) { text score rerankScore }
}`
interface Found {
  readonly search: readonly { readonly text: string; readonly score: number; readonly rerankScore: number | null }[]
}

interface Health {
  readonly health: { readonly chunks: number }
}

let folders: Folders
beforeEach(async () => {
  folders = await makeFolders()
})
afterEach(() => folders.remove())

test('searches are reranked by the cross-encoder that DOCENT_RERANKER names', async () => {
  const { question, passages, logits } = JSON.parse(await readFile(join(fixture, 'reference.json'), 'utf8'))
  await using server = await startServer(folders, { DOCENT_RERANKER: fixture })
  const content = (text: string, at: number) => ({ name: `${at}.txt`, content: text })
  await upload(server.url, passages.map(content))
  const search = (rerank: boolean) => server.client.graphql<Found>(SEARCH, { query: question, rerank })
  while ((await server.client.graphql<Health>('{ health { chunks } }')).health.chunks < passages.length) await wait(50)
  const plain = await search(false)
  expect(plain.search.every(({ rerankScore }) => rerankScore === null)).toBe(true)

  const { search: found } = await search(true)
  expect(found.map(({ text }) => text)).toEqual(passages)
  for (const [at, { rerankScore }] of found.entries()) expect(rerankScore).toBeCloseTo(logits[at], 4)
  const scores = new Map(plain.search.map(({ text, score }) => [text, score]))
  for (const { text, score } of found) expect(score).toBe(scores.get(text))
})

test('a folder that holds no cross-encoder is named when it is asked for, and everything else answers', async () => {
  await using server = await startServer(folders, { DOCENT_RERANKER: join(packageRoot, 'test/fixtures/tiny-model') })
  const search = (rerank: boolean) => server.client.graphql<Found>(SEARCH, { query: 'Who?', rerank })
  expect((await search(false)).search).toEqual([])
  await expect(search(true)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' })
})
