/** Step 2: node_modules as package-lock.json has it, without install scripts: what they would do, set-up does by name. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { findNpm, NPM_QUIET } from './npm.mjs'
import { explainFailure, SetupProblem } from './problem.mjs'

/** npm's own record of what it installed, written when it has finished: what stands in it is our stamp. */
const RECORD = 'node_modules/.package-lock.json'

export const packagesStep = {
  isDone: (context) => {
    const installed = readJson(join(context.root, RECORD))?.packages
    const { packages: locked } = readJson(join(context.root, 'package-lock.json')) ?? {}
    if (!installed || !locked || !lockMatchesManifest(context, locked)) return false
    return Object.entries(locked).every(([folder, wanted]) => {
      if (folder === '') return true
      if (!installed[folder]) return wanted.optional === true || wanted.peer === true
      return installed[folder].integrity === wanted.integrity && existsSync(join(context.root, folder))
    })
  },
  run: async (context) => {
    // A set-up that is killed from here on leaves no record, and the next one begins anew.
    rmSync(join(context.root, RECORD), { force: true })
    try {
      // `--include=dev`: the compiler is a development package, which NODE_ENV=production would leave out.
      const args = [findNpm(), 'ci', '--ignore-scripts', '--include=dev', '--include=optional', ...NPM_QUIET]
      await runCommand(context, 'packages', process.execPath, args)
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      throw explainPackages(context, error)
    }
  },
}

function explainPackages(context, failure) {
  const log = readFileSync(join(context.root, failure.logFile), 'utf8')
  if (!/EUSAGE/.test(log)) return explainFailure(context, 'Installing packages', failure)
  return new SetupProblem(
    'package-lock.json does not belong to package.json: run `npm install` once and commit both.',
    failure.logFile,
  )
}

function lockMatchesManifest(context, locked) {
  const manifest = readJson(join(context.root, 'package.json'))
  const asText = (section) => JSON.stringify(Object.entries(section ?? {}).sort())
  return ['dependencies', 'devDependencies'].every((name) => asText(manifest[name]) === asText(locked[''][name]))
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
