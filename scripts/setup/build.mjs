/** Step 6: src/ to dist/. Child processes always run what is compiled. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure, runCommand } from './command.mjs'
import { SetupProblem } from './problem.mjs'
import { hashTree, listFiles, readStamp, writeStamp } from './stamps.mjs'

export const buildStep = {
  isDone: (context) => {
    if (readStamp(context, 'build')?.sources !== hashSources(context)) return false
    return compiledFiles(context).every((file) => existsSync(join(context.root, file)))
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
    writeStamp(context, 'build', { sources })
  },
}

function hashSources(context) {
  return hashTree(context.root, ['src', 'tsconfig.json', 'package.json'])
}

function compiledFiles(context) {
  const sources = listFiles(context.root, 'src').filter((file) => file.endsWith('.ts'))
  return sources.map((file) => file.replace(/^src/, 'dist').replace(/\.ts$/, '.js'))
}
