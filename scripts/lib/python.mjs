/** Runs the Python programs beside the benchmarks, which do the same work with the field's own tools, in an environment of their own. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './server.mjs'

const REQUIREMENTS = join(root, 'scripts/bench/peer/requirements.txt')
const ENVIRONMENT = join(root, '.setup/bench-python')
const STAMP = join(ENVIRONMENT, 'requirements.txt')

/** Makes the environment where it is missing or its requirements changed: some minutes, and about 3 GB. @returns its Python */
async function preparePython(log) {
  const python = join(ENVIRONMENT, 'bin/python')
  const wanted = readFileSync(REQUIREMENTS, 'utf8')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return python
  log('making the Python environment of the benchmarks (PyTorch, transformers, ONNX Runtime) …')
  rmSync(ENVIRONMENT, { recursive: true, force: true })
  await run('python3', ['-m', 'venv', ENVIRONMENT])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS])
  writeFileSync(STAMP, wanted)
  return python
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with status ${code}`))))
  })
}

/**
 * Starts `scripts/bench/peer/PROGRAM` with arguments. `ask(request)` sends a line of JSON and resolves with the next line
 * that comes back: so the two sides can take turns, and a busy moment hits both.
 * @param given an interpreter that has the requirements already; unless given, an environment is made for them.
 */
export async function startPeer(program, args, log, given) {
  const python = given ?? (await preparePython(log))
  const child = spawn(python, [join(root, 'scripts/bench/peer', program), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '1' },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-4000)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`${program} ended:\n${stderr}`)
    return JSON.parse(value)
  }
  const stop = () => {
    child.stdin.end()
    return new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()))
  }
  return { pid: child.pid, ask, stop }
}
