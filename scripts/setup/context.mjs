/** What every step is handed: where things lie, and what set-up is run for. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export function makeContext(purpose) {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const setupDir = join(root, '.setup')
  const context = {
    root,
    purpose,
    /** All that set-up keeps for itself: stamps, logs, libtensorflow, compiled addons. May be deleted at any time. */
    setupDir,
    stampsDir: join(setupDir, 'stamps'),
    logsDir: join(setupDir, 'logs'),
    tmpDir: join(setupDir, 'tmp'),
    begunLogs: new Set(),
    /** Found by the machine step, which runs whenever a step that uses them does. */
    python: undefined,
  }
  for (const folder of [context.stampsDir, context.logsDir]) mkdirSync(folder, { recursive: true })
  return context
}
