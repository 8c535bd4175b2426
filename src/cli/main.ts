#!/usr/bin/env node
/**
 * cli/: enters a command line, leaves text, JSON and an exit status. One file per command; all but `serve`, `evaluate` and
 * `doctor` speak GraphQL to the running server, or to one that connect.ts opens for them.
 */
import { Command, CommanderError } from 'commander'
import { packageVersion } from '../package-version.js'
import { EXIT_USAGE } from './command.js'
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

const program = new Command('docent')
  .description('Answers questions from your own documents by quoting them, and gets better every time you correct it.')
  .version(packageVersion)
  .exitOverride()
  .showHelpAfterError()

const commands = [
  ...[addServe, addIngest, addAsk, addSearch, addDocuments, addFeedback, addTrain],
  ...[addJobs, addRuns, addModels, addIndex, addEvaluate, addDoctor],
]
for (const add of commands) add(program, process.env)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help that was asked for is no failure.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
}
