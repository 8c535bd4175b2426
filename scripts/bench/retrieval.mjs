import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quietJobs, startServer } from '../lib/server.mjs'
import { percentile } from '../lib/statistics.mjs'

export const describe =
  'documents found among the first 1, 5, 10 and 20: product documentation with questions (--data FOLDER with rag/ and corpora/); ' +
  'for SQuAD: docent evaluate pipeline'

const SEARCH = `query($query: String!, $rerank: Boolean!) { search(query: $query, first: 50, rerank: $rerank) {
  denseRank lexicalRank document { externalId }
} }`
const DEPTHS = [1, 5, 10, 20]

export async function run({ data, log }) {
  if (!data)
    throw new Error('--data is needed: a folder with rag/awsdocs-qa-retrieval.json and corpora/aws-docs-subset/')
  const rows = JSON.parse(await readFile(join(data, 'rag/awsdocs-qa-retrieval.json'), 'utf8'))
  const questions = rows.flatMap(({ path, questions: asked }) => asked.map(({ question }) => ({ path, question })))
  const server = await startServer({ samplesDir: join(data, 'corpora/aws-docs-subset/documents') })
  try {
    const { chunks } = await quietJobs(server.gql, (health) =>
      log(`${health.chunks} chunks, ${health.queuedJobs} files to go`),
    )
    const times = { search: [], reranked: [] }
    const ranks = { fused: [], dense: [], lexical: [], reranked: [] }
    const search = async (query, rerank) => {
      const started = performance.now()
      const { search: hits } = await server.gql(SEARCH, { query, rerank })
      times[rerank ? 'reranked' : 'search'].push(performance.now() - started)
      return hits
    }
    for (const { path, question } of questions) {
      const hits = await search(question, false)
      const by = (field) => hits.filter((hit) => hit[field] !== null).sort((a, b) => a[field] - b[field])
      ranks.fused.push(rankOf(path, hits))
      ranks.dense.push(rankOf(path, by('denseRank')))
      ranks.lexical.push(rankOf(path, by('lexicalRank')))
      ranks.reranked.push(rankOf(path, await search(question, true)))
    }
    return [
      ['documents, chunks', `${new Set(rows.map(({ path }) => path)).size} asked for, ${chunks}`, ''],
      ['questions', questions.length, ''],
      ...Object.entries(ranks).map(([name, found]) => [
        `${name}: recall@${DEPTHS.join(' / ')}`,
        DEPTHS.map((depth) => recallAt(depth, found).toFixed(1)).join(' / '),
        '%',
      ]),
      ...Object.entries(times).map(([name, found]) => [
        `${name}: p50 / p95`,
        [50, 95].map((p) => percentile(found, p).toFixed(0)).join(' / '),
        'ms',
      ]),
    ]
  } finally {
    await server.stop()
  }
}

/** Of a document among those found, from 1: one that several passages are of counts once. */
function rankOf(path, hits) {
  const documents = [...new Set(hits.map(({ document }) => document.externalId))]
  const index = documents.findIndex((id) => path.endsWith(id) || id.endsWith(path))
  return index < 0 ? Number.POSITIVE_INFINITY : index + 1
}

const recallAt = (depth, ranks) => (100 * ranks.filter((rank) => rank <= depth).length) / ranks.length
