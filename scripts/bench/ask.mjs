import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isRight } from '../lib/questions.mjs'
import { quietJobs, root, startServer } from '../lib/server.mjs'
import { percentile } from '../lib/statistics.mjs'

export const describe =
  'latency of asking, topK 8, one question at a time (--data questions.json beside its documents, --n 100)'

export async function run({ data = join(root, 'samples/questions.json'), n = 100, log }) {
  const questions = JSON.parse(await readFile(data, 'utf8'))
  const server = await startServer({ samplesDir: dirname(data) })
  try {
    await quietJobs(server.gql)
    log('asking')
    const ask = (question) =>
      server.gql(
        'query($question: String!) { ask(question: $question, topK: 8) { abstained answers { text document { externalId } } timings { embedMs retrieveMs readMs totalMs } } }',
        { question },
      )
    for (const { question } of questions.slice(0, 5)) await ask(question)
    const wallMs = []
    const steps = { embedMs: [], retrieveMs: [], readMs: [] }
    let right = 0
    let abstained = 0
    for (let i = 0; i < n; i++) {
      const row = questions[i % questions.length]
      const started = performance.now()
      const result = (await ask(row.question)).ask
      wallMs.push(performance.now() - started)
      for (const step of Object.keys(steps)) steps[step].push(result.timings[step])
      if (result.abstained) abstained++
      if (isRight(row, result)) right++
    }
    return [
      ['questions', n, ''],
      ['p50', percentile(wallMs, 50).toFixed(0), 'ms'],
      ['p95', percentile(wallMs, 95).toFixed(0), 'ms'],
      ...Object.entries(steps).map(([step, values]) => [`${step} p50`, percentile(values, 50).toFixed(0), 'ms']),
      ['abstained', abstained, ''],
      ['right', right, ''],
    ]
  } finally {
    await server.stop()
  }
}
