import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { DocentError } from '../../errors.js'
import { readSquadFile } from '../../feedback/dataset.js'
import { type Repair, toSquad } from '../../text/squad.js'
import { type Preset, presetFor } from '../../train/presets.js'
import { finish, numberOption, type Session } from '../command.js'
import { requireSuccess, waitForJob } from '../jobs.js'
import { RUN_FIELDS, type RunView, runLines } from '../runs.js'

interface Options {
  readonly json?: boolean
  readonly data?: string
  readonly repair?: boolean
  readonly method?: string
  readonly force?: boolean
  readonly from?: string
  readonly resume?: string
  readonly epochs?: string
  readonly lr?: string
  readonly batch?: string
  readonly maxSteps?: string
  readonly maxMinutes?: string
  readonly seed?: string
  readonly set: readonly string[]
  readonly promote: boolean
}

interface Started {
  readonly startTraining: {
    readonly id: string
    readonly run: { readonly id: string; readonly settings: { readonly preset: Preset['name'] } } | null
  }
}

export function addTrain(program: Command, environment: NodeJS.ProcessEnv): void {
  const command = program
    .command('train')
    .description('Train a new reader on the accepted corrections, measure it, and promote it if it is better.')
    .option('--data <file>', 'SQuAD 1.1 or 2.0 file to learn from instead of the corrections')
    .option('--repair', 'move answers whose words do not stand at their offset to where they do, and say which')
    .option('--method <method>', '`full` (the default) or `lora`')
    .option('--from <version>', 'the reader version to start from; the one that answers unless told')
    .option('--resume <run>', 'go on from the checkpoint of a run that failed or was cancelled')
    .option('--epochs <n>')
    .option('--lr <rate>', 'peak learning rate')
    .option('--batch <n>', 'windows of one update')
    .option('--max-steps <n>')
    .option('--max-minutes <n>', 'minutes of computing at most')
    .option('--seed <n>')
    .option('--set <name=value>', 'any other setting of docs/training-settings.md; may be repeated', collect, [])
    .option('--force', 'run with settings that would be refused because they do harm')
    .option('--no-promote', 'leave the promotion to `docent models promote`')
  finish<Options>(
    command,
    environment,
    [
      'docent train',
      'docent train --data squad.json --epochs 1 --no-promote',
      'docent train --method lora --lr 1e-3',
      'docent train --set validationShare=0.1 --set patience=3',
      'docent train --from roberta-base --data squad.json',
      'docent train --resume 0192…',
    ],
    async (session, options) => {
      const input = {
        dataFile: options.data === undefined ? undefined : await dataFile(resolve(options.data), options, session),
        parentVersion: options.from,
        resumeRun: options.resume,
        method: options.method,
        force: options.force,
        epochs: numberOption('--epochs', options.epochs),
        learningRate: numberOption('--lr', options.lr),
        batchSize: numberOption('--batch', options.batch),
        maxSteps: numberOption('--max-steps', options.maxSteps),
        maxMinutes: numberOption('--max-minutes', options.maxMinutes),
        seed: numberOption('--seed', options.seed),
        ...settingsOf(options.set),
        autoPromote: options.promote,
      }
      await using client = await session.connect({ runJobs: true })
      const { startTraining } = await client.graphql<Started>(
        'mutation($input: TrainingInput) { startTraining(input: $input) { id run { id settings } } }',
        { input },
      )
      const runId = startTraining.run?.id
      if (runId === undefined) throw new DocentError('INTERNAL', `job ${startTraining.id} has no run`)
      session.note(`run ${runId}, job ${startTraining.id}`)
      const { preset } = startTraining.run?.settings ?? {}
      if (preset && preset !== 'auto') session.note(`preset ${preset}: ${presetFor(preset, 1).reason}`)
      requireSuccess(await waitForJob(client, startTraining.id, session, 'train'))
      const { run } = await client.graphql<{ run: RunView }>(`query($id: ID!) { run(id: $id) { ${RUN_FIELDS} } }`, {
        id: runId,
      })
      session.print(run, () => runLines(run))
    },
  )
}

/** With `--repair` a mended copy beside the file, if anything was mended: what is trained on is there to be looked at. */
async function dataFile(file: string, { repair }: Options, session: Session): Promise<string> {
  if (!repair) return file
  const repairs: Repair[] = []
  const examples = await readSquadFile(file, { onRepair: (done) => repairs.push(done) })
  if (repairs.length === 0) return file
  const mended = file.replace(/(\.json)?$/, '.repaired.json')
  await writeFile(mended, `${JSON.stringify(toSquad(examples), null, 1)}\n`)
  for (const { id, text, from, to } of repairs)
    session.note(`${id}: ${JSON.stringify(text)} moved from ${from} to ${to}`)
  session.note(`${repairs.length} answers moved; the mended copy is ${mended}`)
  return mended
}

const collect = (value: string, earlier: readonly string[]): readonly string[] => [...earlier, value]

/** Names are those of the API's TrainingInput, which knows their ranges. @throws INVALID_INPUT, UNSAFE_SETTINGS */
function settingsOf(assignments: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [, name, value] = /^(\w+)=(.+)$/.exec(assignment) ?? []
      if (name === undefined || value === undefined) {
        throw new DocentError('INVALID_INPUT', `--set takes NAME=VALUE, not ${JSON.stringify(assignment)}`)
      }
      return [name, Number.isNaN(Number(value)) ? value : Number(value)]
    }),
  )
}
