/** Structured logs on stderr (stdout belongs to results). Enters: configuration. Leaves: a pino logger. */
import { type Logger, pino, stdTimeFunctions } from 'pino'

export type { Logger }

export function createLogger(level: string): Logger {
  return pino(
    {
      name: 'docent',
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
