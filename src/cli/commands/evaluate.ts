import { join } from 'node:path'
import type { Command } from 'commander'
import writeFileAtomic from 'write-file-atomic'
import { DocentError } from '../../errors.js'
import { evaluateReader, predictionsFile } from '../../evaluate/evaluate-reader.js'
import { requireUnseen } from '../../evaluate/trained-on.js'
import { SHIPPED_SETS } from '../../jobs/measure.js'
import { SessionPool } from '../../onnx/session-pool.js'
import { startForm } from '../../read/form.js'
import { DEFAULT_READER_SETTINGS } from '../../read/reader.js'
import { type ModelVersion, Registry } from '../../registry/registry.js'
import type { SquadExample } from '../../text/squad.js'
import { Tokenizer } from '../../text/tokenizer.js'
import { finish, type Session } from '../command.js'
import { partsOf, readExamples, withInterval } from '../examples.js'
import { addEvaluatePipeline } from './evaluate-pipeline.js'

interface Options {
  readonly json?: boolean
  readonly data: string
  readonly model?: string
  readonly predictions?: string
  readonly force?: boolean
}

/** Asks the version's own graph, as it would serve; needs no server, no store and no data directory. */
export function addEvaluate(program: Command, environment: NodeJS.ProcessEnv): void {
  const evaluate = program.command('evaluate').description('Measure a model on labelled questions.')
  const reader = evaluate
    .command('reader')
    .description('Exact match and F1 of a reader, as the official SQuAD scorers count them.')
    .requiredOption('--data <file>', 'SQuAD 1.1 or 2.0 JSON')
    .option('--model <version>', 'the newest bundled version unless told')
    .option('--predictions <file>', 'write {questionId: text}, empty for no answer')
    .option('--force', 'measure even on passages that the version was trained on')
  finish<Options>(
    reader,
    environment,
    ['docent evaluate reader --data squad-dev-v1.1.json', 'docent evaluate reader --data dev.json --model v1 --json'],
    async (session, { data, model, predictions, force }) => {
      const examples = await readExamples(data)
      const { config, log } = session
      const registry = new Registry({ modelsDir: config.modelsDir, log })
      const version = await chooseVersion(registry, model)
      if (!force) {
        const datasetsDir = join(config.dataDir, 'datasets')
        await requireUnseen(version, examples, { registry, datasetsDir, replayPath: SHIPPED_SETS.replay })
      }
      const result = await measure(session, version, examples)
      const { questions, noAnswerScores: _, ...scores } = result
      if (predictions !== undefined) {
        await writeFileAtomic(predictions, `${JSON.stringify(predictionsFile(questions))}\n`)
      }
      session.print({ model: version.id, ...scores }, () =>
        [
          `${version.id} (${scores.form}) on ${data} (SQuAD ${scores.squadVersion}, ${scores.n} questions)`,
          `  exact match  ${withInterval(scores.exactMatch, scores.exactMatchInterval)}`,
          `  F1           ${withInterval(scores.f1, scores.f1Interval)}`,
          `  confidence   off by ${(100 * scores.confidence.expectedCalibrationError).toFixed(2)} points on average (ECE)`,
        ].join('\n'),
      )
    },
  )
  addEvaluatePipeline(evaluate, environment)
}

async function chooseVersion(registry: Registry, id: string | undefined): Promise<ModelVersion> {
  if (id !== undefined) return registry.get(id)
  const versions = await registry.list()
  const version = versions.find(({ manifest }) => manifest.origin === 'BUNDLED') ?? versions[0]
  if (!version)
    throw new DocentError('MODEL_NOT_FOUND', `${registry.readersDir} holds no version: run \`npm run setup\``)
  return version
}

async function measure({ config, log, note }: Session, version: ModelVersion, examples: SquadExample[]) {
  const { folder, manifest } = version
  const { readerProcesses: processes, readerForm: preference } = config
  const start = (modelPath: string) => SessionPool.start({ modelPath, processes })
  const { name, form, host: started } = await startForm(version, { preference, start, log })
  await using host = started
  const result = await evaluateReader({
    host,
    tokenizer: await Tokenizer.open(folder),
    settings: { ...DEFAULT_READER_SETTINGS, ...manifest.window },
    examples,
    calibration: form.calibration,
    onProgress: partsOf(note, 'questions'),
  })
  return { form: name, ...result }
}
