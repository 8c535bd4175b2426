import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { proportionalBytes, residentBytes } from '../lib/memory.mjs'
import { quietJobs, root, startServer } from '../lib/server.mjs'
import { percentile } from '../lib/statistics.mjs'

export const describe =
  'asking while many files are ingested: p95 before and meanwhile, memory of all processes as it goes (--n files, default 10000)'

const ASK = 'query($question: String!) { ask(question: $question, topK: 8) { abstained } }'
const IDLE_QUESTIONS = 100
const FILES_PER_UPLOAD = 100
/** About one chunk. */
const FILE_CHARACTERS = 700
/** A person asks, reads, asks again. */
const PAUSE_MS = 200

export async function run({ n = 10_000, log }) {
  const samplesDir = join(root, 'samples')
  const questions = JSON.parse(await readFile(join(samplesDir, 'questions.json'), 'utf8')).map(
    ({ question }) => question,
  )
  const server = await startServer({ samplesDir })
  let asked = 0
  const ask = async () => {
    const started = performance.now()
    await server.gql(ASK, { question: questions[asked++ % questions.length] })
    return performance.now() - started
  }
  const mib = () => proportionalBytes(server.pid) / 2 ** 20
  const residentMib = () => residentBytes(server.pid).reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20
  try {
    await quietJobs(server.gql)
    for (let at = 0; at < 10; at++) await ask()
    const idle = []
    for (let at = 0; at < IDLE_QUESTIONS; at++) {
      idle.push(await ask())
      await delay(PAUSE_MS)
    }
    const before = mib()
    const chunksBefore = (await server.gql('{ health { chunks } }')).health.chunks
    log(`idle: p95 ${percentile(idle, 95).toFixed(0)} ms, ${before.toFixed(0)} MiB`)

    const started = performance.now()
    let uploaded = 0
    const uploading = (async () => {
      for await (const form of uploads(samplesDir, n)) {
        const response = await fetch(`${server.url}/documents`, { method: 'POST', body: form })
        if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
        uploaded += form.getAll('file').length
      }
    })()
    const meanwhile = []
    const memory = []
    for (let done = 0; done < n; ) {
      for (let at = 0; at < 10; at++) {
        meanwhile.push(await ask())
        await delay(PAUSE_MS)
      }
      memory.push({ done, mib: mib(), residentMib: residentMib() })
      const { health } = await server.gql('{ health { queuedJobs runningJobs } }')
      done = uploaded - health.queuedJobs - health.runningJobs
      log(`${done} of ${n} files, p95 ${percentile(meanwhile, 95).toFixed(0)} ms, ${memory.at(-1).mib.toFixed(0)} MiB`)
      await Promise.race([uploading, delay(0)])
    }
    await uploading
    const { chunks } = await quietJobs(server.gql)
    const seconds = (performance.now() - started) / 1000
    const at = (share) => memory.find(({ done }) => done >= share * n) ?? memory.at(-1)
    const most = (count) => Math.max(...memory.map((row) => row[count])).toFixed(0)
    const ratio = percentile(meanwhile, 95) / percentile(idle, 95)
    return [
      [`${n} files`, `${seconds.toFixed(0)} s, ${chunks - chunksBefore}`, 'chunks'],
      ['ask, idle: p50 / p95', [50, 95].map((p) => percentile(idle, p).toFixed(0)).join(' / '), 'ms'],
      ['ask, meanwhile: p50 / p95', [50, 95].map((p) => percentile(meanwhile, p).toFixed(0)).join(' / '), 'ms'],
      ['ask p95, meanwhile against idle', ratio.toFixed(2), 'times'],
      ['questions asked meanwhile', meanwhile.length, ''],
      ['memory before', before.toFixed(0), 'MiB'],
      ...[0.1, 0.25, 0.5, 0.75, 1].map((share) => [`memory at ${100 * share} %`, at(share).mib.toFixed(0), 'MiB']),
      ['memory at most', most('mib'), 'MiB'],
      ['the same, shared pages counted in each process', most('residentMib'), 'MiB'],
    ]
  } finally {
    await server.stop()
  }
}

/** Parts of the samples, each with a number of its own, so that no two are duplicates and nothing is embedded already. */
async function* uploads(folder, count) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.md')).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const parts = texts.flatMap((text) => text.match(new RegExp(`[^]{1,${FILE_CHARACTERS}}(?=\\s|$)`, 'g')) ?? [])
  for (let from = 0; from < count; from += FILES_PER_UPLOAD) {
    const form = new FormData()
    for (let at = from; at < Math.min(count, from + FILES_PER_UPLOAD); at++) {
      const content = `Note ${at}\n\n${parts[at % parts.length].trim()}\n\nNumber ${at}.\n`
      form.append('file', new Blob([content], { type: 'text/plain' }), `note-${at}.txt`)
    }
    yield form
  }
}
