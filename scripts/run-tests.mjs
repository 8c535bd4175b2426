/**
 * node scripts/run-tests.mjs [vitest arguments]
 *
 * The linter (with the room rule), the type check of the tests, and the tests. The last line is `N passed, N failed`:
 * linter and type check count as one test each, a skipped test as a failed one, and so does a test file that does not load.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countResults } from './lib/count-tests.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const results = '.setup/test-results.json'

const counts = [
  countProgram('lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
  countProgram('types', 'node_modules/typescript/bin/tsc', ['--project', 'test/tsconfig.json']),
  countTests(process.argv.slice(2)),
]
const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1

function countProgram(name, program, args) {
  console.log(`\n> ${name}`)
  return runNode(program, args) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

function countTests(args) {
  console.log('\n> tests')
  rmSync(`${root}${results}`, { force: true })
  mkdirSync(dirname(`${root}${results}`), { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const status = runNode('node_modules/vitest/vitest.mjs', ['run', ...reporters, ...args])
  return countResults(readResults(), status)
}

function readResults() {
  try {
    return JSON.parse(readFileSync(`${root}${results}`, 'utf8'))
  } catch {
    return undefined
  }
}

function runNode(program, args) {
  return spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status
}
