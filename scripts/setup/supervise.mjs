/**
 * Runs one command of set-up in a process group of its own, and ends that whole group when set-up goes away, however it
 * went: a compiler or `npm ci` that outlived it would get in the way of the next set-up.
 */
import { spawn } from 'node:child_process'

const [command, ...args] = process.argv.slice(2)
process.once('disconnect', () => process.kill(0, 'SIGKILL'))
const child = spawn(command, args, { stdio: 'inherit' })
child.once('error', (error) => {
  console.error(error.message)
  process.exit(127)
})
child.once('exit', (code) => process.exit(code ?? 1))
