/** Runs the commands of set-up: output into a log, ended with set-up itself, and ended when they make no progress. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const supervisor = fileURLToPath(new URL('supervise.mjs', import.meta.url))

/** A command that did not succeed: `reason` says how it ended. */
export class CommandFailure extends Error {
  constructor(command, reason, logFile) {
    super(`${command}: ${reason}`)
    this.reason = reason
    this.logFile = logFile
  }
}

/**
 * @param log name of the log in .setup/logs; the first command of this set-up begins it anew
 * @param options.progress a number that changes while the command is getting on; it is ended after `patienceMs` without
 * @throws CommandFailure
 */
export function runCommand(context, log, command, args, options = {}) {
  const path = join(context.logsDir, `${log}.log`)
  const logFile = relative(context.root, path)
  const output = openSync(path, context.begunLogs.has(log) ? 'a' : 'w')
  context.begunLogs.add(log)
  writeSync(output, `$ ${[command, ...args].join(' ')}\n`)
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [supervisor, command, ...args], {
      cwd: options.cwd ?? context.root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', output, output, 'ipc'],
      detached: true,
    })
    closeSync(output)
    let reason
    const watch =
      options.progress &&
      watchProgress(options, (text) => {
        reason = text
        child.disconnect()
      })
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      if (code === 0) resolve()
      else reject(new CommandFailure(command, reason ?? signal ?? `exit status ${code}`, logFile))
    })
  })
}

function watchProgress({ progress, patienceMs }, giveUp) {
  let last = progress()
  let since = Date.now()
  return setInterval(() => {
    const now = progress()
    if (now !== last) since = Date.now()
    else if (Date.now() - since > patienceMs) giveUp(`no progress for ${patienceMs / 1000} s`)
    last = now
  }, 500)
}
