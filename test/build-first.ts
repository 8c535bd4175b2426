import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export default function buildFirst(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '--build'], { cwd: root, stdio: 'inherit' })
}
