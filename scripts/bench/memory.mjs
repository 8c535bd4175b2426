import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { residentBytes } from '../lib/memory.mjs'
import { quietJobs, root, startServer } from '../lib/server.mjs'

export const describe = 'resident memory of all processes, idle and after questions (--data questions.json, --n 1000)'

const mib = (rows) => (rows.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 ** 2).toFixed(0)

export async function run({ data = join(root, 'samples/questions.json'), n = 1000, log }) {
  const questions = JSON.parse(await readFile(data, 'utf8'))
  const server = await startServer({ samplesDir: dirname(data) })
  try {
    await quietJobs(server.gql)
    const idle = residentBytes(server.pid)
    for (let i = 0; i < n; i++) {
      const { question } = questions[i % questions.length]
      await server.gql('query($question: String!) { ask(question: $question, topK: 8) { abstained } }', { question })
      if ((i + 1) % 100 === 0) log(`${i + 1}/${n} questions, ${mib(residentBytes(server.pid))} MiB`)
    }
    const after = residentBytes(server.pid)
    return [
      ['processes', after.length, ''],
      ['idle, all processes', mib(idle), 'MiB'],
      [`after ${n} questions, all processes`, mib(after), 'MiB'],
    ]
  } finally {
    await server.stop()
  }
}
