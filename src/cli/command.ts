/**
 * What every command shares: `--json`, results on stdout, progress and notes on stderr, exit status 0 for success, 1 for a
 * failure (with its code and hint on stderr), 2 for wrong usage.
 */
import type { Command } from 'commander'
import { type Config, readConfig } from '../config.js'
import { asDocentError, DocentError } from '../errors.js'
import { createLogger, type Logger } from '../log.js'
import type { Client } from './client.js'

export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2

const EXIT_CODES = `
Exit status:
  0  done
  1  failed; the error's code, message and hint are on stderr
  2  wrong usage`

/** What a command's action works with. */
export interface Session {
  readonly config: Config
  readonly log: Logger
  readonly json: boolean
  connect(options?: { runJobs?: boolean }): Promise<Client>
  /** The result: `value` under --json, else the lines of `human`. */
  print(value: unknown, human: () => string): void
  /** Something on the way, on stderr. */
  note(text: string): void
}

type Environment = Readonly<Record<string, string | undefined>>

/** Adds what every command has, and turns an action that may throw into one that sets the exit status. */
export function finish<Options extends { json?: boolean }>(
  command: Command,
  environment: Environment,
  examples: readonly string[],
  action: (session: Session, options: Options, args: string[]) => Promise<void>,
  { quiet = true } = {},
): Command {
  return command
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}\n${EXIT_CODES}`)
    .action(async (...given: unknown[]) => {
      const options = command.opts<Options>()
      try {
        const session = openSession(environment, Boolean(options.json), quiet)
        await action(session, options, given.slice(0, -2).flat() as string[])
      } catch (thrown) {
        reportFailure(thrown, Boolean(options.json))
      }
    })
}

function openSession(environment: Environment, json: boolean, quiet: boolean): Session {
  // A command that prints its result logs only what is wrong, unless the environment asks for more.
  const config = readConfig(quiet ? { DOCENT_LOG_LEVEL: 'warn', ...environment } : environment)
  const log = createLogger(config.logLevel)
  return {
    config,
    log,
    json,
    // Loaded only now: help and wrong usage need none of the product.
    connect: async (options = {}) => (await import('./connect.js')).connect({ config, log, ...options }),
    print: (value, human) => void process.stdout.write(`${json ? JSON.stringify(value, null, 2) : human()}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
  }
}

export function reportFailure(thrown: unknown, json: boolean): void {
  const error = asDocentError(thrown)
  const { code, message, hint } = error
  process.stderr.write(json ? `${JSON.stringify({ error: error.toJSON() })}\n` : `${code}: ${message}\n${hint}\n`)
  if (code === 'INTERNAL' && error.cause instanceof Error && !json) process.stderr.write(`${error.cause.stack}\n`)
  process.exitCode = EXIT_FAILURE
}

/** A number of the command line. @throws INVALID_INPUT naming the option. */
export function numberOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (value.trim() === '' || Number.isNaN(number)) {
    throw new DocentError('INVALID_INPUT', `${name} must be a number, not ${JSON.stringify(value)}`)
  }
  return number
}

/** A JSON object of the command line. @throws INVALID_INPUT naming the option. */
export function objectOption(name: string, value: string | undefined): object | undefined {
  if (value === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch {
    // Said below, in the words of the option.
  }
  throw new DocentError('INVALID_INPUT', `${name} must be a JSON object, not ${JSON.stringify(value)}`)
}

/** One word of a set, in any case. @throws INVALID_INPUT naming the option and the set. */
export function choiceOption<T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined
  const chosen = choices.find((choice) => choice === value.toUpperCase())
  if (chosen) return chosen
  throw new DocentError('INVALID_INPUT', `${name} must be ${choices.join(', ')}, not ${JSON.stringify(value)}`)
}
