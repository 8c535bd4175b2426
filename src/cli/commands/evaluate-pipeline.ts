import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import writeFileAtomic from 'write-file-atomic'
import type { App } from '../../app.js'
import { DocentError } from '../../errors.js'
import { predictionsFile } from '../../evaluate/evaluate-reader.js'
import { contextKey, type SquadExample } from '../../text/squad.js'
import { finish, numberOption, type Session } from '../command.js'
import { partsOf, readExamples, spread, withInterval } from '../examples.js'

interface Options {
  readonly json?: boolean
  readonly data: string
  readonly model?: string
  readonly topK?: string
  readonly perDocument?: string
  readonly rerank?: boolean
  readonly questions?: string
  readonly predictions?: string
}

/** More than enough passages to name twenty documents, and what a search gives at most. */
const SEARCHED = 50

/** In a scratch folder of its own: what is served here is neither asked nor changed. */
export function addEvaluatePipeline(evaluate: Command, environment: NodeJS.ProcessEnv): void {
  const command = evaluate
    .command('pipeline')
    .description(
      'The whole way of a question: every context of the file is ingested as a document, every question is asked of all of ' +
        'them. Recall counts documents, exact match and F1 the answers.',
    )
    .requiredOption('--data <file>', 'SQuAD 1.1 or 2.0 JSON')
    .option('--model <version>', 'the version that answers; the newest bundled one unless told')
    .option('--top-k <n>', 'passages that are read for a question (8 unless told)')
    .option('--per-document <n>', 'passages of one document at most, as `docent ask` takes it')
    .option('--rerank', 'measure the recall of reranked searches')
    .option('--questions <n>', 'ask only so many, evenly spread over the file; every context is ingested all the same')
    .option('--predictions <file>', 'write {questionId: text}, empty for no answer')
  finish<Options>(
    command,
    environment,
    [
      'docent evaluate pipeline --data squad-dev-v1.1.json --questions 2000',
      'docent evaluate pipeline --data dev.json --json',
    ],
    async (session, { data, model, topK, perDocument, rerank = false, questions, predictions }) => {
      const all = await readExamples(data)
      const examples = spread(all, wholeNumber('--questions', questions) ?? all.length)
      const limit = { perDocument: wholeNumber('--per-document', perDocument) }
      const settings = { topK: wholeNumber('--top-k', topK), ...limit }
      const result = await inScratchApp(session, async (app) => {
        const { answering, models, health } = app.services
        if (model !== undefined) await models.promote(model, { kind: 'MANUAL', reason: 'to be measured' })
        const documentIds = await ingest(app, all, session.note)
        const { evaluatePipeline } = await import('../../evaluate/evaluate-pipeline.js')
        const evaluation = await evaluatePipeline({
          pipeline: {
            search: (question) => answering.search(question, { first: SEARCHED, rerank, ...limit }),
            consider: (question) => answering.consider({ question, ...settings }),
          },
          examples,
          documentIds,
          onProgress: partsOf(session.note, 'questions'),
        })
        return { model: (await health()).readerVersion, documents: documentIds.size, ...evaluation }
      })
      const { questions: asked, ...scores } = result
      if (predictions !== undefined) {
        await writeFileAtomic(predictions, `${JSON.stringify(predictionsFile(asked))}\n`)
      }
      session.print(scores, () =>
        [
          `${scores.model} on ${data} (SQuAD ${scores.squadVersion}, ${scores.n} questions of ${scores.documents} documents)`,
          `  recall       ${recalls(scores)}`,
          `  exact match  ${withInterval(scores.exactMatch, scores.exactMatchInterval)}`,
          `  F1           ${withInterval(scores.f1, scores.f1Interval)}`,
          `  abstained    ${scores.abstained.toFixed(1)} %`,
          `  answered in  ${scores.p50Ms.toFixed(0)} ms (95 %: at most ${scores.p95Ms.toFixed(0)})`,
        ].join('\n'),
      )
    },
  )
}

function recalls(scores: { recallAt1: number; recallAt5: number; recallAt10: number; recallAt20: number }): string {
  const { recallAt1, recallAt5, recallAt10, recallAt20 } = scores
  const shown = [recallAt1, recallAt5, recallAt10, recallAt20].map((value) => value.toFixed(1)).join(' / ')
  return `${shown} among the first 1 / 5 / 10 / 20 documents`
}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  const number = numberOption(name, value)
  if (number === undefined || (Number.isInteger(number) && number > 0)) return number
  throw new DocentError('INVALID_INPUT', `${name} must be a whole number above 0, not ${value}`)
}

async function inScratchApp<T>({ config, log }: Session, work: (app: App) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'docent-evaluate-'))
  try {
    const { App } = await import('../../app.js')
    const scratch = { ...config, dataDir: join(folder, 'data'), indexDir: join(folder, 'indexes'), samplesDir: null }
    await using app = await App.open(scratch, log)
    return await work(app)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @returns ids of the documents by the key of their context. @throws what the first job that failed says */
async function ingest(app: App, examples: readonly SquadExample[], note: (text: string) => void) {
  const { documents, store, health } = app.services
  const titles = new Map(examples.map(({ context, title }) => [context, title.replaceAll('_', ' ')]))
  const documentIds = new Map<string, string>()
  const jobIds: string[] = []
  for (const [context, title] of titles) {
    const { id, payload } = await documents.add({ title: title || 'untitled', content: context })
    documentIds.set(contextKey(context), payload.documentId as string)
    jobIds.push(id)
  }
  const told = partsOf(note, 'documents ingested')
  await app.startJobs()
  for (;;) {
    const { queuedJobs, runningJobs } = await health()
    const left = queuedJobs + runningJobs
    told(Math.max(0, jobIds.length - left), jobIds.length)
    if (left === 0) break
    await delay(250)
  }
  for (const id of jobIds) {
    const job = await store.reader.jobs.get(id)
    if (job?.error) throw new DocentError('PARSE_FAILED', `a context could not be ingested: ${job.error.message}`)
  }
  return documentIds
}
