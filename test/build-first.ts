/**
 * Child processes run compiled code, so the sources are compiled before the first test. Type errors are printed and do not
 * stop the tests (tsc compiles in spite of them): they have a check of their own in `npm test`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export default function buildFirst(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--build'], { cwd: root, stdio: 'inherit' })
}
