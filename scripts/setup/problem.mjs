/** What a person is told when something is missing: one sentence that names the remedy, and the log behind it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export class SetupProblem extends Error {
  constructor(sentence, logFile) {
    super(sentence)
    this.name = 'SetupProblem'
    this.logFile = logFile
  }
}

const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|Max retries exceeded|Network is unreachable|Connection (?:refused|reset|timed out)/
const NO_DISK = /ENOSPC|No space left on device|Disk quota exceeded/

/**
 * The problem behind a failed command, read from its log.
 * @param what what was being done, as the beginning of a sentence
 */
export function explainFailure(context, what, failure) {
  const log = readFileSync(join(context.root, failure.logFile), 'utf8')
  if (NO_DISK.test(log))
    return new SetupProblem(`${what} ran out of disk space: free some and run it again.`, failure.logFile)
  if (NO_NETWORK.test(log)) {
    const remedy = 'check the network connection (or proxy and registry settings) and run it again.'
    return new SetupProblem(`${what} could not reach the network: ${remedy}`, failure.logFile)
  }
  return new SetupProblem(`${what} failed (${failure.reason}): ${tellingLine(log)}`, failure.logFile)
}

/** A compiler's first error explains the others; npm and pip say what matters last. */
function tellingLine(log) {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/A complete log of this run/.test(line))
  const first = lines.find((line) => /error: /i.test(line))
  return (first ?? lines.findLast((line) => /error\b/i.test(line)) ?? lines.at(-1) ?? 'no output').trim()
}
