/** Step 6: src/ to dist/. Child processes always run what is compiled. */
import { chmodSync, existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { SetupProblem } from './problem.mjs'
import { hashTree, listFiles, readStamp, writeStamp } from './stamps.mjs'

const COMMAND = 'dist/cli/main.js'

export const buildStep = {
  isDone: (context) => {
    if (readStamp(context, 'build')?.sources !== hashSources(context)) return false
    return compiledFiles(context).every((file) => existsSync(join(context.root, file))) && isExecutable(context)
  },
  run: async (context) => {
    const sources = hashSources(context)
    // tsc believes its record, not the folder: with an output gone it has to begin anew.
    if (!compiledFiles(context).every((file) => existsSync(join(context.root, file)))) {
      rmSync(join(context.root, 'dist'), { recursive: true, force: true })
    }
    try {
      await runCommand(context, 'build', process.execPath, ['node_modules/typescript/bin/tsc', '--build'])
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      throw new SetupProblem(
        'The sources in src/ do not compile: run `npx tsc --build` and mend what it names.',
        error.logFile,
      )
    }
    // `npx docent` runs the file itself; npm makes only installed packages' commands executable.
    chmodSync(join(context.root, COMMAND), 0o755)
    writeStamp(context, 'build', { sources })
  },
}

function isExecutable(context) {
  return (statSync(join(context.root, COMMAND)).mode & 0o111) !== 0
}

function hashSources(context) {
  return hashTree(context.root, ['src', 'tsconfig.json', 'package.json'])
}

function compiledFiles(context) {
  // Declarations compile to nothing.
  const sources = listFiles(context.root, 'src').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  return sources.map((file) => file.replace(/^src/, 'dist').replace(/\.ts$/, '.js'))
}
