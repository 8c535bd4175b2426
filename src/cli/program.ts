/** The command line as a tree, with nothing run yet. */
import { Command } from 'commander'
import { packageVersion } from '../package-version.js'
import { addAsk } from './commands/ask.js'
import { addDoctor } from './commands/doctor.js'
import { addDocuments } from './commands/documents.js'
import { addEvaluate } from './commands/evaluate.js'
import { addFeedback } from './commands/feedback.js'
import { addIndex } from './commands/index-commands.js'
import { addIngest } from './commands/ingest.js'
import { addJobs } from './commands/jobs.js'
import { addModels } from './commands/models.js'
import { addRuns } from './commands/runs.js'
import { addSearch } from './commands/search.js'
import { addServe } from './commands/serve.js'
import { addTrain } from './commands/train.js'

/** Wrong usage and help end in a CommanderError instead of the process. */
export function createProgram(environment: NodeJS.ProcessEnv): Command {
  const program = new Command('docent')
    .description(
      'Answers questions from your own documents by quoting them, and gets better every time you correct it.',
    )
    .version(packageVersion)
    .exitOverride()
    .showHelpAfterError()
  const commands = [
    ...[addServe, addIngest, addAsk, addSearch, addDocuments, addFeedback, addTrain],
    ...[addJobs, addRuns, addModels, addIndex, addEvaluate, addDoctor],
  ]
  for (const add of commands) add(program, environment)
  return program
}
