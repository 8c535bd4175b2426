/** npm and its node-gyp, run by the Node that runs set-up whatever `npm` on the PATH would pick. */
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { SetupProblem } from './problem.mjs'

/** Says nothing that a person need not act on, and gives up on an unreachable registry within about a minute. */
export const NPM_QUIET = [
  '--loglevel=error',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--no-update-notifier',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
]

/** npm-cli.js of the npm that started us, else of the one on the PATH, else of the one that came with this Node. */
export function findNpm() {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'))
  const bundled = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  for (const path of [process.env.npm_execpath, ...onPath, bundled]) {
    if (!path || !existsSync(path)) continue
    const program = realpathSync(path)
    if (program.endsWith('npm-cli.js')) return program
  }
  throw new SetupProblem('npm was not found beside Node: install Node with npm, or put npm on the PATH.')
}

/** node-gyp.js as npm carries it. */
export function findNodeGyp() {
  return createRequire(findNpm()).resolve('node-gyp/bin/node-gyp.js')
}

/** The environment in which node-gyp, started by whatever, compiles against the headers that were found. */
export function gypEnvironment(context) {
  return {
    npm_config_node_gyp: findNodeGyp(),
    ...(context.nodeDir && { npm_config_nodedir: context.nodeDir }),
    npm_config_python: context.python,
    PATH: [dirname(process.execPath), join(context.root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  }
}
