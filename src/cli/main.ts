#!/usr/bin/env node
/**
 * cli/: enters a command line, leaves text, JSON and an exit status. One file per command; all but `serve`, `evaluate` and
 * `doctor` speak GraphQL to the running server, or to one that connect.ts opens for them.
 */
import { CommanderError } from 'commander'
import { EXIT_USAGE } from './command.js'
import { createProgram } from './program.js'

try {
  await createProgram(process.env).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help that was asked for is no failure.
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
}
